"""From a product as Shopify answers it, by id or by a bulk operation, to the canonical product."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from canonical.money import Money
from canonical.ports.products import ChannelProduct
from canonical.product import Image, Metafield, Option, Product, ProductRef, ProductStatus, Variant, Weight
from connectors.shopify.stock_reading import tail

Node = Mapping[str, Any]
_GRAMS: Final = {
    "GRAMS": Decimal(1),
    "KILOGRAMS": Decimal(1000),
    "OUNCES": Decimal("28.349523125"),
    "POUNDS": Decimal("453.59237"),
}
_ALONE: Final = ("Title", "Default Title")
"""The option and value Shopify gives a product that has no options."""


def channel_product(node: Node, currency: str) -> ChannelProduct:
    """A whole product; its connections are lists of nodes under their own names."""
    variants = tuple(_variant(row, currency) for row in node["variants"])
    product = Product(
        id=tail(node["id"]),
        title=node["title"],
        handle=node["handle"] or None,
        vendor=node["vendor"] or None,
        product_type=node["productType"] or None,
        description_html=node["descriptionHtml"] or None,
        status=ProductStatus(node["status"].lower()) if node["status"] != "UNLISTED" else ProductStatus.ACTIVE,
        tags=tuple(node["tags"]),
        options=_options(node["options"]),
        variants=variants,
        images=tuple(image for row in node["media"] if (image := _image(row))),
        metafields=tuple(_metafields(node["metafields"])),
        collections=tuple(row["handle"] for row in node["collections"]),
        publications=tuple(row["publication"]["name"] for row in node.get("publications", ())),
        seo_title=node["seo"]["title"] or None,
        seo_description=node["seo"]["description"] or None,
    )
    return ChannelProduct(reference(node["id"], node["handle"], node["variants"]), product)


def reference(product_id: str, handle: str | None, variants: Sequence[Node]) -> ProductRef:
    """The ids of a product. Of variants with one SKU the first counts; those without are not in it."""
    by_sku: dict[str, Node] = {}
    for row in variants:
        if row["sku"]:
            by_sku.setdefault(row["sku"], row)
    return ProductRef(
        product_id=tail(product_id),
        variants={sku: tail(row["id"]) for sku, row in by_sku.items()},
        inventory_items={sku: tail(row["inventoryItem"]["id"]) for sku, row in by_sku.items()},
        handle=handle or None,
    )


def option_values(row: Node) -> dict[str, str]:
    """The option values of a variant; none for the only variant of a product without options."""
    chosen = {option["name"]: option["value"] for option in row["selectedOptions"]}
    return {} if chosen == dict([_ALONE]) else chosen


def _variant(row: Node, currency: str) -> Variant:
    item = row["inventoryItem"]
    return Variant(
        id=tail(row["id"]),
        inventory_item_id=tail(item["id"]),
        sku=row["sku"] or None,
        barcode=row["barcode"] or None,
        options=option_values(row),
        price=Money.of(row["price"], currency),
        compare_at_price=Money.of(row["compareAtPrice"], currency) if row["compareAtPrice"] else None,
        weight=_weight(item["measurement"]["weight"]),
        customs_code=item["harmonizedSystemCode"] or None,
        origin_country=item["countryCodeOfOrigin"] or None,
        tracked=item["tracked"],
    )


def _weight(found: Node | None) -> Weight | None:
    """Grams. Shopify sends a JSON number; its shortest decimal text is what was written."""
    if not found or not found["value"]:
        return None
    return Weight(grams=(Decimal(repr(found["value"])) * _GRAMS[found["unit"]]).normalize() + 0)


def _options(rows: Iterable[Node]) -> tuple[Option, ...]:
    found = tuple(
        Option(name=row["name"], values=tuple(value["name"] for value in row["optionValues"])) for row in rows
    )
    return () if [(option.name, option.values) for option in found] == [(_ALONE[0], (_ALONE[1],))] else found


def _image(row: Node) -> Image | None:
    """A picture that Shopify serves already; None for other media and for one still being worked on."""
    address = (row.get("image") or {}).get("url")
    return Image(url=address, alt=row["alt"] or None) if address else None


def _metafields(rows: Iterable[Node]) -> Iterable[Metafield]:
    for row in rows:
        yield Metafield(namespace=row["namespace"], key=row["key"], type=row["type"], value=row["value"])
