"""Moving, splitting and merging fulfillment orders: the ids of what is to be shipped change.

As recorded: a partial move or split makes a new fulfillment order for what goes; a merge leaves the others closed with
nothing in them.
"""

from collections.abc import Iterator

from deployments.sandbox.shopify.domains.fulfillment_orders import stocked
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.outbound import (
    AT_SERVICE,
    SETTLED,
    assigned,
    counted,
    cut,
    emptied,
    joined,
    open_request,
    place_of,
    pledge,
    refresh,
    remaining,
    requests_of,
    service_of,
    tell,
)
from deployments.sandbox.shopify.outbound_access import found, require
from deployments.sandbox.shopify.records import Record, gid_tail, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
MISSING = "Fulfillment order does not exist."
NO_LINE = "Fulfillment order line item does not exist."
TOO_MANY = "Invalid fulfillment order line item quantity requested."
IN_PROGRESS = (
    "Cannot move a fulfillment order that has had progress reported. To move a fulfillment order that has had progress "
    "reported, the fulfillment order must first be marked as open resolving the ongoing progress state."
)


@domain.mutation("fulfillmentOrderMove")
def move(call: Call, arguments: Arguments) -> Record:
    """Let another location ship all that is left, or some pieces of it."""
    request = found(call, "fulfillmentOrderMove", arguments["id"])
    place = call.find(arguments["newLocationId"])
    wanted = {row["id"]: row["quantity"] for row in arguments.get("fulfillmentOrderLineItems") or ()}
    refusal = _move_refusal(call, request, place, wanted)
    if refusal is not None or request is None or place is None:
        nothing = ("movedFulfillmentOrder", "originalFulfillmentOrder", "remainingFulfillmentOrder")
        return {**dict.fromkeys(nothing), "userErrors": [refusal]}
    moved, rest = moved_to(call, request, place, wanted)
    return {
        "movedFulfillmentOrder": reference(moved),
        "originalFulfillmentOrder": {"id": request["id"]},
        "remainingFulfillmentOrder": reference(rest) if rest else None,
        "userErrors": [],
    }


def _move_refusal(call: Call, request: Record | None, place: Record | None, wanted: dict[str, int]) -> Record | None:
    if request is None:
        return user_error(["id"], MISSING)
    if place is None:
        return user_error(["id"], "Location not found.")
    if request.get("progressReported"):
        return user_error(["id"], IN_PROGRESS, "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS")
    if request["requestStatus"] in AT_SERVICE and request["status"] not in SETTLED:
        return user_error(None, "Cannot move submitted fulfillment order that is at a 3PL fulfillment service.")
    if request["status"] in SETTLED or not place["isActive"] or not remaining(request):
        return user_error(None, "Cannot change location.")
    refusal = _line_refusal(request, wanted)
    if refusal is not None:
        return refusal
    lines = [line for line in request["lineItems"] if not wanted or line["id"] in wanted]
    if place["id"] != place_of(request) and not all(_goes_to(call, request, line, place) for line in lines):
        return user_error(None, "Cannot change location.")
    return None


def _goes_to(call: Call, request: Record, line: Record, place: Record) -> bool:
    """Whether the new location stocks the item, if the old one does; what was never stocked goes anywhere."""
    here = place_of(request)
    return stocked(call, line, place["id"]) or here is None or not stocked(call, line, here)


def _line_refusal(request: Record, wanted: dict[str, int]) -> Record | None:
    left = {line["id"]: int(line["remainingQuantity"]) for line in request["lineItems"]}
    if any(line_id not in left for line_id in wanted):
        return user_error(None, NO_LINE)
    if any(not 0 < pieces <= left[line_id] for line_id, pieces in wanted.items()):
        return user_error(None, TOO_MANY)
    return None


def moved_to(call: Call, request: Record, place: Record, wanted: dict[str, int]) -> tuple[Record, Record | None]:
    """What goes to the new location, and what stays where it was; the same record when all of it goes."""
    source = place_of(request)
    left = {line["id"]: int(line["remainingQuantity"]) for line in request["lineItems"] if line["remainingQuantity"]}
    going = wanted or left
    whole = going == left and remaining(request) == sum(int(line["totalQuantity"]) for line in request["lineItems"])
    if whole:
        lines = request["lineItems"]
        changes = {"assignedLocation": assigned(place), "requestStatus": "UNSUBMITTED"}
        moved = call.state.update(call.shop, request["id"], changes, topics=())
        original, rest = moved, None
    else:
        stays, lines = cut(call.state, call.shop, request, going)
        closed = {} if any(line["remainingQuantity"] for line in stays) else {"status": "CLOSED"}
        original = call.state.update(call.shop, request["id"], {"lineItems": stays, **closed}, topics=())
        moved = _arrived(call, request, place, lines)
        rest = None if closed else original
    pledge(call.state, call.shop, source, lines, undo=True)
    pledge(call.state, call.shop, place["id"], lines)
    refresh(call.state, call.shop, request["orderId"])
    asked = [{"id": line_id, "quantity": pieces} for line_id, pieces in wanted.items()]
    tell(call.state, call.shop, "moved", moved, original=original, source=source, requested=asked)
    return moved, rest


