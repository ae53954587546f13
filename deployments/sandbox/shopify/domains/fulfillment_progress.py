"""The merchant's own work on a fulfillment order: begun, put back, put off, given up, ready to be collected."""

from datetime import datetime

from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.outbound import SETTLED, open_request, refresh, remaining, service_of, tell
from deployments.sandbox.shopify.outbound_access import found
from deployments.sandbox.shopify.records import Record, gid_tail, iso, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
MISSING = "Fulfillment order does not exist."
IN_PROGRESS = "Cannot cancel fulfillment order that has had progress reported. Mark as unfulfilled first."
NOT_CANCELABLE = "Fulfillment order is not in cancelable request state and can't be canceled."
NOT_SERVED = "The fulfillment order's assigned fulfillment service must be of api type"


def _answer(request: Record | None, refusal: Record | None = None) -> Record:
    return {"fulfillmentOrder": reference(request) if request else None, "userErrors": [refusal] if refusal else []}


def _set(call: Call, request: Record, **changes: object) -> Record:
    """Change a fulfillment order and what its order shows."""
    kept = call.state.update(call.shop, request["id"], changes, topics=())
    refresh(call.state, call.shop, request["orderId"])
    return kept


@domain.mutation("fulfillmentOrderReportProgress")
def report_progress(call: Call, arguments: Arguments) -> Record:
    """Work has begun: nobody else may move it."""
    request = found(call, "fulfillmentOrderReportProgress", arguments["id"])
    if request is None:
        return _answer(None, user_error(["id"], MISSING, "FULFILLMENT_ORDER_NOT_FOUND"))
    if request["status"] not in ("OPEN", "IN_PROGRESS"):
        message = "Cannot report progress on a fulfillment order in this state."
        return _answer(None, user_error(None, message, "FULFILLMENT_ORDER_STATUS_INVALID"))
    kept = _set(call, request, status="IN_PROGRESS", progressReported=True)
    notes = (arguments.get("progressReport") or {}).get("reasonNotes")
    tell(call.state, call.shop, "progress_reported", kept, notes=notes, before=request["status"], app=call.app.number)
    return _answer(kept)


@domain.mutation("fulfillmentOrderOpen")
def open_again(call: Call, arguments: Arguments) -> Record:
    """Put back what was begun, or ship now what was scheduled for later."""
    request = found(call, "fulfillmentOrderOpen", arguments["id"])
    if request is None:
        return _answer(None, user_error(["id"], MISSING))
    if request["status"] not in ("IN_PROGRESS", "SCHEDULED") or request["requestStatus"] == "ACCEPTED":
        message = f"Expected fulfillment order status to be valid but it was {request['status'].lower()}."
        return _answer(None, user_error(None, message))
    due = {"fulfillAt": call.now_text} if request["status"] == "SCHEDULED" else {}
    kept = _set(call, request, status="OPEN", progressReported=False, **due)
    if request["status"] == "SCHEDULED":
        tell(call.state, call.shop, "scheduled_fulfillment_order_ready", kept)
    else:
        tell(call.state, call.shop, "manually_reported_progress_stopped", kept, app=call.app.number)
    return _answer(kept)


@domain.mutation("fulfillmentOrderReschedule")
def reschedule(call: Call, arguments: Arguments) -> Record:
    """Set another day for what is scheduled; a day that has come opens it."""
    request = found(call, "fulfillmentOrderReschedule", arguments["id"])
    if request is None:
        message = "Fulfillment order could not be found."
        return _answer(None, user_error(["id"], message, "FULFILLMENT_ORDER_NOT_FOUND"))
    if request["status"] != "SCHEDULED":
        return _answer(None, user_error(None, "Fulfillment order must be scheduled."))
    due = iso(datetime.fromisoformat(arguments["fulfillAt"]))
    status = "SCHEDULED" if due > call.now_text else "OPEN"
    kept = _set(call, request, fulfillAt=due, status=status)
    tell(call.state, call.shop, "rescheduled", kept)
    return _answer(kept)


@domain.mutation("fulfillmentOrdersSetFulfillmentDeadline")
def set_deadline(call: Call, arguments: Arguments) -> Record:
    """The latest moment to ship, for several fulfillment orders at once."""
    root = "fulfillmentOrdersSetFulfillmentDeadline"
    requests = [found(call, root, one) for one in arguments["fulfillmentOrderIds"]]
    if not requests or any(one is None for one in requests):
        return {"success": False, "userErrors": [user_error(None, "Fulfillment orders could not be found.")]}
    deadline = iso(datetime.fromisoformat(arguments["fulfillmentDeadline"]))
    for request in requests:
        if request is not None:
            call.state.update(call.shop, request["id"], {"fulfillBy": deadline}, topics=())
    return {"success": True, "userErrors": []}


