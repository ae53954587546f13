"""`orderCancel`: refused at once, or accepted as a job that cancels a little later."""

from decimal import Decimal

from deployments.sandbox.shopify.domains.order_changes import MISSING, refund_left
from deployments.sandbox.shopify.domains.payments import (
    figures,
    new_transaction,
    uncaptured,
    with_transaction,
    zero_like,
)
from deployments.sandbox.shopify.domains.refund_records import cancellation
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.jobs import open_jobs, result_of, start_job
from deployments.sandbox.shopify.outbound import SETTLED, give_up, place_of, requests_of, tell
from deployments.sandbox.shopify.records import Record, iso, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.state import State

domain = Domain()
KIND = "orderCancel"
LONGEST_NOTE = 255
CURRENT_TOTALS = (
    "currentSubtotalPriceSet",
    "currentTotalPriceSet",
    "currentTotalTaxSet",
    "currentTotalDiscountsSet",
    "currentShippingPriceSet",
)
TOPICS = ("orders/cancelled", "orders/updated")
STORE_CREDIT = "shopify_store_credit"


@domain.mutation("orderCancel")
def order_cancel(call: Call, arguments: Arguments) -> Record:
    """Start the job, or say why not."""
    refusal = _refusal(call, arguments)
    if refusal is not None:
        return {"job": None, "jobResult": None, "orderCancelUserErrors": [refusal], "userErrors": [refusal]}
    method = arguments.get("refundMethod") or {}
    credit = method.get("storeCreditRefund") is not None
    refund = bool(arguments.get("refund") or method.get("originalPaymentMethodsRefund") or credit)
    job = start_job(
        call,
        KIND,
        {
            "order": {"id": arguments["orderId"]},
            "reason": arguments["reason"],
            "restock": arguments["restock"],
            "refund": refund,
            "gateway": STORE_CREDIT if credit else None,
            "staffNote": arguments.get("staffNote"),
        },
    )
    return {"job": reference(job), "jobResult": result_of(job), "orderCancelUserErrors": [], "userErrors": []}


def _refusal(call: Call, arguments: Arguments) -> Record | None:
    order = call.find(arguments["orderId"])
    if order is None:
        return user_error(["orderId"], MISSING, "NOT_FOUND")
    if len(arguments.get("staffNote") or "") > LONGEST_NOTE:
        message = f"Staff note is too long. Maximum length is {LONGEST_NOTE} characters."
        return user_error(["staffNote"], message, "INVALID")
    if arguments.get("refund") is not None and arguments.get("refundMethod") is not None:
        message = "Only one of the arguments `refund` or `refund_method` is allowed."
        return user_error(["refund"], message, "INVALID")
    if order.get("cancelledAt"):
        return user_error(["orderId"], "Cannot cancel an order that has already been canceled", "INVALID")
    # As recorded: an order nobody paid may be cancelled whatever was shipped and returned.
    paid = bool(order.get("transactions"))
    if paid and order.get("returnStatus", "NO_RETURN") != "NO_RETURN":
        return user_error(["orderId"], "Cannot cancel an order that has returns", "INVALID")
    if paid and _has_shipped(call, order):
        return user_error(["orderId"], "Cannot cancel an order that has outstanding fulfillments", "INVALID")
    if any(one["kind"] == "AUTHORIZATION" and one["status"] == "PENDING" for one in order.get("transactions", ())):
        return user_error(["orderId"], "Cannot cancel an order that has pending payment authorizations", "INVALID")
    if any(job["order"]["id"] == order["id"] for job in open_jobs(call, KIND)):
        return user_error(None, "Cancellation is already in progress", "INVALID")
    return None


def _has_shipped(call: Call, order: Record) -> bool:
    rows = [call.find(one["id"]) or one for one in order.get("fulfillments", ())]
    return any(row.get("status") == "SUCCESS" for row in rows)


def cancel(state: State, shop: str, job: Record) -> Record:
    """Do what an accepted cancellation asks: release stock, void or refund money, close the order's requests.

    As recorded: every line's current quantity and the current totals become nothing; the order is archived too unless
    the shop keeps money for it.
    """
    order = state.get(shop, job["order"]["id"])
    if order is None:
        return {"status": "FAILED", "errors": [user_error(["orderId"], MISSING, "NOT_FOUND")]}
    requests = [one for one in requests_of(state, shop, order) if one["status"] not in SETTLED]
    paid_back = job["restock"] and order.get("displayFinancialStatus") == "PAID"
    if paid_back and not all(_is_open(state, shop, one) for one in requests):
        message = "Cannot restock inventory to a deactivated location"
        return {"status": "FAILED", "errors": [user_error(["restock"], message, "INVALID")]}
    for request in requests:
        _close_request(state, shop, request, restock=job["restock"] and _is_open(state, shop, request))
    now = iso(state.clock())
    changes: Record = {
        "cancelledAt": now,
        "cancelReason": job["reason"],
        "cancellation": {"staffNote": job["staffNote"]},
        "lineItems": [{**line, "currentQuantity": 0} for line in order["lineItems"]],
        **dict.fromkeys(CURRENT_TOTALS, zero_like(order["totalPriceSet"])),
    }
    changes |= _settle(state, shop, order, changes, job)
    if not Decimal(refund_left({**order, **changes})["shopMoney"]["amount"]):
        changes["closedAt"] = now
    state.update_order(shop, order["id"], changes, topics=TOPICS)
    return {"status": "SUCCEEDED"}


def _is_open(state: State, shop: str, request: Record) -> bool:
    """Whether the location that was to ship is still in use."""
    location = state.get(shop, place_of(request) or "")
    return location is None or bool(location["isActive"])


def _close_request(state: State, shop: str, request: Record, *, restock: bool) -> None:
    give_up(state, shop, place_of(request), request["lineItems"], restock=restock)
    closed = state.update(shop, request["id"], {"status": "CLOSED", "fulfillmentHolds": []}, topics=())
    tell(state, shop, "cancelled", closed, replacement=None)


def _settle(state: State, shop: str, before: Record, changes: Record, job: Record) -> Record:
    order = {**before, **changes}
    added = []
    for one in order.get("transactions", ()):
        left = uncaptured(order, one)
        if one["kind"] == "AUTHORIZATION" and one["status"] == "SUCCESS" and Decimal(left["shopMoney"]["amount"]):
            more = {"parentTransaction": reference(one), "gateway": one["gateway"]}
            added.append(new_transaction(state, shop, order, "VOID", zero_like(left), **more))
    owed_back = refund_left(order)
    if not job["refund"] or not Decimal(owed_back["shopMoney"]["amount"]):
        changes = with_transaction(order, *added) if added else figures(order)
        # Money kept for a cancelled order leaves it as paid as it was.
        return changes if added else {**changes, "displayFinancialStatus": order.get("displayFinancialStatus")}
    made, back = cancellation(state, shop, before, restock=job["restock"], gateway=job.get("gateway"))
    changes = with_transaction(order, *added, *back)
    return {**changes, "refunds": [*order.get("refunds", ()), made]}
