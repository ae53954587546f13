"""How tests ask a shop about products: the documents, a product in sizes, and what real shops said."""

from __future__ import annotations

import gzip
import re
from functools import cache
from typing import Any

import orjson

from deployments.sandbox.shopify.buckets import PLANS, Buckets
from deployments.sandbox.shopify.schema import DATA
from tests.sandbox.shopify.asking import Shop

SET = """mutation Set($identifier: ProductSetIdentifiers, $input: ProductSetInput!, $now: Boolean = true) {
  productSet(identifier: $identifier, input: $input, synchronous: $now) {
    product { id handle title status tags variants(first: 100) { nodes { id sku title price inventoryQuantity } } }
    productSetOperation { id status }
    userErrors { field message code }
  }
}"""
_DIGITS = re.compile(r"(?<=/)\d+|\b\d{10,}\b")


def big_shop() -> Shop:
    """A shop whose bucket no test empties."""
    shop = Shop()
    shop.stand_in.buckets = Buckets(PLANS["plus"])
    return shop


def sized(*sizes: str, **fields: Any) -> dict[str, Any]:
    """The input of a product with one option."""
    return {
        "title": "Field jacket",
        "productOptions": [{"name": "Size", "values": [{"name": size} for size in sizes]}],
        "variants": [variant(size) for size in sizes],
        **fields,
    }


def variant(size: str, **fields: Any) -> dict[str, Any]:
    """The input of one size."""
    chosen = [{"optionName": "Size", "name": size}]
    return {"optionValues": chosen, "sku": f"FJ-{size}", "price": "89.00", **fields}


def put(shop: Shop, given: dict[str, Any], **identifier: Any) -> dict[str, Any]:
    """The product after a productSet that must not be refused."""
    answer = shop.ask(SET, identifier=identifier or None, input=given)
    assert answer["userErrors"] == []
    product: dict[str, Any] = answer["product"]
    return product


def refused(shop: Shop, given: dict[str, Any], **identifier: Any) -> list[dict[str, Any]]:
    """The user errors of a productSet that must be refused, and changes nothing."""
    before = len(shop.changes)
    answer = shop.ask(SET, identifier=identifier or None, input=given)
    assert answer["product"] is None
    assert len(shop.changes) == before
    errors: list[dict[str, Any]] = answer["userErrors"]
    assert errors
    return errors


def skus(product: dict[str, Any]) -> list[str | None]:
    """The SKUs of a product, in order."""
    return [one["sku"] for one in product["variants"]["nodes"]]


@cache
def _heard() -> dict[tuple[str, str, str], set[str | None]]:
    rows = orjson.loads(gzip.decompress((DATA / "user-errors-observed.json.gz").read_bytes()))
    codes: dict[tuple[str, str, str], set[str | None]] = {}
    for row in rows:
        codes.setdefault((row["root"], _path(row["field"]), _words(row["message"])), set()).add(row["code"])
    return codes


def heard(root: str, error: dict[str, Any]) -> bool:
    """Whether a real shop was heard to refuse with this path, these words and, where it was asked for, this code."""
    codes = _heard().get((root, _path(error["field"]), _words(error["message"])), set())
    return bool(codes) and ("code" not in error or bool(codes & {"<not selected>", error["code"]}))


def _path(field: list[str] | None) -> str:
    return ".".join("#" if one.isdigit() else one for one in field or ())


def _words(message: str) -> str:
    return _DIGITS.sub("N", message)
