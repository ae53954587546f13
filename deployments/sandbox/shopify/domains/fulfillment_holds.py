"""Holds: up to ten an app on one fulfillment order, told apart by a handle; a hold on a part splits it off.

As recorded, what a partial hold split off comes back when the last hold is released, if nothing happened to it.
"""

from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.outbound import (
    HOLDS_AN_APP,
    SETTLED,
    cut,
    emptied,
    idle_status,
    joined,
    open_request,
    refresh,
    tell,
)
from deployments.sandbox.shopify.outbound_access import found
from deployments.sandbox.shopify.records import Record, gid, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
LINES = ["fulfillmentHold", "fulfillmentOrderLineItems"]
MISSING = "Fulfillment order does not exist."
TAKEN = (
    "The handle provided for the fulfillment hold is already in use by this app "
    "for another hold on this fulfillment order."
)
FULL = (
    "The maximum number of fulfillment holds for this fulfillment order has been reached for this app. "
    f"An app can only have up to {HOLDS_AN_APP} holds on a single fulfillment order at any one time."
)
NOT_SPLITTABLE = "The fulfillment order is not in a splittable state."
REASONS = {
    "AWAITING_PAYMENT": "Awaiting payment",
    "AWAITING_RETURN_ITEMS": "Exchange items awaiting return delivery",
    "HIGH_RISK_OF_FRAUD": "High risk of fraud",
    "INCORRECT_ADDRESS": "Incorrect address",
    "INVENTORY_OUT_OF_STOCK": "Inventory out of stock",
    "ONLINE_STORE_POST_PURCHASE_CROSS_SELL": "Upsell offer",
    "OTHER": "Other",
    "UNKNOWN_DELIVERY_DATE": "Unknown delivery date",
}


@domain.mutation("fulfillmentOrderHold")
def hold(call: Call, arguments: Arguments) -> Record:
    """Place a hold on a fulfillment order, or on some of its pieces."""
    given = arguments["fulfillmentHold"]
    request = found(call, "fulfillmentOrderHold", arguments["id"])
    refusal = _refusal(call, request, given)
    if request is None or refusal is not None:
        nothing = dict.fromkeys(("fulfillmentHold", "fulfillmentOrder", "remainingFulfillmentOrder"))
        return {**nothing, "userErrors": [refusal]}
    stays, goes = _parted(call, request, given.get("fulfillmentOrderLineItems") or [])
    rest = open_request(call.state, call.shop, request, goes) if goes else None
    placed = _hold(call, given, rest)
    kept = call.state.update(
        call.shop,
        request["id"],
        {
            "status": "ON_HOLD",
            "lineItems": stays,
            "progressReported": False,
            "fulfillmentHolds": [*request["fulfillmentHolds"], placed],
        },
        topics=(),
    )
    refresh(call.state, call.shop, request["orderId"])
    tell(call.state, call.shop, "placed_on_hold", kept, hold=placed, remaining=rest)
    tell(call.state, call.shop, "fulfillment_holds/added", kept, hold=placed)
    return {
        "fulfillmentHold": placed,
        "fulfillmentOrder": reference(kept),
        "remainingFulfillmentOrder": reference(rest) if rest else None,
        "userErrors": [],
    }


def _refusal(call: Call, request: Record | None, given: Record) -> Record | None:
    if request is None:
        return user_error(["id"], MISSING, "FULFILLMENT_ORDER_NOT_FOUND")
    wanted = given.get("fulfillmentOrderLineItems") or []
    for place, row in enumerate(wanted):
        if row["quantity"] < 1:
            message = "You must select at least one item to place on partial hold."
            return user_error([*LINES, str(place), "quantity"], message, "GREATER_THAN_ZERO")
    if len({row["id"] for row in wanted}) < len(wanted):
        return user_error(LINES, "must contain unique line item ids", "DUPLICATED_FULFILLMENT_ORDER_LINE_ITEMS")
    mine = [one for one in request["fulfillmentHolds"] if one.get("app") == call.app.client_id]
    if any(one["handle"] == (given.get("handle") or "") for one in mine):
        return user_error(["fulfillmentHold", "handle"], TAKEN, "DUPLICATE_FULFILLMENT_HOLD_HANDLE")
    if wanted and request["status"] not in ("OPEN", "SCHEDULED"):
        return user_error(LINES, NOT_SPLITTABLE, "FULFILLMENT_ORDER_NOT_SPLITTABLE")
    if len(mine) >= HOLDS_AN_APP:
        return user_error(["id"], FULL, "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED")
    if request["status"] in SETTLED:
        return user_error(["id"], "The fulfillment order cannot be put on hold in its current state.")
    left = {line["id"]: int(line["remainingQuantity"]) for line in request["lineItems"]}
    if any(row["quantity"] > left.get(row["id"], 0) for row in wanted):
        return user_error(
            LINES, "Invalid fulfillment order line item quantity requested.", "INVALID_LINE_ITEM_QUANTITY"
        )
    return None


