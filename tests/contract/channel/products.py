"""Products as a source knows them, and the changes that write them."""

from collections.abc import Iterable
from typing import Any

from canonical.ids import digest
from canonical.money import Money
from canonical.product import Option, Product, ProductChange, ProductStatus, Variant, Weight

OWNED = frozenset(
    {
        "title",
        "vendor",
        "product_type",
        "description_html",
        "status",
        "options",
        "variants",
        "variants.options",
        "variants.price",
        "variants.compare_at_price",
        "variants.barcode",
        "variants.weight",
        "variants.customs_code",
        "variants.origin_country",
        "variants.tracked",
    }
)


def variant(sku: str, size: str | None = None, price: str = "20.00", **fields: Any) -> Variant:
    chosen = {"Size": size} if size else {}
    given = {"weight": Weight(grams="350"), "customs_code": "620193", "origin_country": "PT", **fields}
    return Variant(id=sku, sku=sku, options=chosen, price=Money.of(price, "USD"), **given)


def product(key: str, variants: Iterable[Variant] | None = None, **fields: Any) -> Product:
    """A product with a small and a large variant."""
    rows = tuple(variants) if variants is not None else (variant(f"{key}-S", "S"), variant(f"{key}-L", "L", "24.00"))
    names = dict.fromkeys(name for row in rows for name in row.options)
    options = [Option(name=name, values=tuple(dict.fromkeys(row.options[name] for row in rows))) for name in names]
    given = {
        "title": f"Parka {key}",
        "vendor": "Nordlys",
        "status": ProductStatus.ACTIVE,
        "options": tuple(options),
        **fields,
    }
    return Product(id=key, variants=rows, **given)


def change(wanted: Product, owned: Iterable[str] = OWNED, **fields: Any) -> ProductChange:
    content = digest(wanted.model_dump(mode="json"))
    return ProductChange(
        key=f"{wanted.id}/{content[:16]}", product=wanted, owned=frozenset(owned), digest=content, **fields
    )
