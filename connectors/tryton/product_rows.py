"""A product template of Tryton, with its variants, as a product. Pure.

Fields of modules that Tryton lacks are not given: weight (product_measurements), attributes (product_attribute),
customs code and country of origin (customs). A description is plain text there; here it is HTML.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from html import escape
from typing import Any, Final

from canonical.money import Money
from canonical.product import Option, Product, ProductStatus, SourceProduct, Variant, Weight
from connectors.exact import exact

TEMPLATE_FIELDS: Final = ("name", "code", "active", "salable", "categories.name", "type", "consumable", "write_date",
                          "create_date", "list_prices.write_date")  # fmt: skip
VARIANT_FIELDS: Final = ("code", "active", "template", "list_price_used", "identifiers.type", "identifiers.code",
                         "identifiers.write_date", "list_prices.write_date", "sale_uom.name", "write_date",
                         "create_date")  # fmt: skip
OPTIONAL: Final = {
    "weight": ("weight", "weight_uom.symbol"),
    "attributes": ("attributes",),
    "tariff_codes": ("tariff_codes.tariff_code.code",),
    "country_of_origin": ("country_of_origin.code",),
    "web_shop_description": ("web_shop_description",),
}
"""What a module adds to a variant, and what is then read."""

_BARCODES: Final = ("ean", "isbn", "upc", "gtin", "jan", "ismn")
_GRAMS: Final = {"g": Decimal(1), "kg": Decimal(1000), "mg": Decimal("0.001"), "t": Decimal(1_000_000),
                 "lb": Decimal("453.59237"), "oz": Decimal("28.349523125")}  # fmt: skip
_ALWAYS: Final = frozenset(
    {"title", "status", "variants", "variants.barcode", "variants.price", "variants.unit", "variants.tracked"}
)


def fields_of(present: Collection[str]) -> list[str]:
    """What to read of a variant, of the fields that this Tryton has."""
    return [*VARIANT_FIELDS, *(field for name, read in OPTIONAL.items() if name in present for field in read)]


def source_product(
    template: Mapping[str, Any], variants: Sequence[Mapping[str, Any]], present: Collection[str], *, source: str,
    company: str, currency: str,
) -> SourceProduct | None:  # fmt: skip
    """The product of a template; None when no variant has a code, for nothing could sell it."""
    known = [row for row in variants if row["code"]]
    if not known:
        return None
    sold = [row for row in known if row["active"]] if template["active"] and template["salable"] else []
    offered = [_variant(row, template, present, currency) for row in sold or known]
    types = [category["name"] for category in template["categories."]]
    description = next((row.get("web_shop_description") for row in known if row.get("web_shop_description")), None)
    product = Product(
        id=template["code"] or known[0]["code"],
        title=template["name"],
        status=ProductStatus.ACTIVE if sold else ProductStatus.ARCHIVED,
        product_type=types[0] if types else None,
        description_html=_html(description) if description else None,
        variants=tuple(offered),
        options=_options(offered),
    )
    said = {"product_type"} if types else set[str]()
    said |= {"description_html"} if description else set()
    return SourceProduct(
        source=source,
        company=company,
        key=product.id,
        product=product,
        given=_ALWAYS | said | _given(present),
        updated_at=changed_at(template, variants).replace(tzinfo=UTC),
    )


def changed_at(template: Mapping[str, Any], variants: Sequence[Mapping[str, Any]]) -> datetime:
    """When the product last changed in any of its parts, as Tryton keeps times: UTC without saying so."""
    parts = [template, *template["list_prices."]]
    for row in variants:
        parts += [row, *row["identifiers."], *row["list_prices."]]
    moments: list[datetime] = [part.get("write_date") or part.get("create_date") for part in parts]
    return max(moment for moment in moments if moment)


def _given(present: Collection[str]) -> frozenset[str]:
    fields = {"weight": {"variants.weight"}, "attributes": {"options", "variants.options"},
              "tariff_codes": {"variants.customs_code"}, "country_of_origin": {"variants.origin_country"}}  # fmt: skip
    return frozenset[str]().union(*(said for name, said in fields.items() if name in present))


def _variant(row: Mapping[str, Any], template: Mapping[str, Any], present: Collection[str], currency: str) -> Variant:
    price = row["list_price_used"]
    codes = row.get("tariff_codes.") or ()
    origin = row.get("country_of_origin.")
    return Variant(
        id=row["code"],
        sku=row["code"],
        barcode=_barcode(row["identifiers."]),
        price=Money(amount=price, currency=currency) if price is not None else None,
        unit=row["sale_uom."]["name"] if row.get("sale_uom.") else "each",
        weight=_weight(row) if "weight" in present else None,
        options=_attributes(row.get("attributes")),
        customs_code=next((code["tariff_code."]["code"] for code in codes if code.get("tariff_code.")), None),
        origin_country=origin["code"] if origin else None,
        tracked=template["type"] == "goods" and not template["consumable"],
    )


def _barcode(identifiers: Sequence[Mapping[str, Any]]) -> str | None:
    by_type = {row["type"]: row["code"] for row in reversed(identifiers)}
    return next((by_type[kind] for kind in _BARCODES if kind in by_type), None)


def _weight(row: Mapping[str, Any]) -> Weight | None:
    unit = row.get("weight_uom.") or {}
    factor = _GRAMS.get(unit.get("symbol", ""))
    if row.get("weight") is None or factor is None:
        return None
    return Weight(grams=exact(Decimal(row["weight"]) * factor))


def _attributes(values: Mapping[str, Any] | None) -> dict[str, str]:
    """Attributes as options: those that are text or a number."""
    return {name: str(value) for name, value in (values or {}).items() if isinstance(value, str | int) and value}


def _options(variants: Sequence[Variant]) -> tuple[Option, ...]:
    values: dict[str, dict[str, None]] = {}
    for variant in variants:
        for name, value in variant.options.items():
            values.setdefault(name, {})[value] = None
    return tuple(Option(name=name, values=tuple(found)) for name, found in values.items())


def _html(text: str) -> str:
    paragraphs = (escape(part.strip(), quote=False) for part in text.split("\n\n") if part.strip())
    return "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in paragraphs)
