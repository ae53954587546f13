"""Stock figures: a level of one item at one location, its quantities by name, and what an order does to them.

Stored are the quantities that are set; `on_hand` is their sum, as Shopify defines it. A level's id is made of its
location's and its item's number, so the level of a pair is found without searching.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from deployments.sandbox.shopify.records import Record, gid, gid_tail
from deployments.sandbox.shopify.state import ShopSpace, State
from deployments.sandbox.shopify.walking import Walk

SUMMED = ("available", "committed", "reserved", "damaged", "safety_stock", "quality_control")
NAMES = ("available", "committed", "damaged", "incoming", "on_hand", "quality_control", "reserved", "safety_stock")
# How far the number of a location's levels is from the location's own, as every recorded pair shows.
LEVELS_FROM_LOCATION = 36_954_570_752
# Changes of `available` remembered for figures that lag behind.
RECENT_SECONDS = 600


def level_gid(item_id: str, location_id: str) -> str:
    """The id of the level of an item at a location."""
    location = gid_tail(location_id)
    number = str(int(location) + LEVELS_FROM_LOCATION) if location.isdigit() else location
    return f"{gid('InventoryLevel', number)}?inventory_item_id={gid_tail(item_id)}"


def levels_of(space: ShopSpace, item: Record) -> list[Record]:
    """The levels of an inventory item, at all locations that ever stocked it."""
    rows = space.records.get("InventoryLevel", {})
    return [rows[level_id] for level_id in space.indexes.ids("InventoryLevel", "item", item["id"])]


def levels_at(space: ShopSpace, location_id: str, *, inactive: bool = False) -> Walk:
    """What a location stocks, in the order it came there; `inactive` counts what it no longer stocks too."""
    rows = space.records.get("InventoryLevel", {})
    order, places = space.indexes.bucket("InventoryLevel", "location", location_id).order()

    def row(level_id: str) -> Record | None:
        level = rows[level_id]
        return level if inactive or level["isActive"] else None

    return Walk(order, places, row)


def level_at(space: ShopSpace, item_id: str, location_id: str) -> Record | None:
    """The level of an item at a location, or None when it never was stocked there."""
    return space.records.get("InventoryLevel", {}).get(level_gid(item_id, location_id))


def quantity(level: Record, name: str) -> int:
    """One quantity of a level."""
    if name == "on_hand":
        return sum(level["quantities"].get(one, 0) for one in SUMMED)
    return int(level["quantities"].get(name, 0))


def available(space: ShopSpace, item: Record) -> int:
    """What may be sold of an item, over all its active locations."""
    return sum(quantity(level, "available") for level in levels_of(space, item) if level["isActive"])


def available_before(space: ShopSpace, item: Record, now: datetime, lag: timedelta) -> int:
    """What could be sold of an item some time ago, as a figure that lags shows it."""
    since = now - lag
    later = (delta for when, item_id, delta in reversed(space.recent_sales) if when > since and item_id == item["id"])
    return available(space, item) - sum(later)


def open_level(
    state: State, shop: str, item_id: str, location_id: str, available: int, *, topics: Sequence[str] | None = None
) -> Record:
    """Stock an item at a location. Raises KeyError when there is no such item."""
    if state.get(shop, item_id) is None:
        raise KeyError(item_id)
    now = state.now_text()
    level = {
        "id": level_gid(item_id, location_id),
        "item": {"id": item_id},
        "location": {"id": location_id},
        "isActive": True,
        "canDeactivate": True,
        "quantities": {"available": available},
        "quantitiesUpdatedAt": {"available": now},
    }
    kept = state.add(shop, "InventoryLevel", level, topics=topics)
    _remember(state, shop, item_id, available)
    return kept


def move(
    state: State, shop: str, level: Record, changes: dict[str, int], *, topics: Sequence[str] | None = None
) -> Record:
    """Change quantities of a level by deltas; a level that was closed is open again."""
    now = state.now_text()
    quantities = dict(level["quantities"])
    for name, delta in changes.items():
        quantities[name] = quantities.get(name, 0) + delta
    moments = {**level.get("quantitiesUpdatedAt", {}), **dict.fromkeys(changes, now)}
    written = {"quantities": quantities, "quantitiesUpdatedAt": moments, "updatedAt": now}
    _remember(state, shop, level["item"]["id"], changes.get("available", 0))
    return state.update(shop, level["id"], written, topics=topics)


def reopen(state: State, shop: str, level: Record) -> Record:
    """Stock an item again where it was stocked before, with the quantities it had."""
    return state.update(shop, level["id"], {"isActive": True}, topics=("inventory_levels/connect",))


def close(state: State, shop: str, level: Record) -> Record:
    """Stop stocking an item at a location. The level stays, inactive, with its quantities."""
    return state.update(shop, level["id"], {"isActive": False}, topics=("inventory_levels/disconnect",))


def remove_item(state: State, shop: str, item_id: str) -> None:
    """Take an inventory item out with all its levels, as deleting its variant does."""
    space = state.space(shop)
    for level_id in list(space.indexes.ids("InventoryLevel", "item", item_id)):
        state.remove(shop, level_id, topics=())
    if space.find(item_id) is not None:
        state.remove(shop, item_id)


def commit(state: State, shop: str, item_id: str, location_id: str, pieces: int) -> None:
    """Promise pieces to an order: available goes down, committed up, on hand stays. Negative pieces undo it."""
    level = level_at(state.space(shop), item_id, location_id)
    item = state.get(shop, item_id)
    if level is not None and item is not None and item.get("tracked"):
        move(state, shop, level, {"available": -pieces, "committed": pieces})


def ship(state: State, shop: str, item_id: str, location_id: str, pieces: int) -> None:
    """Take promised pieces out of the house: committed and so on hand go down. Negative pieces bring them back."""
    level = level_at(state.space(shop), item_id, location_id)
    item = state.get(shop, item_id)
    if level is not None and item is not None and item.get("tracked"):
        move(state, shop, level, {"committed": -pieces})


def _remember(state: State, shop: str, item_id: str, delta: int) -> None:
    if not delta:
        return
    now, recent = state.clock(), state.space(shop).recent_sales
    recent.append((now, item_id, delta))
    while recent and recent[0][0] < now - timedelta(seconds=RECENT_SECONDS):
        recent.popleft()
