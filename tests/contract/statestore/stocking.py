"""Values for the tests of the stock side: short calls, every field can be given."""

from datetime import UTC, datetime, timedelta
from typing import Any

from canonical.inventory import Figure, FigureResult, FigureState, InventoryLevel, Place, StockReport
from connectors.statestore.store import SqlStateStore

NOW = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def level(sku: str = "A-1", on_hand: str = "10", *, native: str = "W1", at: int = 0, **changes: Any) -> InventoryLevel:
    """A position of the ERP; `at` minutes after `NOW`."""
    fields: dict[str, Any] = {
        "sku": sku,
        "location": "DC-EAST",
        "native_location": native,
        "on_hand": on_hand,
        "source": "erp",
        "as_of": NOW + at * MINUTE,
    }
    return InventoryLevel.model_validate(fields | changes, strict=False)


def report(*levels: InventoryLevel, **changes: Any) -> StockReport:
    """What the ERP told at once."""
    return StockReport(**({"source": "erp", "company": "north", "levels": levels} | changes))


def place(item: str = "i1", location: str = "7") -> Place:
    """A place of the channel."""
    return Place(item_id=item, location_id=location)


def figure(target: int = 5, item: str = "i1", *, at: int = 0, location: str = "7", **changes: Any) -> Figure:
    """A figure of shop north; its event was `at` minutes after `NOW`."""
    fields: dict[str, Any] = {
        "shop": "north",
        "sku": "A-1",
        "place": place(item, location),
        "target": target,
        "changed_at": NOW + at * MINUTE,
        "not_before": NOW,
    }
    return Figure(**(fields | changes))


def acknowledged(claimed: Figure, quantity: int | None = None, **changes: Any) -> FigureResult:
    """The channel shows the target, or the quantity given."""
    fields: dict[str, Any] = {
        "place": claimed.place,
        "sku": claimed.sku,
        "version": claimed.version,
        "state": FigureState.PUBLISHED,
        "quantity": claimed.target if quantity is None else quantity,
    }
    return FigureResult(**(fields | changes))


async def publish(store: SqlStateStore, target: int, item: str = "i1", **changes: Any) -> None:
    """Plan a figure and have it acknowledged."""
    await store.plan([figure(target, item, **changes)])
    claimed = await store.claim_figures("north", "w", 10, MINUTE)
    await store.settle_figures("north", "w", [acknowledged(c) for c in claimed])
