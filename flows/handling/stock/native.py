"""From a source's own names to ours: canonical locations and base units. Only the position that fails stops."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from canonical.errors import HeldError, RejectedError
from canonical.inventory import InventoryLevel
from canonical.ports import Mappings
from canonical.quality.stock_frames import whole
from flows.handling.stock.papers import Position, Report

BASE_UNIT = "each"
_QUANTITIES = ("on_hand", "allocated", "in_transit", "quality_hold", "safety_stock", "supplied")
LOCATION_UNMAPPED, UNIT_UNMAPPED = "stock_location_unmapped", "unit_unmapped"
STOCK_MAPPING_REASONS = (LOCATION_UNMAPPED, UNIT_UNMAPPED)
"""Why a position waits for a mapping: once that is there, it is read again by itself."""


def to_canonical(report: Report, mappings: Mappings) -> None:
    """Fill the report's positions. Locations that nobody mapped are counted, one case each: all of it waits."""
    for level in report.report.levels:
        native = level.native_location or level.location
        location = mappings.stock_location(level.source, native)
        if location is None:
            report.unmapped[native] = report.unmapped.get(native, 0) + 1
            continue
        named = level.model_copy(update={"location": location, "native_location": native})
        report.positions.append(in_base_units(named, mappings))


def in_base_units(level: InventoryLevel, mappings: Mappings) -> Position:
    """The position counted in base units. Quantities that come out in parts of one are an error, never rounded."""
    factor = mappings.unit(level.source, level.sku, level.unit)
    if factor is None and level.unit == BASE_UNIT:
        factor = Fraction(1)
    if factor is None:
        return Position(level, _no_unit(level))
    changes: dict[str, Any] = {"unit": BASE_UNIT}
    for name in _QUANTITIES:
        value = getattr(level, name)
        if value is None:
            continue
        converted = exact(value, factor)
        if converted is None:
            return Position(level, _remainder(level, name, value))
        changes[name] = converted
    incoming = [(entry, exact(entry.quantity, factor)) for entry in level.incoming]
    if any(quantity is None for _, quantity in incoming):
        return Position(level, _remainder(level, "incoming", level.incoming[0].quantity))
    changes["incoming"] = tuple(entry.model_copy(update={"quantity": quantity}) for entry, quantity in incoming)
    return Position(level.model_copy(update=changes))


def exact(quantity: Decimal, factor: Fraction) -> Decimal | None:
    """Quantity times factor in whole base units; None when a part of one is left over.

    >>> exact(Decimal("1.5"), Fraction(12)), exact(Decimal("0.3"), Fraction(12))
    (Decimal('18'), None)
    """
    if factor == 1:
        return quantity if whole(quantity) else None
    converted = Fraction(quantity) * factor
    return Decimal(converted.numerator) if converted.denominator == 1 else None


def _no_unit(level: InventoryLevel) -> HeldError:
    return HeldError(
        f"{level.source} counts {level.sku} in {level.unit}, and nothing says how many base units that is",
        code=UNIT_UNMAPPED,
        document=f"stock of {level.sku}",
        field="unit",
        way_out="Add a row to the mapping `units`: the position is read again by itself.",
    )


def _remainder(level: InventoryLevel, field: str, value: Decimal) -> RejectedError:
    return RejectedError(
        f"{value:f} {level.unit} of {level.sku} is no whole number of base units",
        code="unit_remainder",
        document=f"stock of {level.sku}",
        field=field,
        way_out="Correct the quantity in the source, or the mapping of the unit.",
    )
