"""Inventory items, levels and quantities: reading."""

from typing import Any

from deployments.sandbox.shopify.domains.locations import LEVELS
from deployments.sandbox.shopify.listing import by, by_id, by_index, found, kept_listing, listing, narrowed
from deployments.sandbox.shopify.paging import Listing
from deployments.sandbox.shopify.records import Record, gid_tail
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.search import Search
from deployments.sandbox.shopify.stock import NAMES, SUMMED, available_before, level_at, levels_of, quantity

domain = Domain()
_ITEMS = Search(
    {"id": by("id"), "sku": by("sku"), "created_at": by("createdAt"), "updated_at": by("updatedAt")},
    words=(by("sku"),),
)
_FINDERS = {"id": by_id("InventoryItem"), "sku": by_index("InventoryItem", "sku~")}
_DISPLAYED = {"on_hand": "On hand", "quality_control": "Quality control", "safety_stock": "Safety stock"}


@domain.query("inventoryItems")
def inventory_items(call: Call, arguments: Arguments) -> Listing:
    """Inventory items of all variants."""
    if arguments.get("query"):
        rows = narrowed(call, "InventoryItem", arguments["query"], _FINDERS)
        return listing(call, "inventoryItems", rows, _ITEMS, {}, arguments)
    return kept_listing(call, "InventoryItem", "inventoryItems", _ITEMS, {}, arguments)


@domain.query("inventoryItem")
@domain.query("inventoryLevel")
def one(call: Call, arguments: Arguments) -> Record | None:
    """A record by id; null when it is unknown."""
    return call.find(arguments["id"])


@domain.query("inventoryProperties")
def inventory_properties(_call: Call, _arguments: Arguments) -> Record:
    """The names a quantity can have."""
    rows = [
        {
            "name": name,
            "displayName": _DISPLAYED.get(name, name.capitalize()),
            "isInUse": True,
            "belongsTo": ["on_hand"] if name in SUMMED else [],
            "comprises": sorted(SUMMED) if name == "on_hand" else [],
        }
        for name in NAMES
    ]
    return {"quantityNames": rows}


@domain.computed("Product", "totalInventory")
def total_inventory(call: Call, record: Record, _arguments: Arguments) -> int:
    """What may be sold of all variants; it lags behind as far as the search index does."""
    total = 0
    for row in record.get("variants", ()):
        variant = call.find(row["id"])
        item = call.find(variant["inventoryItem"]["id"]) if variant else None
        if item is not None and item.get("tracked"):
            total += available_before(call.space, item, call.now, call.search_lag)
    return total


@domain.computed("InventoryItem", "inventoryLevels")
def inventory_levels(call: Call, record: Record, arguments: Arguments) -> list[Record] | Listing:
    """Where the item is stocked."""
    levels = levels_of(call.space, record)
    rows = [level for level in levels if level["isActive"] or arguments.get("includeInactive")]
    return found(call, "inventoryLevels", rows, LEVELS, arguments.get("query"))


@domain.computed("InventoryItem", "inventoryLevel")
def inventory_level(call: Call, record: Record, arguments: Arguments) -> Record | None:
    """The stock of the item at one location."""
    level = level_at(call.space, record["id"], arguments["locationId"])
    return level if level is not None and (level["isActive"] or arguments.get("includeInactive")) else None


@domain.computed("InventoryItem", "locationsCount")
def locations_count(call: Call, record: Record, _arguments: Arguments) -> Record:
    """At how many locations the item is stocked."""
    return {"count": len([1 for level in levels_of(call.space, record) if level["isActive"]]), "precision": "EXACT"}


@domain.computed("InventoryItem", "duplicateSkuCount")
def duplicate_sku_count(call: Call, record: Record, _arguments: Arguments) -> int:
    """How many items carry this SKU, 0 when it is unique or empty."""
    same = len(list(call.space.indexes.ids("InventoryItem", "sku", record.get("sku")))) if record.get("sku") else 0
    return same if same > 1 else 0


@domain.computed("InventoryItem", "variants")
def variants_of_item(_call: Call, record: Record, _arguments: Arguments) -> list[Any]:
    """The variants that sell the item: one here."""
    return [record["variant"]]


@domain.computed("InventoryLevel", "quantities")
def quantities(_call: Call, record: Record, arguments: Arguments) -> list[Record]:
    """The quantities asked for, by name. When it changed is told only of what was set, as recorded."""
    tail = gid_tail(record["id"])
    item = gid_tail(record["item"]["id"])
    moments = record.get("quantitiesUpdatedAt", {})
    return [
        {
            "id": f"gid://shopify/InventoryQuantity/{tail}?inventory_item_id={item}&name={name}",
            "name": name,
            "quantity": quantity(record, name),
            "updatedAt": moments.get(name),
        }
        for name in arguments["names"]
        if name in NAMES
    ]


@domain.computed("InventoryAdjustmentGroup", "changes")
def changes(_call: Call, record: Record, arguments: Arguments) -> list[Record]:
    """The rows of an adjustment, kept as tuples: item, location, name, delta, quantity after, ledger document."""
    rows = []
    wanted = (arguments.get("inventoryItemIds"), arguments.get("locationIds"), arguments.get("quantityNames"))
    for item, location, name, delta, after, ledger in record["rows"]:
        if all(not only or value in only for only, value in zip(wanted, (item, location, name), strict=True)):
            rows.append(
                {
                    "item": {"id": item},
                    "location": {"id": location},
                    "name": name,
                    "delta": delta,
                    "quantityAfterChange": after,
                    "ledgerDocumentUri": ledger,
                }
            )
    return rows
