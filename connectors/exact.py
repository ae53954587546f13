"""Quantities of systems that keep them as floating point numbers, made exact."""

from decimal import Decimal


def exact(quantity: Decimal | int | None) -> Decimal:
    """A quantity without trailing zeros; nothing is zero.

    >>> exact(Decimal("12.0")), exact(Decimal("0.50")), exact(None)
    (Decimal('12'), Decimal('0.5'), Decimal('0'))
    """
    whole = Decimal(quantity or 0)
    return whole.quantize(Decimal(1)) if whole == whole.to_integral_value() else whole.normalize()
