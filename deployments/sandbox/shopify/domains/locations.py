"""Locations, and the stock each of them keeps."""

from deployments.sandbox.shopify.listing import by, count, found, listing, sorted_by
from deployments.sandbox.shopify.paging import Listing
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.search import Search
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.stock import level_at, levels_at
from deployments.sandbox.shopify.walking import Walk

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
LEVELS = Search(
    {
        "id": by("id"),
        "inventory_item_id": by("item", "id"),
        "created_at": by("createdAt"),
        "updated_at": by("updatedAt"),
    }
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
def inventory_levels(call: Call, record: Record, arguments: Arguments) -> Walk | list[Record]:
    """What the location stocks."""
    walk = levels_at(call.space, record["id"], inactive=bool(arguments.get("includeInactive")))
    if arguments.get("query"):
        rows = [level for one in walk.ids if (level := walk.row(one)) is not None]
        return found(call, "inventoryLevels", rows, LEVELS, arguments["query"])
    return walk.reversed() if arguments.get("reverse") else walk


@domain.computed("Location", "inventoryLevel")
def inventory_level(call: Call, record: Record, arguments: Arguments) -> Record | None:
    """The stock of one item here."""
    level = level_at(call.space, arguments["inventoryItemId"], record["id"])
    return level if level is not None and (level["isActive"] or arguments.get("includeInactive")) else None


@domain.computed("Location", "hasActiveInventory")
def has_active_inventory(call: Call, record: Record, _arguments: Arguments) -> bool:
    """Whether anything is stocked here."""
    walk = levels_at(call.space, record["id"])
    return any(walk.row(one) is not None for one in walk.ids)


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