def _parted(call: Call, request: Record, wanted: list[Record]) -> tuple[list[Record], list[Record]]:
    """The lines that are held and those that are not; nothing is wanted: all are held."""
    if not wanted:
        return request["lineItems"], []
    asked = {row["id"]: row["quantity"] for row in wanted}
    free = {
        line["id"]: int(line["remainingQuantity"]) - asked.get(line["id"], 0)
        for line in request["lineItems"]
        if int(line["remainingQuantity"]) > asked.get(line["id"], 0)
    }
    return cut(call.state, call.shop, request, free)


def _hold(call: Call, given: Record, rest: Record | None) -> Record:
    return {
        "id": gid("FulfillmentHold", call.space.number()),
        "handle": given.get("handle") or "",
        "reason": given["reason"],
        "reasonNotes": given.get("reasonNotes"),
        "displayReason": REASONS[given["reason"]],
        "app": call.app.client_id,
        "appNumber": call.app.number,
        "rest": rest["id"] if rest else None,
    }


@domain.mutation("fulfillmentOrderReleaseHold")
def release_hold(call: Call, arguments: Arguments) -> Record:
    """Release some holds, or all; with the last one the fulfillment order is open again."""
    request = found(call, "fulfillmentOrderReleaseHold", arguments["id"])
    if request is None:
        return _answer(None, user_error(["id"], MISSING, "FULFILLMENT_ORDER_NOT_FOUND"))
    wanted = arguments.get("holdIds")
    released = [one for one in request["fulfillmentHolds"] if wanted is None or one["id"] in wanted]
    if any(one.get("app") != call.app.client_id for one in released) and wanted is not None:
        message = "The app doesn't have access to release the fulfillment hold."
        return _answer(None, user_error(["holdIds"], message, "INVALID_ACCESS"))
    left = [one for one in request["fulfillmentHolds"] if one not in released]
    changes: Record = {"fulfillmentHolds": left}
    if released and not left and request["status"] == "ON_HOLD":
        changes |= {"status": idle_status(call.state, request), "lineItems": _reunited(call, request)}
    if released:
        request = call.state.update(call.shop, request["id"], changes, topics=())
        refresh(call.state, call.shop, request["orderId"])
        for one in released:
            tell(call.state, call.shop, "fulfillment_holds/released", request, hold=one)
        if not left:
            tell(call.state, call.shop, "hold_released", request)
    return _answer(request, None)


def _reunited(call: Call, request: Record) -> list[Record]:
    """The lines together with those that partial holds split off and nobody touched since."""
    lines: list[Record] = request["lineItems"]
    for rest_id in (one.get("rest") for one in request["fulfillmentHolds"]):
        rest = call.find(rest_id)
        if rest is None or rest["status"] not in ("OPEN", "SCHEDULED") or rest["requestStatus"] != "UNSUBMITTED":
            continue
        if rest["assignedLocation"] != request["assignedLocation"]:
            continue
        lines = joined(call.state, call.shop, lines, rest["lineItems"])
        closed = {"status": "CLOSED", "lineItems": emptied(rest["lineItems"])}
        call.state.update(call.shop, rest["id"], closed, topics=())
    return lines


def _answer(request: Record | None, refusal: Record | None) -> Record:
    return {"fulfillmentOrder": reference(request) if request else None, "userErrors": [refusal] if refusal else []}
