"""What can be done to an order that exists, except cancelling it."""

from decimal import Decimal

from deployments.sandbox.shopify.domains import metafields
from deployments.sandbox.shopify.domains.addresses import address_of
from deployments.sandbox.shopify.domains.orders import is_markable
from deployments.sandbox.shopify.domains.payments import (
    add_bags,
    converted,
    figures,
    new_transaction,
    summed,
    uncaptured,
    with_transaction,
)
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.records import Record, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
MISSING = "Order does not exist"
PAID_TOPICS = ("orders/updated", "orders/paid")
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


@domain.mutation("orderMarkAsPaid")
def order_mark_as_paid(call: Call, arguments: Arguments) -> Record:
    """Record what is owed as paid by hand; an authorization is captured."""
    order = call.find(arguments["input"]["id"])
    if order is None:
        return {"order": None, "userErrors": [user_error(["id"], MISSING)]}
    if not is_markable(order):
        return {"order": reference(order), "userErrors": [user_error(["id"], "Order cannot be marked as paid.")]}
    added = []
    for one in order.get("transactions", ()):
        left = uncaptured(order, one)
        if one["kind"] == "AUTHORIZATION" and one["status"] == "SUCCESS" and Decimal(left["shopMoney"]["amount"]):
            more = {"parentTransaction": reference(one), "gateway": one["gateway"]}
            added.append(new_transaction(call.state, call.shop, order, "CAPTURE", left, **more))
    owed = figures(order)["totalOutstandingSet"]
    if Decimal(owed["shopMoney"]["amount"]) or not added:
        added.append(new_transaction(call.state, call.shop, order, "SALE", owed))
    changes = {**with_transaction(order, *added), "displayFinancialStatus": "PAID"}
    call.state.update_order(call.shop, order["id"], changes, topics=PAID_TOPICS)
    return {"order": reference(order), "userErrors": []}


@domain.mutation("orderCapture")
def order_capture(call: Call, arguments: Arguments) -> Record:
    """Capture a part of an authorization, or all of it."""
    given = arguments["input"]
    order = call.find(given["id"])
    if order is None:
        return {"transaction": None, "userErrors": [user_error(["id"], MISSING)]}
    parent = next((one for one in order["transactions"] if one["id"] == given["parentTransactionId"]), None)
    refusal = _capture_refusal(order, parent, given)
    if refusal is not None or parent is None:
        return {"transaction": None, "userErrors": [refusal]}
    amount = converted(parent["amountSet"], Decimal(given["amount"]))
    more = {"parentTransaction": reference(parent), "gateway": parent["gateway"]}
    taken = new_transaction(call.state, call.shop, order, "CAPTURE", amount, **more)
    changes = with_transaction(order, taken)
    topics = PAID_TOPICS if changes["displayFinancialStatus"] == "PAID" else None
    call.state.update_order(call.shop, order["id"], changes, topics=topics)
    return {"transaction": reference(taken), "userErrors": []}


def _capture_refusal(order: Record, parent: Record | None, given: Record) -> Record | None:
    amount = Decimal(given["amount"])
    if parent is None:
        return user_error(None, "Unable to find parent transaction")
    if parent["kind"] != "AUTHORIZATION":
        return user_error(None, "Parent transaction should be a successful authorization")
    if parent["status"] != "SUCCESS":
        return user_error(None, "Can only capture successful authorizations")
    wanted = parent["amountSet"]["presentmentMoney"]["currencyCode"]
    several = order["currencyCode"] != order["presentmentCurrencyCode"]
    if given.get("currency", None if several else wanted) != wanted:
        return user_error(["currency"], f"Currency Currency must match parent transaction {wanted}")
    if given.get("finalCapture") is not None:
        message = "Setting final capture is not supported for this transaction's payment gateway. "
        return user_error(None, message + "Please remove the parameter or set it to null, then try again.")
    if amount <= 0:
        return user_error(None, "Amount must be greater than zero for capture transactions")
    left = uncaptured(order, parent)["presentmentMoney"]["amount"]
    if amount > Decimal(left):
        return user_error(None, f"Cannot capture more than the authorized {left} for this payment.")
    return None


def refund_left(order: Record) -> Record:
    """What was received and not given back yet."""
    return add_bags(summed(order, "SALE", "CAPTURE"), summed(order, "REFUND"), -1)
