"""What a merchant asks a fulfillment service, and what the service answers.

UNSUBMITTED or REJECTED -> SUBMITTED -> ACCEPTED or REJECTED; ACCEPTED -> CANCELLATION_REQUESTED ->
CANCELLATION_ACCEPTED (the work stands in a new fulfillment order) or CANCELLATION_REJECTED.
"""

from deployments.sandbox.shopify.domains.fulfillment_progress import replaced
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.outbound import SETTLED, cut, open_request, refresh, remaining, service_of, tell
from deployments.sandbox.shopify.outbound_access import found
from deployments.sandbox.shopify.records import Record, gid, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
MISSING = "Fulfillment order does not exist."
ASKABLE = ("UNSUBMITTED", "REJECTED", "CANCELLATION_ACCEPTED", "CLOSED")


def _answer(request: Record | None, refusal: Record | None = None) -> Record:
    return {"fulfillmentOrder": reference(request) if request else None, "userErrors": [refusal] if refusal else []}


def _refusal(call: Call, request: Record | None, wanted: tuple[str, ...], done: str) -> Record | None:
    """Why a request cannot be asked or answered; None when its status is one of those wanted."""
    if request is None:
        return user_error(["id"], MISSING)
    if service_of(call.state, call.shop, request) is None:
        return user_error(None, "The fulfillment order's assigned fulfillment service must be of api type")
    if request["status"] in SETTLED or request["requestStatus"] not in wanted:
        status = request["requestStatus"].lower()
        return user_error(None, f"Cannot {done} for a fulfillment order with the request status {status}.")
    return None


def _asked(call: Call, request: Record, kind: str, message: str | None, **options: object) -> Record:
    """A MerchantRequest, to be kept with the fulfillment order."""
    return {
        "id": gid("FulfillmentOrderMerchantRequest", call.space.number()),
        "kind": kind,
        "message": message,
        "requestOptions": options,
        "responseData": None,
        "sentAt": call.now_text,
    }


def _changed(call: Call, request: Record, **changes: object) -> Record:
    kept = call.state.update(call.shop, request["id"], changes, topics=())
    refresh(call.state, call.shop, request["orderId"])
    return kept


@domain.mutation("fulfillmentOrderSubmitFulfillmentRequest")
def submit(call: Call, arguments: Arguments) -> Record:
    """Ask the service to ship all that is left, or some of it: the rest becomes a fulfillment order of its own."""
    request = found(call, "fulfillmentOrderSubmitFulfillmentRequest", arguments["id"])
    wanted = {row["id"]: row["quantity"] for row in arguments.get("fulfillmentOrderLineItems") or ()}
    refusal = _refusal(call, request, ASKABLE, "request fulfillment") or _line_refusal(request, wanted)
    if request is None or refusal is not None:
        nothing = ("originalFulfillmentOrder", "submittedFulfillmentOrder", "unsubmittedFulfillmentOrder")
        return {**dict.fromkeys(nothing), "userErrors": [refusal]}
    lines, rest = request["lineItems"], None
    if wanted and sum(wanted.values()) < remaining(request):
        others = {
            line["id"]: int(line["remainingQuantity"]) - wanted.get(line["id"], 0)
            for line in lines
            if int(line["remainingQuantity"]) > wanted.get(line["id"], 0)
        }
        lines, goes = cut(call.state, call.shop, request, others)
        rest = open_request(call.state, call.shop, request, goes)
    notify = bool(arguments.get("notifyCustomer"))
    asked = _asked(call, request, "FULFILLMENT_REQUEST", arguments.get("message"), notify_customer=notify)
    asks = [*(request.get("merchantRequests") or ()), asked]
    kept = _changed(call, request, lineItems=lines, status="OPEN", requestStatus="SUBMITTED", merchantRequests=asks)
    tell(call.state, call.shop, "fulfillment_request_submitted", kept, original=request, asked=asked)
    return {
        "originalFulfillmentOrder": reference(kept),
        "submittedFulfillmentOrder": reference(kept),
        "unsubmittedFulfillmentOrder": reference(rest) if rest else None,
        "userErrors": [],
    }


