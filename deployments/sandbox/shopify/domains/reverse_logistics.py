"""Goods on their way back: reverse fulfillment orders, what becomes of each piece, and parcels."""

from collections.abc import Iterator, Sequence

from deployments.sandbox.shopify.domains.restocking import put_back
from deployments.sandbox.shopify.domains.returning import order_line, show, undisposed
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.records import Record, gid, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
SEVERAL = "Cannot dispose items from more than one reverse fulfillment order."
CUSTOM = "RESTOCKED is an invalid disposition type for a custom line item."
TOO_MANY = "cannot deliver more items than are returned"


@domain.query("reverseFulfillmentOrder")
@domain.query("reverseDelivery")
def one(call: Call, arguments: Arguments) -> Record | None:
    """A reverse fulfillment order or delivery by id."""
    return call.find(arguments["id"])


@domain.mutation("reverseFulfillmentOrderDispose")
def dispose(call: Call, arguments: Arguments) -> Record:
    """Say what becomes of returned pieces; restocked ones may be sold again."""
    rows = arguments["dispositionInputs"]
    errors = list(disposition_refusals(call, rows, ["dispositionInputs"]))
    if errors:
        return {"reverseFulfillmentOrderLineItems": None, "userErrors": errors}
    apply_dispositions(call, rows)
    touched = dict.fromkeys(row["reverseFulfillmentOrderLineItemId"] for row in rows)
    return {"reverseFulfillmentOrderLineItems": [{"id": line_id} for line_id in touched], "userErrors": []}


def disposition_refusals(call: Call, rows: Sequence[Record], where: list[str]) -> Iterator[Record]:
    """What is wrong with dispositions, in a shop's words."""
    if not rows:
        yield user_error(where, "The array cannot be empty.", "BLANK")
        return
    owners = [call.state.owner(call.shop, row["reverseFulfillmentOrderLineItemId"]) for row in rows]
    if len({owner["id"] for owner in owners if owner}) != 1 or None in owners:
        yield user_error(where, SEVERAL, "INVALID")
        return
    left: dict[str, int] = {}
    for at, row in enumerate(rows):
        line = call.find(row["reverseFulfillmentOrderLineItemId"]) or {}
        yield from _row_refusals(call, row, line, [*where, str(at)])
        left[line["id"]] = left.get(line["id"], undisposed(line)) - row["quantity"]
        if row["quantity"] < 1:
            yield user_error([*where, str(at), "quantity"], "Quantity must be greater than 0", "GREATER_THAN")
        elif left[line["id"]] < 0:
            yield user_error([*where, str(at), "quantity"], "Quantity is more than what is left to dispose.", "INVALID")


def _row_refusals(call: Call, row: Record, line: Record, where: list[str]) -> Iterator[Record]:
    restocked = row["dispositionType"] == "RESTOCKED"
    if restocked and not call.find((order_line(call.state, call.shop, line).get("variant") or {}).get("id")):
        yield user_error([*where, "dispositionType"], CUSTOM, "INVALID")
    place = row.get("locationId")
    if (place is None and restocked) or (place is not None and call.find(place) is None):
        yield user_error([*where, "locationId"], "Location not found.", "NOT_FOUND")


def apply_dispositions(call: Call, rows: Sequence[Record]) -> None:
    """Keep dispositions, move the stock of what is restocked, and close the order when all is decided."""
    request = call.state.owner(call.shop, rows[0]["reverseFulfillmentOrderLineItemId"])
    assert request is not None
    lines = {line["id"]: line for line in request["lineItems"]}
    news = []
    for row in rows:
        line = lines[row["reverseFulfillmentOrderLineItemId"]]
        made = _disposition(call, row)
        lines[line["id"]] = {**line, "dispositions": [*_settled(line, row["quantity"]), made]}
        news.append({**made, "line": reference(line)})
        if row["dispositionType"] == "RESTOCKED":
            sold = order_line(call.state, call.shop, line)
            put_back(call.state, call.shop, sold, row["locationId"], row["quantity"])
    done = not any(undisposed(line) for line in lines.values())
    changes = {"lineItems": list(lines.values()), "status": "CLOSED" if done else request["status"]}
    kept = call.state.update(call.shop, request["id"], changes, topics=())
    topic = "reverse_fulfillment_orders/dispose"
    call.state.announce(call.shop, {"id": kept["id"], "dispositions": news}, (topic,))
    show(call.state, call.shop, kept["order"]["id"])


def _disposition(call: Call, row: Record) -> Record:
    return {
        "id": gid("ReverseFulfillmentOrderDisposition", call.space.number()),
        "type": row["dispositionType"],
        "quantity": row["quantity"],
        "location": {"id": row["locationId"]} if row.get("locationId") else None,
        "createdAt": call.now_text,
    }


