"""Stock figures: a level of one item at one location, its quantities by name, and what an order does to them.

Stored are the quantities that are set; `on_hand` is their sum, as Shopify defines it.
"""

from collections.abc import Sequence

from deployments.sandbox.shopify.records import Record, gid, gid_tail, reference
from deployments.sandbox.shopify.state import ShopSpace, State

SUMMED = ("available", "committed", "reserved", "damaged", "safety_stock", "quality_control")
NAMES = ("available", "committed", "damaged", "incoming", "on_hand", "quality_control", "reserved", "safety_stock")


def levels_of(space: ShopSpace, item: Record) -> list[Record]:
    """The levels of an inventory item, at all locations that ever stocked it."""
    return [level for one in item.get("inventoryLevels", ()) if (level := space.find(one["id"])) is not None]


def level_at(space: ShopSpace, item_id: str, location_id: str) -> Record | None:
    """The level of an item at a location, or None when it is not stocked there."""
    item = space.find(item_id)
    levels = levels_of(space, item) if item else []
    return next((level for level in levels if level["location"]["id"] == location_id), None)


def quantity(level: Record, name: str) -> int:
    """One quantity of a level."""
    if name == "on_hand":
        return sum(level["quantities"].get(one, 0) for one in SUMMED)
    return int(level["quantities"].get(name, 0))


def available(space: ShopSpace, item: Record) -> int:
    """What may be sold of an item, over all its active locations."""
    return sum(quantity(level, "available") for level in levels_of(space, item) if level["isActive"])


def open_level(
    state: State, shop: str, item_id: str, location_id: str, on_hand: int, *, topics: Sequence[str] | None = None
) -> Record:
    """Stock an item at a location."""
    space = state.space(shop)
    item = space.find(item_id)
    if item is None:
        raise KeyError(item_id)
    level_id = f"{gid('InventoryLevel', space.number())}?inventory_item_id={gid_tail(item_id)}"
    level = state.add(
        shop,
        "InventoryLevel",
        {
            "id": level_id,
            "item": {"id": item_id},
            "location": {"id": location_id},
            "isActive": True,
            "canDeactivate": True,
            "quantities": {"available": on_hand},
        },
        topics=topics,
    )
    levels = [*item.get("inventoryLevels", ()), reference(level)]
    state.update(shop, item_id, {"inventoryLevels": levels, "updatedAt": item["updatedAt"]}, topics=())
    return level


def move(state: State, shop: str, level: Record, changes: dict[str, int]) -> Record:
    """Change quantities of a level by deltas."""
    quantities = dict(level["quantities"])
    for name, delta in changes.items():
        quantities[name] = quantities.get(name, 0) + delta
    return state.update(shop, level["id"], {"quantities": quantities})


def commit(state: State, shop: str, item_id: str, location_id: str, pieces: int) -> None:
    """Promise pieces to an order: available goes down, committed up, on hand stays. Negative pieces undo it."""
    level = level_at(state.space(shop), item_id, location_id)
    item = state.get(shop, item_id)
    if level is not None and item is not None and item.get("tracked"):
        move(state, shop, level, {"available": -pieces, "committed": pieces})
