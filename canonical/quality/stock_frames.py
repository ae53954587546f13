"""Turns positions, figures and writes into the rows that the gates of inventory publication judge."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from canonical.inventory import Figure, InventoryLevel, Place

_HOUR = 3_600


@dataclass(frozen=True, slots=True)
class StockLimits:
    """What a received position may be: hours of age, and how far up on hand may jump at once."""

    stale_hours: int
    jump_units: int
    jump_factor: int


def position_row(
    level: InventoryLevel, before: InventoryLevel | None, limits: StockLimits, now: datetime
) -> dict[str, Any]:
    """One row a received position, in base units; `before` is what stands for it."""
    age = int((now - level.as_of).total_seconds())
    jump = _jump(level, before, limits)
    return {
        "position": f"{level.sku} at {level.native_location or level.location} of {level.source}",
        "sku": level.sku,
        "location": level.location,
        "on_hand": int(level.on_hand),
        "allocated": int(level.allocated),
        "hours_late": age // _HOUR - limits.stale_hours,
        "seconds_ahead": -age,
        "jump": 0 if jump is None else 1,
        "jump_words": jump,
    }


def _jump(level: InventoryLevel, before: InventoryLevel | None, limits: StockLimits) -> str | None:
    """A rise only: what falls is believed at once, for selling less is never wrong."""
    if before is None or level.on_hand - before.on_hand <= limits.jump_units:
        return None
    if level.on_hand <= before.on_hand * limits.jump_factor:
        return None
    return f"from {before.on_hand:f} to {level.on_hand:f}"


def figure_row(
    shop: str, sku: str, place: Place, location: str | None, items: tuple[str, ...], target: int
) -> dict[str, Any]:
    """One row a computed figure. `items` are the channel's items with the SKU, in words."""
    return {
        "place": f"{place.item_id} at {place.location_id} of {shop}",
        "sku": sku,
        "location": location,
        "items": len(items),
        "items_words": ", ".join(items) or None,
        "target": target,
    }


def write_row(figure: Figure, quantity: int | None, ceiling: int, shops: Mapping[str, str]) -> dict[str, Any]:
    """One row a figure about to be published; `ceiling` is what the policy allows at this moment."""
    return {
        "place": f"{figure.place.item_id} at {figure.place.location_id}",
        "shop": figure.shop,
        "known_shop": shops.get(figure.shop),
        "sku": figure.sku,
        "quantity": quantity,
        "ceiling": ceiling,
        "above": 0 if quantity is None else max(0, quantity - ceiling),
    }


def whole(quantity: Decimal) -> bool:
    """Whether a quantity is a number of whole base units.

    >>> whole(Decimal("12.00")), whole(Decimal("0.5"))
    (True, False)
    """
    return quantity == quantity.to_integral_value()