def _settled(line: Record, pieces: int) -> list[Record]:
    """The dispositions of a line when pieces are decided on; those set aside for processing make room."""
    untouched = int(line["totalQuantity"]) - sum(row["quantity"] for row in line["dispositions"])
    pieces = max(0, pieces - untouched)
    rows = []
    for row in line["dispositions"]:
        taken = min(pieces, row["quantity"]) if row["type"] == "PROCESSING_REQUIRED" else 0
        pieces -= taken
        if row["quantity"] > taken:
            rows.append({**row, "quantity": row["quantity"] - taken} if taken else row)
    return rows


@domain.mutation("reverseDeliveryCreateWithShipping")
def create_delivery(call: Call, arguments: Arguments) -> Record:
    """A parcel back: its lines, all when none are named, its tracking and its label."""
    request = call.find(arguments["reverseFulfillmentOrderId"])
    if request is None:
        message = "Reverse fulfillment order was not found."
        errors = [user_error(["reverseFulfillmentOrderId"], message, "NOT_FOUND")]
        return {"reverseDelivery": None, "userErrors": errors}
    left = _undelivered(call, request)
    rows = arguments["reverseDeliveryLineItems"] or [
        {"reverseFulfillmentOrderLineItemId": line_id, "quantity": pieces} for line_id, pieces in left.items() if pieces
    ]
    errors = list(_delivery_refusals(rows, left))
    if errors:
        return {"reverseDelivery": None, "userErrors": errors}
    lines = [
        {
            "id": gid("ReverseDeliveryLineItem", call.space.number()),
            "quantity": row["quantity"],
            "reverseFulfillmentOrderLineItem": {"id": row["reverseFulfillmentOrderLineItemId"]},
            "dispositions": [],
        }
        for row in rows
    ]
    record = {
        "reverseFulfillmentOrder": reference(request),
        "reverseDeliveryLineItems": lines,
        "return": request["return"],
        "deliverable": _deliverable(call, arguments, {}),
    }
    kept = call.state.add(call.shop, "ReverseDelivery", record, topics=("reverse_deliveries/attach_deliverable",))
    deliveries = [*request["reverseDeliveries"], reference(kept)]
    call.state.update(call.shop, request["id"], {"reverseDeliveries": deliveries}, topics=())
    return {"reverseDelivery": reference(kept), "userErrors": []}


def _undelivered(call: Call, request: Record) -> dict[str, int]:
    left = {line["id"]: int(line["totalQuantity"]) for line in request["lineItems"]}
    for ref in request["reverseDeliveries"]:
        for row in (call.find(ref["id"]) or {}).get("reverseDeliveryLineItems") or ():
            left[row["reverseFulfillmentOrderLineItem"]["id"]] -= row["quantity"]
    return left


def _delivery_refusals(rows: Sequence[Record], left: dict[str, int]) -> Iterator[Record]:
    left = dict(left)
    for at, row in enumerate(rows):
        where = ["reverseDeliveryLineItems", str(at)]
        line_id = row["reverseFulfillmentOrderLineItemId"]
        if line_id not in left:
            yield user_error([*where, "reverseFulfillmentOrderLineItemId"], "must exist")
            continue
        left[line_id] -= row["quantity"]
        if left[line_id] < 0:
            yield user_error([*where, "quantity"], TOO_MANY)


def _deliverable(call: Call, arguments: Arguments, before: Record) -> Record:
    tracking, label = arguments.get("trackingInput"), arguments.get("labelInput")
    now = call.now_text
    return {
        "__typename": "ReverseDeliveryShippingDeliverable",
        "tracking": {"number": tracking.get("number"), "url": tracking.get("url"), "carrierName": None}
        if tracking
        else before.get("tracking"),
        "label": {"publicFileUrl": label["fileUrl"], "createdAt": now, "updatedAt": now}
        if label
        else before.get("label"),
    }


@domain.mutation("reverseDeliveryShippingUpdate")
def update_delivery(call: Call, arguments: Arguments) -> Record:
    """Another tracking number or label; what is not named stays."""
    delivery = call.find(arguments["reverseDeliveryId"])
    if delivery is None:
        errors = [user_error(["reverseDeliveryId"], "Reverse delivery was not found.", "NOT_FOUND")]
        return {"reverseDelivery": None, "userErrors": errors}
    changes = {"deliverable": _deliverable(call, arguments, delivery["deliverable"])}
    call.state.update(call.shop, delivery["id"], changes, topics=("reverse_deliveries/attach_deliverable",))
    return {"reverseDelivery": reference(delivery), "userErrors": []}
