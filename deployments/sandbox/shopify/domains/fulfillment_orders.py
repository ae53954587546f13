"""Fulfillment orders and fulfillments: reading."""

from deployments.sandbox.shopify.domains.order_records import SETTLED
from deployments.sandbox.shopify.listing import by, listing, sorted_by
from deployments.sandbox.shopify.paging import Listing
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.search import Search

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


@domain.query("fulfillmentOrders")
def fulfillment_orders(call: Call, arguments: Arguments) -> Listing:
    """Fulfillment orders of all orders, without closed ones unless asked."""
    rows = [
        one for one in call.all("FulfillmentOrder") if arguments.get("includeClosed") or one["status"] not in SETTLED
    ]
    return listing(call, "fulfillmentOrders", rows, SEARCH, SORT, arguments)


@domain.query("fulfillmentOrder")
@domain.query("fulfillment")
def one(call: Call, arguments: Arguments) -> Record | None:
    """A fulfillment order or a fulfillment by id."""
    return call.find(arguments["id"])


@domain.computed("Order", "fulfillmentOrders")
def of_order(call: Call, record: Record, arguments: Arguments) -> list[Record]:
    """The fulfillment orders of an order, those that may be shown unless asked otherwise."""
    rows = [row for one in record.get("fulfillmentOrders", ()) if (row := call.find(one["id"])) is not None]
    matches, _ = SEARCH.compile(arguments.get("query"))
    return [row for row in rows if matches(row)]


@domain.computed("FulfillmentOrderLineItem", "lineItem")
def line_item(call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """The order line that is to be shipped."""
    return call.find(record["lineItem"]["id"])