def _arrived(call: Call, request: Record, place: Record, lines: list[Record]) -> Record:
    """A new fulfillment order at the location; one that waits there already is closed and taken into it."""
    order = call.find(request["orderId"]) or {}
    for one in requests_of(call.state, call.shop, order):
        if one["status"] == "OPEN" and one["requestStatus"] == "UNSUBMITTED" and place_of(one) == place["id"]:
            waiting = one["lineItems"]
            call.state.update(call.shop, one["id"], {"status": "CLOSED", "lineItems": emptied(waiting)}, topics=())
            lines = joined(call.state, call.shop, lines, waiting)
    return open_request(call.state, call.shop, request, lines, assignedLocation=assigned(place))


@domain.mutation("fulfillmentOrderSplit")
def split(call: Call, arguments: Arguments) -> Record:
    """Put some pieces into a new fulfillment order at the same location; all splits, or none."""
    given = arguments["fulfillmentOrderSplits"]
    refusal = next(_split_refusals(call, given), None)
    if refusal is not None:
        return {"fulfillmentOrderSplits": None, "userErrors": [refusal]}
    results = []
    for one in given:
        request = call.find(one["fulfillmentOrderId"])
        assert request is not None
        wanted = {row["id"]: row["quantity"] for row in one["fulfillmentOrderLineItems"]}
        stays, goes = cut(call.state, call.shop, request, wanted)
        kept = call.state.update(call.shop, request["id"], {"lineItems": stays}, topics=())
        rest = open_request(call.state, call.shop, request, goes)
        refresh(call.state, call.shop, request["orderId"])
        tell(call.state, call.shop, "split", kept, remaining=rest, requested=one["fulfillmentOrderLineItems"])
        answer = {"fulfillmentOrder": reference(kept), "remainingFulfillmentOrder": reference(rest)}
        results.append({**answer, "replacementFulfillmentOrder": None})
    return {"fulfillmentOrderSplits": results, "userErrors": []}


def _split_refusals(call: Call, given: list[Record]) -> Iterator[Record]:
    for place, one in enumerate(given):
        path = ["fulfillmentOrderSplits", str(place), "fulfillmentOrderLineItems"]
        if not one["fulfillmentOrderLineItems"]:
            message = "There must be at least one item selected in this fulfillment to split it."
            yield user_error(path, message, "NO_LINE_ITEMS_PROVIDED_TO_SPLIT")
        for row_place, row in enumerate(one["fulfillmentOrderLineItems"]):
            if row["quantity"] < 1:
                message = "You must select at least one item to split into a new fulfillment order."
                yield user_error([*path, str(row_place), "quantity"], message, "GREATER_THAN")
    for one in given:
        request = found(call, "fulfillmentOrderSplit", one["fulfillmentOrderId"])
        if request is None:
            yield user_error(None, MISSING, "FULFILLMENT_ORDER_NOT_FOUND")
            return
        wanted = {row["id"]: row["quantity"] for row in one["fulfillmentOrderLineItems"]}
        refusal = _line_refusal(request, wanted)
        if refusal is not None:
            yield refusal
        splittable = request["status"] in ("OPEN", "SCHEDULED") and request["requestStatus"] not in AT_SERVICE
        if not splittable:
            yield user_error(None, "The fulfillment order is not in a splittable state.")
        if sum(wanted.values()) >= remaining(request):
            yield user_error(None, TOO_MANY)


@domain.mutation("fulfillmentOrderMerge")
def merge(call: Call, arguments: Arguments) -> Record:
    """Join fulfillment orders of one order at one location into the first of them."""
    given = arguments["fulfillmentOrderMergeInputs"]
    refusal = next(_merge_refusals(call, given), None)
    if refusal is not None:
        return {"fulfillmentOrderMerges": None, "userErrors": [refusal]}
    merged = [_merged(call, one["mergeIntents"]) for one in given]
    return {"fulfillmentOrderMerges": [{"fulfillmentOrder": reference(one)} for one in merged], "userErrors": []}


