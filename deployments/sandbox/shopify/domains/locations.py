"""Locations, and the stock each of them keeps."""

from deployments.sandbox.shopify.listing import by, count, listing, sorted_by
from deployments.sandbox.shopify.paging import Listing
from deployments.sandbox.shopify.records import Record, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.search import Search
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.stock import levels_of

domain = Domain()
SEARCH = Search(
    {
        "id": by("id"),
        "name": by("name"),
        "active": by("isActive"),
        "city": by("address", "city"),
        "country": by("address", "country"),
        "zip": by("address", "zip"),
        "created_at": by("createdAt"),
        "updated_at": by("updatedAt"),
    },
    words=(by("name"), by("address", "city")),
)
SORT = {"CREATED_AT": sorted_by("createdAt"), "ID": sorted_by("id"), "NAME": sorted_by("name")}


@domain.query("locations")
def locations(call: Call, arguments: Arguments) -> Listing:
    """Active locations, or all of them."""
    return listing(call, "locations", _visible(call, arguments), SEARCH, SORT, {"sortKey": "NAME", **arguments})


@domain.query("locationsCount")
def locations_count(call: Call, arguments: Arguments) -> Record:
    """How many active locations there are."""
    return count(call, "locationsCount", _visible(call, {}), SEARCH, arguments)


@domain.query("location")
def location(call: Call, arguments: Arguments) -> Record | None:
    """A location by id, without one the primary location."""
    if arguments.get("id"):
        return call.find(arguments["id"])
    return next((one for one in call.all("Location") if one["isPrimary"]), None)


@domain.computed("Location", "inventoryLevels")
def inventory_levels(call: Call, record: Record, arguments: Arguments) -> list[Record]:
    """What the location stocks."""
    levels = [level for level in call.all("InventoryLevel") if level["location"] == reference(record)]
    return [level for level in levels if level["isActive"] or arguments.get("includeInactive")]


@domain.computed("Location", "inventoryLevel")
def inventory_level(call: Call, record: Record, arguments: Arguments) -> Record | None:
    """The stock of one item here."""
    item = call.find(arguments["inventoryItemId"])
    levels = levels_of(call.space, item) if item else []
    return next((level for level in levels if level["location"] == reference(record)), None)


@domain.computed("Location", "hasActiveInventory")
def has_active_inventory(call: Call, record: Record, _arguments: Arguments) -> bool:
    """Whether anything is stocked here."""
    return any(level["location"] == reference(record) for level in call.all("InventoryLevel"))


@domain.completes("Location")
def complete_location(state: State, shop: str, record: Record) -> Record:
    """An active location that ships; the first one is the primary one."""
    return {
        "isActive": True,
        "fulfillsOnlineOrders": True,
        "shipsInventory": True,
        "isFulfillmentService": False,
        "isPrimary": not state.all(shop, "Location"),
        "activatable": True,
        "deactivatable": True,
        "deletable": False,
        "addressVerified": True,
        "address": {},
        **record,
    }


def _visible(call: Call, arguments: Arguments) -> list[Record]:
    return [one for one in call.all("Location") if one["isActive"] or arguments.get("includeInactive")]
