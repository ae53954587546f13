"""Write the feed: a file of JSON Lines, or the same as a table with the PIM's own column names."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deployments.sandbox.catalogue import Product, load_catalogue

IMAGES = "https://images.example.com"
LAYOUT = Path(__file__).with_name("layout.toml")
"""What the columns of the table are."""


def write(folder: Path, form: str = "jsonl", images: str = IMAGES) -> Path:
    """Put the feed into a folder, whole or not at all; returns the file. `form` is jsonl, json or csv."""
    folder.mkdir(parents=True, exist_ok=True)
    items = [_product(product, images) for product in load_catalogue().products]
    file, scratch = folder / f"products.{form}", folder / f".products.{form}.part"
    scratch.write_text(_FORMS[form](items), encoding="utf-8", newline="")
    scratch.replace(file)
    return file


def key_of(product: Product) -> str:
    """What joins it to the ERP: the SKU of its first variant."""
    return product.variants[0].sku


def _product(product: Product, images: str) -> dict[str, Any]:
    category = {"namespace": "custom", "key": "tax_category", "type": "single_line_text_field"}
    return {
        "key": key_of(product),
        "title": product.title,
        "handle": product.handle,
        "vendor": product.vendor,
        "product_type": product.type,
        "description_html": f"<p>{product.title} by {product.vendor}, made to last.</p>",
        "tags": [product.type.lower(), product.tax_category],
        "collections": [product.type.lower().replace(" ", "-")],
        "images": [f"{images}/{product.handle}.jpg"],
        "seo_title": f"{product.title} | {product.vendor}",
        "translations": {"de": {"title": f"{product.title} (Original)"}},
        "metafields": [{**category, "value": product.tax_category}],
        "variants": [
            {
                "sku": variant.sku,
                "options": dict(zip(product.options, variant.options, strict=True)),
                "customs_code": product.hs_code,
                "origin_country": product.origin,
            }
            for variant in product.variants
        ],
    }


def _lines(items: list[dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(item, ensure_ascii=False)}\n" for item in items)


def _table(items: list[dict[str, Any]]) -> str:
    """A line a variant; lists with a bar between, as the layout says."""
    names = sorted({name for item in items for variant in item["variants"] for name in variant["options"]})
    plain = ["key", "title", "handle", "vendor", "product_type", "description_html", "seo_title"]
    listed = ["tags", "collections", "images"]
    text = io.StringIO(newline="")
    table = csv.writer(text)
    heads = ["Model", "Name", "Slug", "Brand", "Family", "Long text", "Search title", "Tags", "Groups", "Pictures"]
    table.writerow([*heads, "Name DE", "Tax category", "Article", "HS code", "Origin", *names])
    for item in items:
        own = [*(item[name] for name in plain), *("|".join(item[name]) for name in listed)]
        own += [item["translations"]["de"]["title"], item["metafields"][0]["value"]]
        for variant in item["variants"]:
            customs = [variant["customs_code"] or "", variant["origin_country"] or ""]
            table.writerow([*own, variant["sku"], *customs, *(variant["options"].get(name, "") for name in names)])
    return text.getvalue()


_FORMS: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    "jsonl": _lines,
    "json": lambda items: json.dumps({"products": items}, ensure_ascii=False, indent=1),
    "csv": _table,
}