def _merge_refusals(call: Call, given: list[Record]) -> Iterator[Record]:
    for place, one in enumerate(given):
        for intent_place, intent in enumerate(one["mergeIntents"]):
            path = ["fulfillmentOrderMergeInputs", str(place), "mergeIntents", str(intent_place)]
            for row_place, row in enumerate(intent.get("fulfillmentOrderLineItems") or ()):
                if row["quantity"] < 1:
                    message = "You must select at least one item to merge into a new fulfillment order."
                    at = [*path, "fulfillmentOrderLineItems", str(row_place), "quantity"]
                    yield user_error(at, message, "GREATER_THAN")
    for one in given:
        requests = [call.find(intent["fulfillmentOrderId"]) for intent in one["mergeIntents"]]
        for request, intent in zip(requests, one["mergeIntents"], strict=True):
            if request is None:
                yield user_error(None, MISSING, "FULFILLMENT_ORDER_NOT_FOUND")
                return
            require(call, "fulfillmentOrderMerge", request)
            refusal = _line_refusal(request, _wanted(intent))
            if refusal is not None:
                yield refusal
            if not _is_mergeable(call, request, requests):
                message = f"Fulfillment order: {gid_tail(request['id'])} is currently not in a mergeable state."
                yield user_error(None, message)


def _wanted(intent: Record) -> dict[str, int]:
    return {row["id"]: row["quantity"] for row in intent.get("fulfillmentOrderLineItems") or ()}


def _is_mergeable(call: Call, request: Record, among: list[Record | None]) -> bool:
    ours = service_of(call.state, call.shop, request) is None
    same = {(one["orderId"], place_of(one)) for one in among if one is not None}
    return request["status"] == "OPEN" and ours and len(same) == 1 and len(among) > 1


def _merged(call: Call, intents: list[Record]) -> Record:
    target = call.find(intents[0]["fulfillmentOrderId"])
    assert target is not None
    lines = target["lineItems"]
    for intent in intents[1:]:
        other = call.find(intent["fulfillmentOrderId"])
        assert other is not None
        wanted = _wanted(intent) or {line["id"]: int(line["remainingQuantity"]) for line in other["lineItems"]}
        taken = [{**line, "remainingQuantity": wanted.get(line["id"], 0)} for line in other["lineItems"]]
        left = [counted(line, -wanted.get(line["id"], 0)) for line in other["lineItems"]]
        done = {} if any(line["remainingQuantity"] for line in left) else {"status": "CLOSED"}
        call.state.update(call.shop, other["id"], {"lineItems": left, **done}, topics=())
        lines = joined(call.state, call.shop, lines, taken)
    kept = call.state.update(call.shop, target["id"], {"lineItems": lines}, topics=())
    refresh(call.state, call.shop, kept["orderId"])
    tell(call.state, call.shop, "merged", kept, intents=intents)
    return kept


@domain.mutation("fulfillmentOrdersReroute")
def reroute(call: Call, arguments: Arguments) -> Record:
    """Let another location that has everything ship, the first one of those allowed."""
    requests = [found(call, "fulfillmentOrdersReroute", one) for one in arguments["fulfillmentOrderIds"]]
    allowed, excluded = arguments.get("includedLocationIds"), arguments.get("excludedLocationIds") or ()
    places = [
        one
        for one in call.all("Location")
        if one["isActive"] and one["fulfillsOnlineOrders"] and one["id"] not in excluded
        if allowed is None or one["id"] in allowed
    ]
    refusal, targets = _reroute_refusal(requests), []
    for request in requests if refusal is None else ():
        place = next((one for one in places if request and _has_all(call, request, one)), None)
        if place is None:
            message = "Cannot reassign location for fulfillment orders."
            refusal = user_error(["fulfillmentOrderIds"], message, "CANNOT_REASSIGN_LOCATION_FOR_FULFILLMENT_ORDERS")
        targets.append((request, place))
    if refusal is not None:
        return {"movedFulfillmentOrders": None, "userErrors": [refusal]}
    moved = [moved_to(call, request, place, {})[0] for request, place in targets if request and place]
    return {"movedFulfillmentOrders": [reference(one) for one in moved], "userErrors": []}


def _reroute_refusal(requests: list[Record | None]) -> Record | None:
    path = ["fulfillmentOrderIds"]
    if not requests:
        return user_error(path, "No fulfillment order IDs were provided.", "NO_FULFILLMENT_ORDER_IDS")
    known = [one for one in requests if one is not None]
    if len(known) < len(requests):
        return user_error(path, "Fulfillment order could not be found.", "FULFILLMENT_ORDER_NOT_FOUND")
    if len({one["orderId"] for one in known}) > 1:
        message = "Fulfillment orders are not from the same order."
        return user_error(path, message, "FULFILLMENT_ORDERS_NOT_FROM_THE_SAME_ORDER")
    if any(one.get("progressReported") for one in known):
        return user_error(path, IN_PROGRESS, "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS")
    if any(one["status"] not in ("OPEN", "SCHEDULED") or one["requestStatus"] in AT_SERVICE for one in known):
        message = "All fulfillment orders must have status and request status compatible with reroutable states."
        return user_error(path, message, "FULFILLMENT_ORDERS_STATE_NOT_SUPPORTED")
    return None


def _has_all(call: Call, request: Record, place: Record) -> bool:
    elsewhere = place["id"] != place_of(request)
    return elsewhere and all(stocked(call, line, place["id"], enough=True) for line in request["lineItems"])