def _line_refusal(request: Record | None, wanted: dict[str, int]) -> Record | None:
    left = {line["id"]: int(line["remainingQuantity"]) for line in (request or {}).get("lineItems", ())}
    if any(line_id not in left for line_id in wanted):
        return user_error(None, "Fulfillment order line item does not exist.")
    if any(not 0 < pieces <= left[line_id] for line_id, pieces in wanted.items()):
        return user_error(None, "Invalid fulfillment order line item quantity requested.")
    return None


@domain.mutation("fulfillmentOrderAcceptFulfillmentRequest")
def accept(call: Call, arguments: Arguments) -> Record:
    """The service will ship it."""
    request = found(call, "fulfillmentOrderAcceptFulfillmentRequest", arguments["id"])
    refusal = _refusal(call, request, ("SUBMITTED",), "accept a fulfillment request")
    if request is None or refusal is not None:
        return _answer(None, refusal)
    kept = _changed(call, request, status="IN_PROGRESS", requestStatus="ACCEPTED")
    tell(call.state, call.shop, "fulfillment_request_accepted", kept, message=arguments.get("message"))
    return _answer(kept)


@domain.mutation("fulfillmentOrderRejectFulfillmentRequest")
def reject(call: Call, arguments: Arguments) -> Record:
    """The service will not."""
    request = found(call, "fulfillmentOrderRejectFulfillmentRequest", arguments["id"])
    refusal = _refusal(call, request, ("SUBMITTED",), "reject a fulfillment request")
    if request is None or refusal is not None:
        return _answer(None, refusal)
    kept = _changed(call, request, status="OPEN", requestStatus="REJECTED")
    tell(call.state, call.shop, "fulfillment_request_rejected", kept, message=arguments.get("message"))
    return _answer(kept)


@domain.mutation("fulfillmentOrderSubmitCancellationRequest")
def submit_cancellation(call: Call, arguments: Arguments) -> Record:
    """Ask the service not to ship after all; nothing was accepted yet: it is off at once."""
    request = found(call, "fulfillmentOrderSubmitCancellationRequest", arguments["id"])
    askable = ("SUBMITTED", "ACCEPTED", "CANCELLATION_REJECTED")
    refusal = _refusal(call, request, askable, "request cancellation")
    if request is None or refusal is not None:
        return _answer(None, refusal)
    asked = _asked(call, request, "CANCELLATION_REQUEST", arguments.get("message"))
    asks = [*(request.get("merchantRequests") or ()), asked]
    if request["requestStatus"] == "SUBMITTED":
        return _answer(_changed(call, request, requestStatus="UNSUBMITTED", merchantRequests=asks))
    kept = _changed(call, request, requestStatus="CANCELLATION_REQUESTED", merchantRequests=asks)
    tell(call.state, call.shop, "cancellation_request_submitted", kept, asked=asked)
    return _answer(kept)


@domain.mutation("fulfillmentOrderAcceptCancellationRequest")
def accept_cancellation(call: Call, arguments: Arguments) -> Record:
    """The service stopped; what is left stands in a new fulfillment order at the same place."""
    request = found(call, "fulfillmentOrderAcceptCancellationRequest", arguments["id"])
    refusal = _refusal(call, request, ("CANCELLATION_REQUESTED",), "accept a cancellation request")
    if request is None or refusal is not None:
        return _answer(None, refusal)
    kept, _ = replaced(call, request, status="CANCELLED", requestStatus="CANCELLATION_ACCEPTED")
    tell(call.state, call.shop, "cancellation_request_accepted", kept, message=arguments.get("message"))
    return _answer(kept)


@domain.mutation("fulfillmentOrderRejectCancellationRequest")
def reject_cancellation(call: Call, arguments: Arguments) -> Record:
    """Too late: the service ships."""
    request = found(call, "fulfillmentOrderRejectCancellationRequest", arguments["id"])
    refusal = _refusal(call, request, ("CANCELLATION_REQUESTED",), "reject a cancellation request")
    if request is None or refusal is not None:
        return _answer(None, refusal)
    kept = _changed(call, request, status="IN_PROGRESS", requestStatus="CANCELLATION_REJECTED")
    tell(call.state, call.shop, "cancellation_request_rejected", kept, message=arguments.get("message"))
    return _answer(kept)
