"""Quantities between units of measure: exact, or an error. Nothing is rounded, no rest is left out."""

from decimal import Decimal
from fractions import Fraction

from canonical.errors import HeldError, RejectedError
from canonical.ports.mapping import Mappings


def in_base(mappings: Mappings, system: str, item: str, quantity: Decimal, unit: str) -> Decimal:
    """A quantity of a system's unit in base units: 2 cases of 12 are 24 each.

    Raises `HeldError` (`unit_unmapped`) without a mapping, `RejectedError` (`unit_remainder`) without an exact value.
    """
    return _exact(Fraction(quantity) * _factor(mappings, system, item, unit), f"{quantity} {unit} of {item}", item)


def in_unit(mappings: Mappings, system: str, item: str, quantity: Decimal, unit: str, *, whole: bool = True) -> Decimal:
    """Base units in a system's unit: 24 each are 2 cases of 12; 30 are no number of cases, and an error.

    `whole` is false for what may be divided (kilograms). Raises as `in_base`.
    """
    factor = _factor(mappings, system, item, unit)
    exact = Fraction(quantity) / factor
    words = f"{quantity} base units of {item} in {unit}"
    if whole and exact.denominator != 1:
        raise _remainder(f"{words}: {Fraction(quantity) - int(exact) * factor} would be left over", item)
    return _exact(exact, words, item)


def _factor(mappings: Mappings, system: str, item: str, unit: str) -> Fraction:
    factor = mappings.unit(system, item, unit)
    if factor is None:
        raise HeldError(
            f"unit {unit} of {item} is not mapped for {system}",
            code="unit_unmapped",
            document=item,
            field="unit",
            way_out=f"Add it: crossdock mappings set units system={system} item={item} unit={unit} value=...",
        )
    return factor


def _exact(value: Fraction, words: str, item: str) -> Decimal:
    result = Decimal(value.numerator) / Decimal(value.denominator)
    if Fraction(result) != value:
        raise _remainder(f"{words} has no exact quantity", item)
    return result


def _remainder(words: str, item: str) -> RejectedError:
    return RejectedError(
        words,
        code="unit_remainder",
        document=item,
        field="unit",
        way_out="Correct the quantity, or the unit's mapping; nothing is rounded.",
    )
