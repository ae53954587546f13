"""What can be done to an order that exists, except cancelling it."""

from deployments.sandbox.shopify.domains import metafields
from deployments.sandbox.shopify.domains.addresses import address_of
from deployments.sandbox.shopify.domains.payments import add_bags, summed
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.records import Record, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
MISSING = "Order does not exist"
_PLAIN = ("note", "email", "phone", "poNumber", "customAttributes", "tags")


@domain.mutation("orderUpdate")
def order_update(call: Call, arguments: Arguments) -> Record:
    """Overwrite what is given; tags and custom attributes as a whole."""
    given = arguments["input"]
    order = call.find(given["id"])
    if order is None:
        return {"order": None, "userErrors": [user_error(["id"], MISSING)]}
    changes = {name: given[name] for name in _PLAIN if name in given}
    if given.get("shippingAddress"):
        changes["shippingAddress"] = address_of(call, given["shippingAddress"])
    for row in given.get("metafields") or ():
        namespace = metafields.app_namespace(call, row.get("namespace"))
        metafields.write(call, {**row, "namespace": namespace, "ownerId": order["id"]})
    call.state.update_order(call.shop, order["id"], changes)
    return {"order": reference(order), "userErrors": []}


@domain.mutation("orderClose")
def order_close(call: Call, arguments: Arguments) -> Record:
    """Archive an order; one that is archived stays so, without complaint."""
    return _archive(call, arguments, call.now_text)


@domain.mutation("orderOpen")
def order_open(call: Call, arguments: Arguments) -> Record:
    """Take an order out of the archive."""
    return _archive(call, arguments, None)


def _archive(call: Call, arguments: Arguments, closed_at: str | None) -> Record:
    order = call.find(arguments["input"]["id"])
    if order is None:
        return {"order": None, "userErrors": [user_error(["id"], MISSING)]}
    if bool(order.get("closedAt")) != bool(closed_at):
        call.state.update_order(call.shop, order["id"], {"closedAt": closed_at})
    return {"order": reference(order), "userErrors": []}


@domain.mutation("orderDelete")
def order_delete(call: Call, arguments: Arguments) -> Record:
    """Remove an order for good."""
    order = call.find(arguments["orderId"])
    if order is None:
        return {"deletedId": None, "userErrors": [user_error(["orderId"], MISSING, "NOT_FOUND")]}
    for one in order.get("fulfillmentOrders", ()):
        call.state.remove(call.shop, one["id"], topics=())
    call.state.remove(call.shop, order["id"])
    return {"deletedId": order["id"], "userErrors": []}


def refund_left(order: Record) -> Record:
    """What was received and not given back yet."""
    return add_bags(summed(order, "SALE", "CAPTURE"), summed(order, "REFUND"), -1)
