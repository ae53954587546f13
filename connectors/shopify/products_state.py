"""What a product is made of in the shop now, as far as a change must know it: variants, pictures, sales channels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from canonical.ports.budget import Lane
from connectors.shopify.client import ShopifyClient
from connectors.shopify.product_mapper import option_values
from connectors.shopify.reading import gid
from connectors.shopify.stock_reading import is_id, tail

STATES_A_CALL: Final = 50

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class VariantState:
    """A variant as it is: its SKU and option values tell which of ours it is."""

    id: str
    item_id: str
    sku: str | None
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ProductState:
    """A product as it is. `media`: media id -> name of its file; `publications`: ids of sales channels."""

    id: str
    handle: str | None = None
    options: tuple[str, ...] = ()
    variants: tuple[VariantState, ...] = ()
    media: Mapping[str, str] = field(default_factory=dict)
    publications: frozenset[str] = frozenset()


async def states_of(client: ShopifyClient, product_ids: Sequence[str]) -> dict[str, ProductState]:
    """The products that exist, by id, with all their variants."""
    found: dict[str, ProductState] = {}
    wanted = [product_id for product_id in dict.fromkeys(product_ids) if is_id(product_id)]
    for start in range(0, len(wanted), STATES_A_CALL):
        chunk = wanted[start : start + STATES_A_CALL]
        ids = [gid("Product", product_id) for product_id in chunk]
        answer = await client.call("product_states", {"ids": ids}, lane=Lane.CATALOGUE)
        for node in answer.data.get("nodes") or ():
            if node:
                rows = await all_variants(client, node, "product_variants")
                found[tail(node["id"])] = _state(node, rows)
    return found


async def all_variants(client: ShopifyClient, node: Node, operation: str) -> list[Node]:
    """The variants of a product node, with the pages that follow the first."""
    page = node["variants"]
    rows: list[Node] = list(page["nodes"])
    while page["pageInfo"]["hasNextPage"]:
        variables = {"id": node["id"], "after": page["pageInfo"]["endCursor"]}
        answer = await client.call(operation, variables, lane=Lane.CATALOGUE)
        page = (answer.data.get("product") or {}).get("variants")
        if not page:
            break  # the product was deleted between two pages
        rows += page["nodes"]
    return rows


def _state(node: Node, variants: Sequence[Node]) -> ProductState:
    media = {row["id"]: _file_name(row) for row in node["media"]["nodes"]}
    return ProductState(
        id=tail(node["id"]),
        handle=node["handle"],
        options=tuple(option["name"] for option in node["options"]),
        variants=tuple(
            VariantState(tail(row["id"]), tail(row["inventoryItem"]["id"]), row["sku"] or None, option_values(row))
            for row in variants
        ),
        media=media,
        publications=frozenset(row["publication"]["id"] for row in node["resourcePublicationsV2"]["nodes"]),
    )


def _file_name(row: Node) -> str:
    """lamp.png; empty while Shopify still works on the picture."""
    address = (row.get("image") or {}).get("url") or ""
    return urlsplit(address).path.rpartition("/")[2]
