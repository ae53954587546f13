"""Fulfillment orders: reading, and what may be done with one now."""

from deployments.sandbox.shopify.domains.access import app_record
from deployments.sandbox.shopify.errors import bad_request
from deployments.sandbox.shopify.listing import by, listing, sorted_by
from deployments.sandbox.shopify.outbound import (
    AT_SERVICE,
    HOLDS_AN_APP,
    SETTLED,
    place_of,
    remaining,
    requests_of,
    service_of,
)
from deployments.sandbox.shopify.outbound_access import OWN_SERVICE, kinds_of, may
from deployments.sandbox.shopify.paging import Listing
from deployments.sandbox.shopify.records import Record, gid
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.search import Search
from deployments.sandbox.shopify.stock import level_at, quantity

domain = Domain()
SEARCH = Search(
    {
        "id": by("id"),
        "status": by("status"),
        "assigned_location_id": by("assignedLocation", "location", "id"),
        "updated_at": by("updatedAt"),
    }
)
SORT = {"ID": sorted_by("id"), "CREATED_AT": sorted_by("createdAt"), "UPDATED_AT": sorted_by("updatedAt")}
# What a service still has to do with what it was asked for: assignment status -> request status.
ASSIGNMENT = {
    "CANCELLATION_REQUESTED": "CANCELLATION_REQUESTED",
    "FULFILLMENT_ACCEPTED": "ACCEPTED",
    "FULFILLMENT_REQUESTED": "SUBMITTED",
    "FULFILLMENT_UNSUBMITTED": "UNSUBMITTED",
}
NO_SERVICE = "The api_client is not associated with any fulfillment service."
# Request status at a service -> what the merchant may do.
SERVICE_ACTIONS = {
    "SUBMITTED": ("CREATE_FULFILLMENT", "CANCEL_FULFILLMENT_ORDER"),
    "ACCEPTED": ("CREATE_FULFILLMENT", "REQUEST_CANCELLATION"),
    "CANCELLATION_REQUESTED": ("CREATE_FULFILLMENT", "CANCEL_FULFILLMENT_ORDER"),
    "CANCELLATION_REJECTED": ("CREATE_FULFILLMENT", "REQUEST_CANCELLATION"),
}


def visible(call: Call) -> list[Record]:
    """The fulfillment orders the app's scopes show it; the scope follows from the location."""
    known: dict[str | None, bool] = {}
    rows = []
    for one in call.all("FulfillmentOrder"):
        place = place_of(one)
        if place not in known:
            known[place] = may(call, "read", one)
        if known[place]:
            rows.append(one)
    return rows


@domain.query("fulfillmentOrders")
def fulfillment_orders(call: Call, arguments: Arguments) -> Listing:
    """Fulfillment orders of all orders, without closed ones unless asked."""
    closed = arguments.get("includeClosed")
    rows = [one for one in visible(call) if closed or one["status"] not in SETTLED]
    return listing(call, "fulfillmentOrders", rows, SEARCH, SORT, arguments)


@domain.query("assignedFulfillmentOrders")
def assigned_fulfillment_orders(call: Call, arguments: Arguments) -> Listing:
    """What the app's own fulfillment services are asked for. Raises ShopifyError for an app that runs none."""
    if not any(one.get("app") == call.app.client_id for one in call.all("FulfillmentService")):
        raise bad_request(NO_SERVICE)
    rows = [
        one
        for one in call.all("FulfillmentOrder")
        if one["status"] not in SETTLED and kinds_of(call, one) == OWN_SERVICE
    ]
    if wanted := arguments.get("assignmentStatus"):
        rows = [one for one in rows if one["requestStatus"] == ASSIGNMENT[wanted]]
    if places := arguments.get("locationIds"):
        rows = [one for one in rows if place_of(one) in places]
    return listing(call, "assignedFulfillmentOrders", rows, SEARCH, SORT, arguments)