@domain.mutation("fulfillmentOrderCancel")
def cancel(call: Call, arguments: Arguments) -> Record:
    """Close a fulfillment order; what it had left to ship stands in a replacement."""
    request = found(call, "fulfillmentOrderCancel", arguments["id"])
    refusal = _cancel_refusal(request)
    if request is None or refusal is not None:
        return {"fulfillmentOrder": None, "replacementFulfillmentOrder": None, "userErrors": [refusal]}
    kept, replacement = replaced(call, request, status="CLOSED")
    tell(call.state, call.shop, "cancelled", kept, replacement=replacement)
    return {
        "fulfillmentOrder": reference(kept),
        "replacementFulfillmentOrder": reference(replacement),
        "userErrors": [],
    }


def _cancel_refusal(request: Record | None) -> Record | None:
    if request is None:
        return user_error(["id"], MISSING)
    if request.get("progressReported"):
        return user_error(["id"], IN_PROGRESS, "FULFILLMENT_ORDER_HAS_MANUALLY_REPORTED_PROGRESS")
    begun = request["requestStatus"] in ("ACCEPTED", "CANCELLATION_REJECTED")
    if request["status"] in SETTLED or begun or not remaining(request):
        return user_error(None, NOT_CANCELABLE)
    return None


def replaced(call: Call, request: Record, **changes: str) -> tuple[Record, Record]:
    """A fulfillment order that ends, and the new one its open lines go to with their ids; stock stays committed."""
    left = [line for line in request["lineItems"] if line["remainingQuantity"]]
    goes = [{**line, "totalQuantity": line["remainingQuantity"]} for line in left]
    stays = [
        {**line, "totalQuantity": int(line["totalQuantity"]) - int(line["remainingQuantity"]), "remainingQuantity": 0}
        for line in request["lineItems"]
        if int(line["totalQuantity"]) > int(line["remainingQuantity"])
    ]
    kept = call.state.update(
        call.shop, request["id"], {"lineItems": stays, "fulfillmentHolds": [], **changes}, topics=()
    )
    replacement = open_request(call.state, call.shop, request, goes)
    refresh(call.state, call.shop, request["orderId"])
    return kept, replacement


@domain.mutation("fulfillmentOrderClose")
def close(call: Call, arguments: Arguments) -> Record:
    """A service gives an accepted request back unfinished."""
    request = found(call, "fulfillmentOrderClose", arguments["id"])
    if request is None:
        return _answer(None, user_error(["id"], MISSING))
    if service_of(call.state, call.shop, request) is None:
        return _answer(None, user_error(None, NOT_SERVED))
    if request["status"] != "IN_PROGRESS" or request["requestStatus"] not in ("ACCEPTED", "CANCELLATION_REJECTED"):
        message = "The fulfillment order's request must be accepted and its status must be in progress"
        return _answer(None, user_error(None, message))
    kept = _set(call, request, status="INCOMPLETE", requestStatus="CLOSED")
    tell(call.state, call.shop, "fulfillment_service_failed_to_complete", kept, message=arguments.get("message"))
    return _answer(kept)


@domain.mutation("fulfillmentOrderLineItemsPreparedForPickup")
def prepared_for_pickup(call: Call, arguments: Arguments) -> Record:
    """The shopper may come for it."""
    root, refusals, requests = "fulfillmentOrderLineItemsPreparedForPickup", [], []
    for place, row in enumerate(arguments["input"]["lineItemsByFulfillmentOrder"]):
        path = ["input", "lineItemsByFulfillmentOrder", str(place), "fulfillmentOrderId"]
        request = found(call, root, row["fulfillmentOrderId"])
        if request is None or request["status"] in SETTLED:
            message = f"Invalid fulfillment_order_id provided {gid_tail(row['fulfillmentOrderId'])}"
            refusals.append(user_error(path, message, "FULFILLMENT_ORDER_INVALID"))
        elif request["deliveryMethod"].get("methodType") != "PICK_UP" or request.get("prepared"):
            message = "The fulfillment order does not have any line items that can be prepared."
            refusals.append(user_error(path, message, "NO_LINE_ITEMS_TO_PREPARE_FOR_FULFILLMENT_ORDER"))
        else:
            requests.append(request)
    if refusals:
        return {"userErrors": refusals}
    for request in requests:
        kept = call.state.update(call.shop, request["id"], {"prepared": True}, topics=())
        tell(call.state, call.shop, "line_items_prepared_for_pickup", kept)
    return {"userErrors": []}
