"""Money taken for an order that exists: captured, voided, paid by hand."""

from datetime import datetime
from decimal import Decimal

from deployments.sandbox.shopify.domains.order_changes import MISSING
from deployments.sandbox.shopify.domains.orders import is_markable
from deployments.sandbox.shopify.domains.payments import (
    converted,
    figures,
    new_transaction,
    uncaptured,
    with_transaction,
    zero_like,
)
from deployments.sandbox.shopify.errors import access_denied, user_error
from deployments.sandbox.shopify.records import Record, iso, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.schema import published

domain = Domain()
PAID_TOPICS = ("orders/updated", "orders/paid")
UNPAYABLE = "Order cannot be marked as paid."


@domain.mutation("orderMarkAsPaid")
def order_mark_as_paid(call: Call, arguments: Arguments) -> Record:
    """Record what is owed as paid by hand; an authorization is captured."""
    order = call.find(arguments["input"]["id"])
    if order is None:
        return {"order": None, "userErrors": [user_error(["id"], MISSING)]}
    if not is_markable(order):
        return {"order": reference(order), "userErrors": [user_error(["id"], UNPAYABLE)]}
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


@domain.mutation("transactionVoid")
def transaction_void(call: Call, arguments: Arguments) -> Record:
    """Let an authorization go that nothing was captured of."""
    parent = call.find(arguments["parentTransactionId"])
    order = call.state.owner(call.shop, parent["id"]) if parent else None
    refusal = None
    if parent is None or order is None:
        refusal = ("Transaction does not exist", "TRANSACTION_NOT_FOUND")
    elif parent["kind"] != "AUTHORIZATION" or parent["status"] != "SUCCESS":
        refusal = ("Parent transaction must be a successful authorization", "AUTH_NOT_SUCCESSFUL")
    elif uncaptured(order, parent)["shopMoney"]["amount"] != parent["amountSet"]["shopMoney"]["amount"]:
        message = "Parent transaction require a parent_id referring to a voidable transaction"
        refusal = (message, "AUTH_NOT_VOIDABLE")
    if parent is None or order is None or refusal is not None:
        message, code = refusal or ("", "GENERIC_ERROR")
        return {"transaction": None, "userErrors": [user_error(["parentTransactionId"], message, code)]}
    more = {"parentTransaction": reference(parent), "gateway": parent["gateway"]}
    voided = new_transaction(call.state, call.shop, order, "VOID", zero_like(parent["amountSet"]), **more)
    call.state.update_order(call.shop, order["id"], with_transaction(order, voided))
    return {"transaction": reference(voided), "userErrors": []}


@domain.mutation("orderCreateManualPayment")
def create_manual_payment(call: Call, arguments: Arguments) -> Record:
    """Note a payment the shop did not take itself: all that is owed, or on a Plus plan a part of it."""
    name, amount = "orderCreateManualPayment", arguments.get("amount")
    requirement = published().requirement("Mutation", name)
    if amount is not None and not (call.space.shop.get("plan") or {}).get("shopifyPlus") and requirement is not None:
        raise access_denied(name, requirement.words)
    order = call.find(arguments["id"])
    refusal = _manual_refusal(call, order, arguments)
    if order is None or refusal is not None:
        return {"order": None, "userErrors": [refusal]}
    owed = figures(order)["totalOutstandingSet"]
    paid = owed if amount is None else converted(order["totalPriceSet"], Decimal(amount["amount"]))
    moment = arguments.get("processedAt")
    more = {"gateway": arguments.get("paymentMethodName") or "manual", "manualPaymentGateway": True}
    if moment:
        more["processedAt"] = iso(datetime.fromisoformat(moment))
    taken = new_transaction(call.state, call.shop, order, "SALE", paid, **more)
    changes = with_transaction(order, taken)
    topics = PAID_TOPICS if changes["displayFinancialStatus"] == "PAID" else None
    call.state.update_order(call.shop, order["id"], changes, topics=topics)
    return {"order": reference(order), "userErrors": []}


def _manual_refusal(call: Call, order: Record | None, arguments: Arguments) -> Record | None:
    if order is None:
        return user_error(["id"], MISSING, "ORDER_NOT_FOUND")
    amount, owed = arguments.get("amount"), figures(order)["totalOutstandingSet"]["presentmentMoney"]
    if Decimal(owed["amount"]) <= 0 or order.get("cancelledAt"):
        return user_error(["id"], UNPAYABLE)
    if amount is not None:
        if amount["currencyCode"] != owed["currencyCode"]:
            message = "The currency of the amount doesn't match the presentment currency of the order."
            return user_error(["amount"], message, "CURRENCY_MISMATCH")
        if Decimal(amount["amount"]) <= 0:
            return user_error(["amount"], "Amount must be positive.", "AMOUNT_NOT_POSITIVE")
        if Decimal(amount["amount"]) > Decimal(owed["amount"]):
            return user_error(["amount"], "Amount exceeds the remaining balance.", "AMOUNT_EXCEEDS_BALANCE")
    moment = arguments.get("processedAt")
    if moment and iso(datetime.fromisoformat(moment)) > call.now_text:
        return user_error(["processedAt"], "The processedAt field is invalid.", "PROCESSED_AT_INVALID")
    return None