@domain.query("manualHoldsFulfillmentOrders")
def manual_holds(call: Call, arguments: Arguments) -> Listing:
    """What somebody put on hold."""
    rows = [one for one in visible(call) if one["status"] == "ON_HOLD"]
    return listing(call, "manualHoldsFulfillmentOrders", rows, SEARCH, SORT, arguments)


@domain.query("fulfillmentOrder")
def one(call: Call, arguments: Arguments) -> Record | None:
    """A fulfillment order by id; null when there is none, or none the app may see."""
    request = call.find(arguments["id"])
    return request if request is not None and may(call, "read", request) else None


@domain.computed("Order", "fulfillmentOrders")
def of_order(call: Call, record: Record, arguments: Arguments) -> list[Record]:
    """The fulfillment orders of an order that the app may see."""
    rows = [row for row in requests_of(call.state, call.shop, record) if may(call, "read", row)]
    matches, _ = SEARCH.compile(arguments.get("query"))
    return [row for row in rows if matches(row)]


@domain.computed("FulfillmentOrderLineItem", "lineItem")
def line_item(call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """The order line that is to be shipped."""
    return call.find(record["lineItem"]["id"])


@domain.computed("FulfillmentOrderLineItem", "originalUnitPriceSet")
def unit_price(call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """The price of a piece before discounts."""
    return (call.find(record["lineItem"]["id"]) or {}).get("originalUnitPriceSet")


@domain.computed("FulfillmentOrder", "fulfillments")
def fulfillments(call: Call, record: Record, _arguments: Arguments) -> list[Record]:
    """What was shipped of it."""
    order = call.find(record["orderId"]) or {}
    rows = [row for one in order.get("fulfillments", ()) if (row := call.find(one["id"])) is not None]
    return [row for row in rows if any(part["request"] == record["id"] for part in row.get("parts", ()))]


@domain.computed("FulfillmentOrder", "supportedActions")
def supported_actions(call: Call, record: Record, _arguments: Arguments) -> list[Record]:
    """What can be done with it now."""
    return [{"action": name} for name in actions(call, record)]


def actions(call: Call, request: Record) -> tuple[str, ...]:
    """The names of what can be done with a fulfillment order, in a shop's order."""
    status = request["status"]
    if status in SETTLED:
        return ()
    if status == "ON_HOLD":
        mine = sum(hold.get("app") == call.app.client_id for hold in request["fulfillmentHolds"])
        return ("RELEASE_HOLD", "HOLD", "MOVE") if mine < HOLDS_AN_APP else ("RELEASE_HOLD", "MOVE")
    if service_of(call.state, call.shop, request) is not None:
        idle = ("REQUEST_FULFILLMENT", "CREATE_FULFILLMENT", "HOLD", "MOVE")
        return SERVICE_ACTIONS.get(request["requestStatus"], idle)
    if status == "SCHEDULED":
        return ("CREATE_FULFILLMENT", "MOVE", "MARK_AS_OPEN")
    if request.get("progressReported"):
        return ("CREATE_FULFILLMENT", "REPORT_PROGRESS", "HOLD", "MARK_AS_OPEN")
    split = ("SPLIT",) if remaining(request) > 1 else ()
    merge = ("MERGE",) if mergeable(call, request) else ()
    return ("CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD", *split, *merge)


def mergeable(call: Call, request: Record) -> list[Record]:
    """The other open fulfillment orders of the order at the same location. Lines without a variant do not merge."""
    order = call.find(request["orderId"])
    if order is None or len(order.get("fulfillmentOrders", ())) < 2 or request["status"] != "OPEN":
        return []
    if not all(line.get("variant") for line in request["lineItems"]):
        return []
    return [
        one
        for one in requests_of(call.state, call.shop, order)
        if one["id"] != request["id"] and one["status"] == "OPEN" and place_of(one) == place_of(request)
    ]


@domain.computed("FulfillmentOrder", "fulfillmentOrdersForMerge")
def for_merge(call: Call, record: Record, _arguments: Arguments) -> list[Record]:
    """What it could be merged with."""
    return mergeable(call, record)


@domain.computed("FulfillmentOrder", "merchantRequests")
def merchant_requests(_call: Call, record: Record, arguments: Arguments) -> list[Record]:
    """What the merchant asked the fulfillment service."""
    rows = record.get("merchantRequests") or []
    kind = arguments.get("kind")
    return [{**row, "fulfillmentOrder": {"id": record["id"]}} for row in rows if kind in (None, row["kind"])]


@domain.computed("FulfillmentOrder", "locationsForMove")
def locations_for_move(call: Call, record: Record, arguments: Arguments) -> list[Record]:
    """Every other place that ships, and whether it has all that is left."""
    places = [one for one in call.all("Location") if one["isActive"] and one["id"] != place_of(record)]
    if wanted := arguments.get("locationIds"):
        places = [one for one in places if one["id"] in wanted]
    return [_move_to(call, record, place) for place in places]


def _move_to(call: Call, request: Record, place: Record) -> Record:
    there = [line for line in request["lineItems"] if stocked(call, line, place["id"])]
    missing = [line for line in request["lineItems"] if line not in there]
    return {
        "location": {"id": place["id"]},
        "movable": bool(there) and request["requestStatus"] not in AT_SERVICE,
        "message": None if not missing else "No items are stocked at this location." if not there else None,
        "availableLineItems": there,
        "availableLineItemsCount": {"count": len(there), "precision": "EXACT"},
        "unavailableLineItems": missing,
        "unavailableLineItemsCount": {"count": len(missing), "precision": "EXACT"},
    }


def stocked(call: Call, line: Record, place: str, *, enough: bool = False) -> bool:
    """Whether a location stocks a line's item, or `enough` of it; what nobody counts is everywhere."""
    item = call.find(line.get("inventoryItemId"))
    if item is None or not item.get("tracked"):
        return True
    level = level_at(call.space, item["id"], place)
    if level is None or not level["isActive"]:
        return False
    return not enough or quantity(level, "available") >= int(line["remainingQuantity"])


@domain.computed("FulfillmentHold", "heldByRequestingApp")
def held_by_requesting_app(call: Call, record: Record, _arguments: Arguments) -> bool:
    """Whether the app that asks placed it."""
    return bool(record.get("app") == call.app.client_id)


@domain.computed("FulfillmentHold", "heldByApp")
def held_by_app(call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """The app that placed it."""
    return app_record(call.app) if record.get("app") == call.app.client_id else {"id": gid("App", 1), "title": "Other"}


@domain.computed("Order", "fulfillable")
def fulfillable(call: Call, record: Record, _arguments: Arguments) -> bool:
    """Whether something of it can be shipped now."""
    rows = requests_of(call.state, call.shop, record)
    return any(one["status"] in ("OPEN", "IN_PROGRESS") and remaining(one) for one in rows)


@domain.computed("Order", "fulfillmentsCount")
def fulfillments_count(_call: Call, record: Record, _arguments: Arguments) -> Record:
    """How many shipments it has, cancelled ones too."""
    return {"count": len(record.get("fulfillments") or ()), "precision": "EXACT"}


@domain.computed("Order", "nonFulfillableLineItems")
def non_fulfillable_lines(_call: Call, record: Record, _arguments: Arguments) -> list[Record]:
    """Lines nobody ships, such as tips."""
    return [line for line in record["lineItems"] if line.get("requiresShipping") is False]


@domain.computed("Location", "hasUnfulfilledOrders")
def has_unfulfilled_orders(call: Call, record: Record, _arguments: Arguments) -> bool:
    """Whether it still has to ship something."""
    rows = call.space.records.get("FulfillmentOrder", {}).values()
    return any(one["status"] not in SETTLED and place_of(one) == record["id"] for one in rows)
