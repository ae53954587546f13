"""A small company for the tests of availability: two shops, three locations, short calls."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from canonical.inventory import Demand, InventoryLevel, StockOwner
from canonical.rules.availability import ChannelPlace, Explanation, Kit, StockSetup, available_to_sell, explain
from canonical.rules.policies import Policies, PolicyRow
from canonical.stock_owners import StockOwnership

NOW = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
EAST = ChannelPlace(shop="north", location_id="7", location="EAST")
WEST = ChannelPlace(shop="north", location_id="8", location="WEST")
SHARED = ChannelPlace(shop="south", location_id="70", location="EAST")
PLACES = (EAST, WEST, SHARED)
SOURCE_OF = {StockOwner.CROSSDOCK: "erp", StockOwner.ERP: "erp", StockOwner.WMS: "wms", StockOwner.OMS: "oms"}


def setup(
    *rows: PolicyRow,
    owners: Mapping[str, StockOwner] | None = None,
    kits: Sequence[Kit] = (),
    places: Sequence[ChannelPlace] = PLACES,
    groups: Mapping[str, tuple[str, ...]] | None = None,
    categories: Mapping[str, str] | None = None,
) -> StockSetup:
    """What is computed for; without owners, Crossdock computes everywhere."""
    whose = dict.fromkeys((place.location for place in places), StockOwner.CROSSDOCK) | dict(owners or {})
    entries = {
        location: StockOwnership(location=location, owner=owner, source=SOURCE_OF[owner])
        for location, owner in whose.items()
    }
    policies = Policies(rows, groups or {}, categories or {})
    return StockSetup("north", tuple(places), entries, policies, tuple(kits))


def level(sku: str = "A", on_hand: str = "10", location: str = "EAST", **changes: Any) -> InventoryLevel:
    """What the ERP told of a position."""
    fields: dict[str, Any] = {"sku": sku, "location": location, "on_hand": on_hand, "source": "erp", "as_of": NOW}
    return InventoryLevel.model_validate(fields | changes, strict=False)


def demand(reserved: str = "1", location: str | None = "7", **changes: Any) -> Demand:
    """What orders of shop north take of A."""
    fields: dict[str, Any] = {"shop": "north", "sku": "A", "location": location, "reserved": reserved}
    return Demand.model_validate(fields | changes, strict=False)


def row(**fields: Any) -> PolicyRow:
    """A row of the policy."""
    return PolicyRow.model_validate(fields, strict=False)


def figure(
    of: StockSetup, levels: Sequence[InventoryLevel], orders: Sequence[Demand] = (), place: ChannelPlace = EAST,
    sku: str = "A",
) -> int:  # fmt: skip
    """The figure at a place, which both ways of computing must agree on."""
    found = {
        (one.shop, one.location_id, one.sku): one.quantity
        for one in available_to_sell(of, levels, orders, NOW, of.skus_with([sku]))
    }
    told = explained(of, levels, orders, place, sku)
    assert told.figure == found[place.shop, place.location_id, sku]
    return told.figure


def explained(
    of: StockSetup, levels: Sequence[InventoryLevel], orders: Sequence[Demand] = (), place: ChannelPlace = EAST,
    sku: str = "A",
) -> Explanation:  # fmt: skip
    """The explanation, whose lines add up."""
    told = explain(of, place, sku, levels, orders, NOW)
    assert told is not None
    assert sum((line.quantity for line in told.lines), Decimal(0)) == told.figure
    return told
