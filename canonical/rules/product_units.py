"""Units of measure of what is sold: the channel sells base units, so what a source says per case is said per piece.

A case that is sold as a case is a variant of its own, with a SKU and a price of its own (a kit in the mappings). Where
a source only keeps the item in cases, its amounts are divided, exactly or not at all.
"""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeVar

from canonical.errors import HeldError, RejectedError
from canonical.money import Money, quantum
from canonical.product import Product, Variant, Weight

BASE_UNIT: Final = "each"
UNIT_UNMAPPED: Final = "unit_unmapped"
T = TypeVar("T")


def in_base_units(product: Product, factor_of: Callable[[str, str], Fraction | None]) -> Product:
    """The product with every variant per base unit. `factor_of(sku, unit)` is how many base units are in one.

    Raises `HeldError` for a unit nobody mapped, `RejectedError` where an amount per piece is no whole cent.

    >>> variant = Variant(id="1", sku="MUG", unit="dozen", price=Money.of("30.00", "USD"))
    >>> mug = in_base_units(Product(id="MUG", title="Mug", variants=(variant,)), lambda sku, unit: Fraction(12))
    >>> mug.variants[0].unit, str(mug.variants[0].price)
    ('each', '2.50 USD')
    """
    if all(variant.unit == BASE_UNIT for variant in product.variants):
        return product
    return product.model_copy(update={"variants": tuple(_in_base(product.id, v, factor_of) for v in product.variants)})


def _in_base(key: str, variant: Variant, factor_of: Callable[[str, str], Fraction | None]) -> Variant:
    if variant.unit == BASE_UNIT:
        return variant
    factor = factor_of(variant.sku or "", variant.unit)
    if factor is None:
        raise HeldError(
            f"{variant.sku} is kept in {variant.unit}, and nothing says how many base units that is",
            code=UNIT_UNMAPPED,
            document=f"product {key}",
            field="variants.unit",
            way_out="Add a row to the mapping `units`: the product goes on by itself.",
        )
    if factor == 1:
        return variant.model_copy(update={"unit": BASE_UNIT})
    prices = tuple(
        one.model_copy(
            update={
                "price": _price(key, variant, one.price, factor),
                "compare_at_price": _price(key, variant, one.compare_at_price, factor),
            }
        )
        for one in variant.prices
    )
    changes = {
        "unit": BASE_UNIT,
        "price": _price(key, variant, variant.price, factor),
        "compare_at_price": _price(key, variant, variant.compare_at_price, factor),
        "prices": prices,
        "weight": _weight(variant.weight, factor),
    }
    return variant.model_copy(update=changes)


def _price(key: str, variant: Variant, price: Money | None, factor: Fraction) -> Money | None:
    if price is None:
        return None
    cents = Fraction(price.amount) / factor / Fraction(quantum(price.currency))
    if cents.denominator != 1:
        raise RejectedError(
            f"{price} for one {variant.unit} of {variant.sku} is no whole amount for each of {factor}",
            code="unit_remainder",
            document=f"product {key}",
            field="variants.price",
            way_out="Correct the price in the source, or the mapping of the unit.",
        )
    return Money(amount=cents.numerator * quantum(price.currency), currency=price.currency)


def _weight(weight: Weight | None, factor: Fraction) -> Weight | None:
    """Per piece, to the milligram: a weight may be rounded, a price may not."""
    if weight is None:
        return None
    grams = Fraction(weight.grams) / factor
    return Weight(grams=(Decimal(grams.numerator) / Decimal(grams.denominator)).quantize(Decimal("0.001")))
