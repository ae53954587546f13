"""Fulfillments: what was shipped of one order from one location, and its parcels. Not idempotent, as at a shop."""

from collections.abc import Iterable
from typing import Any

from deployments.sandbox.shopify.carriers import tracking_info
from deployments.sandbox.shopify.domains.fulfillment_services import MANUAL
from deployments.sandbox.shopify.domains.payments import plain
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.outbound import (
    open_request,
    place_of,
    refresh,
    remaining,
    service_of,
    unfulfilled,
)
from deployments.sandbox.shopify.outbound_access import found, require
from deployments.sandbox.shopify.records import Record, gid, gid_tail, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.shares import share
from deployments.sandbox.shopify.stock import ship

domain = Domain()
MISSING = "Fulfillment order does not exist."
TOO_MANY = "Invalid fulfillment order line item quantity requested."
UNSHIPPABLE = ("CLOSED", "CANCELLED", "ON_HOLD", "SCHEDULED")
NEWS = {"FULFILLED": ("orders/fulfilled",), "PARTIALLY_FULFILLED": ("orders/partially_fulfilled",)}
# One piece of work: a fulfillment order, its line, how many.
Part = tuple[Record, Record, int]


@domain.query("fulfillment")
def one(call: Call, arguments: Arguments) -> Record | None:
    """A fulfillment by id."""
    return call.find(arguments["id"])


@domain.mutation("fulfillmentCreate")
def create(call: Call, arguments: Arguments) -> Record:
    """Ship the pieces named, or all that are left of the fulfillment orders named."""
    given = arguments["fulfillment"]
    wanted = given["lineItemsByFulfillmentOrder"]
    requests = [found(call, "fulfillmentCreate", row["fulfillmentOrderId"]) for row in wanted]
    refusal = _refusal(wanted, requests)
    if refusal is not None:
        return {"fulfillment": None, "userErrors": [refusal]}
    parts = list(_parts(wanted, requests))
    if not parts:
        return {"fulfillment": None, "userErrors": [user_error(["fulfillment"], TOO_MANY)]}
    fulfillment = _shipped(call, given, parts)
    return {"fulfillment": reference(fulfillment), "userErrors": []}


@domain.mutation("fulfillmentCreateV2")
def create_v2(call: Call, arguments: Arguments) -> Any:
    """The same under its old name."""
    return create(call, arguments)


def _refusal(wanted: list[Record], requests: list[Record | None]) -> Record | None:
    for place, row in enumerate(wanted):
        for line_place, line in enumerate(row.get("fulfillmentOrderLineItems") or ()):
            if line["quantity"] < 1:
                path = ["fulfillment", "lineItemsByFulfillmentOrder", str(place), "fulfillmentOrderLineItems"]
                return user_error([*path, str(line_place), "quantity"], "Quantity must be greater than 0")
    known = [one for one in requests if one is not None]
    if len(known) < len(requests) or not known:
        return user_error(["fulfillment"], MISSING)
    return _scattered(known) or _unshippable(wanted, known)


def _scattered(requests: list[Record]) -> Record | None:
    """One order, one location."""
    orders = sorted({gid_tail(one["orderId"]) for one in requests})
    if len(orders) > 1:
        message = (
            f"All fulfillment orders must belong to the same order. Multiple orders with ids [{', '.join(orders)}]"
        )
        return user_error(["fulfillment"], f"{message} were found.")
    places = sorted({gid_tail(place_of(one) or "") for one in requests})
    if len(places) > 1:
        message = "All fulfillment orders must be assigned to a single location. "
        return user_error(["fulfillment"], f"{message}Multiple locations with ids [{', '.join(places)}] were found.")
    return None


def _unshippable(wanted: list[Record], requests: list[Record]) -> Record | None:
    for row, request in zip(wanted, requests, strict=True):
        if request["status"] in UNSHIPPABLE:
            number, status = gid_tail(request["id"]), request["status"].lower()
            return user_error(["fulfillment"], f"Fulfillment order {number} has an unfulfillable status= {status}.")
        left = {line["id"]: int(line["remainingQuantity"]) for line in request["lineItems"]}
        for line in row.get("fulfillmentOrderLineItems") or ():
            if line["id"] not in left:
                return user_error(["fulfillment"], "Fulfillment order line item does not exist.")
            left[line["id"]] -= line["quantity"]
            if left[line["id"]] < 0:
                return user_error(["fulfillment"], TOO_MANY)
    return None


def _parts(wanted: list[Record], requests: Iterable[Record | None]) -> Iterable[Part]:
    for row, request in zip(wanted, requests, strict=True):
        assert request is not None
        asked: dict[str, int] = {}
        for line in row.get("fulfillmentOrderLineItems") or ():
            asked[line["id"]] = asked.get(line["id"], 0) + line["quantity"]
        for line in request["lineItems"]:
            pieces = asked.get(line["id"], 0) if asked else int(line["remainingQuantity"])
            if pieces:
                yield request, line, pieces


def _shipped(call: Call, given: Record, parts: list[Part]) -> Record:
    first = parts[0][0]
    order = call.find(first["orderId"])
    assert order is not None
    fulfillment = call.state.add(call.shop, "Fulfillment", _record(call, order, given, parts), topics=())
    for request in {part[0]["id"]: part[0] for part in parts}.values():
        _take(call, request, {line["id"]: pieces for one, line, pieces in parts if one["id"] == request["id"]})
    _move_stock(call, fulfillment, 1)
    call.state.announce(call.shop, fulfillment, ("fulfillments/create",))
    shipped = [*order.get("fulfillments", ()), reference(fulfillment)]
    count_lines(call, order, fulfillment, 1, fulfillments=shipped)
    return fulfillment


def _take(call: Call, request: Record, taken: dict[str, int]) -> None:
    """Pieces of a fulfillment order that have shipped; with the last one it is closed."""
    lines = [
        {**line, "remainingQuantity": int(line["remainingQuantity"]) - taken.get(line["id"], 0)}
        for line in request["lineItems"]
    ]
    done = not any(line["remainingQuantity"] for line in lines)
    changes = {"lineItems": lines, "status": "CLOSED" if done else "IN_PROGRESS"}
    call.state.update(call.shop, request["id"], changes, topics=())


def _record(call: Call, order: Record, given: Record, parts: list[Part]) -> Record:
    request = parts[0][0]
    place = {"id": place_of(request)} if place_of(request) else None
    known = service_of(call.state, call.shop, request)
    service = reference(known) if known else {**MANUAL, "location": place}
    return {
        "name": f"{order['name']}-F{len(order.get('fulfillments', ())) + 1}",
        "order": reference(order),
        "status": "SUCCESS",
        "displayStatus": "FULFILLED",
        "trackingInfo": tracking_info(given.get("trackingInfo")),
        "service": service,
        "location": place,
        "originAddress": given.get("originAddress"),
        "requiresShipping": any(line.get("requiresShipping", True) for _, line, _ in parts),
        "totalQuantity": sum(pieces for _, _, pieces in parts),
        "fulfillmentLineItems": _lines(call, parts),
        "fulfillmentOrders": [{"id": one} for one in dict.fromkeys(part[0]["id"] for part in parts)],
        "events": [],
        # Which lines of which fulfillment orders, for a cancellation to give them back.
        "parts": [{"request": one["id"], "line": line, "quantity": pieces} for one, line, pieces in parts],
    }


def _lines(call: Call, parts: list[Part]) -> list[Record]:
    """A row for each order line."""
    pieces: dict[str, int] = {}
    for _, line, quantity in parts:
        pieces[line["lineItem"]["id"]] = pieces.get(line["lineItem"]["id"], 0) + quantity
    rows = []
    for line_id, quantity in pieces.items():
        sold = call.find(line_id) or {}
        totals = {
            name: share(sold[name], quantity, int(sold["quantity"]))
            for name in ("originalTotalSet", "discountedTotalSet")
            if sold.get(name)
        }
        row = {"id": gid("FulfillmentLineItem", call.space.number()), "lineItem": {"id": line_id}}
        rows.append({**row, "quantity": quantity, **totals})
    return rows


def _move_stock(call: Call, fulfillment: Record, sign: int) -> None:
    place = (fulfillment.get("location") or {}).get("id")
    for part in fulfillment["parts"]:
        item = part["line"].get("inventoryItemId")
        if item and place:
            ship(call.state, call.shop, item, place, sign * part["quantity"])


def count_lines(call: Call, order: Record, fulfillment: Record, sign: int, **changes: object) -> None:
    """Pieces of order lines that have shipped (1) or that have not after all (-1), and what the order shows then."""
    pieces = {row["lineItem"]["id"]: sign * row["quantity"] for row in fulfillment["fulfillmentLineItems"]}
    lines = []
    for line in order["lineItems"]:
        left = unfulfilled(line) - pieces.get(line["id"], 0)
        current = int(line.get("currentQuantity", line["quantity"]))
        status = "fulfilled" if left <= 0 else "partial" if left < current else "unfulfilled"
        changed = {**line, "unfulfilledQuantity": max(0, left), "fulfillmentStatus": status}
        lines.append(changed if line["id"] in pieces else line)
    news = NEWS if sign > 0 else {}
    refresh(call.state, call.shop, order["id"], {**changes, "lineItems": lines}, news=news)


@domain.mutation("fulfillmentTrackingInfoUpdate")
def update_tracking(call: Call, arguments: Arguments) -> Record:
    """Other parcels, or another carrier."""
    fulfillment = call.find(arguments["fulfillmentId"])
    if fulfillment is None:
        return {"fulfillment": None, "userErrors": [user_error(["fulfillmentId"], "Fulfillment does not exist.")]}
    _require(call, "fulfillmentTrackingInfoUpdate", fulfillment)
    changes = {"trackingInfo": tracking_info(arguments["trackingInfoInput"])}
    call.state.update(call.shop, fulfillment["id"], changes)
    return {"fulfillment": reference(fulfillment), "userErrors": []}


@domain.mutation("fulfillmentTrackingInfoUpdateV2")
def update_tracking_v2(call: Call, arguments: Arguments) -> Any:
    """The same under its old name."""
    return update_tracking(call, arguments)


@domain.mutation("fulfillmentCancel")
def cancel(call: Call, arguments: Arguments) -> Record:
    """It was not shipped after all: the pieces are to be shipped again, their stock is committed again."""
    fulfillment = call.find(arguments["id"])
    if fulfillment is None:
        return {"fulfillment": None, "userErrors": [user_error(["id"], "Fulfillment not found.")]}
    _require(call, "fulfillmentCancel", fulfillment)
    if fulfillment["status"] == "CANCELLED":
        return {"fulfillment": None, "userErrors": [user_error(["id"], "Fulfillment has already been cancelled.")]}
    cancelled = {"status": "CANCELLED", "displayStatus": "CANCELED"}
    kept = call.state.update(call.shop, fulfillment["id"], cancelled)
    _move_stock(call, kept, -1)
    for request_id in dict.fromkeys(part["request"] for part in kept.get("parts", ())):
        _give_back(call, request_id, [part for part in kept["parts"] if part["request"] == request_id])
    order = call.find(kept["order"]["id"])
    if order is not None:
        count_lines(call, order, kept, -1)
    return {"fulfillment": reference(kept), "userErrors": []}


def _give_back(call: Call, request_id: str, parts: list[Record]) -> None:
    """A closed fulfillment order stays closed and a new one takes the pieces; an open one counts them again."""
    request = call.find(request_id)
    if request is None:
        return
    pieces = {part["line"]["id"]: part["quantity"] for part in parts}
    if request["status"] == "CLOSED":
        number = call.space.number
        fresh = [
            {**part["line"], "id": gid("FulfillmentOrderLineItem", number()), **_counts(part["quantity"])}
            for part in parts
        ]
        open_request(call.state, call.shop, request, fresh)
        return
    lines = [
        {**line, "remainingQuantity": int(line["remainingQuantity"]) + pieces.get(line["id"], 0)}
        for line in request["lineItems"]
    ]
    changed = {**request, "lineItems": lines}
    untouched = remaining(changed) == sum(int(line["totalQuantity"]) for line in lines)
    idle = untouched and request["status"] == "IN_PROGRESS" and not request.get("progressReported")
    status = {"status": "OPEN"} if idle and request["requestStatus"] == "UNSUBMITTED" else {}
    call.state.update(call.shop, request["id"], {"lineItems": lines, **status}, topics=())


def _counts(pieces: int) -> Record:
    return {"totalQuantity": pieces, "remainingQuantity": pieces}


def _require(call: Call, root: str, fulfillment: Record) -> None:
    """Raises ShopifyError when the app may not change what this was shipped for."""
    for one in fulfillment.get("fulfillmentOrders", ()):
        request = call.find(one["id"])
        if request is not None:
            require(call, root, request)


@domain.computed("FulfillmentLineItem", "lineItem")
def line_item(call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """The order line that was shipped."""
    return call.find(record["lineItem"]["id"])


@domain.computed("FulfillmentLineItem", "originalTotal")
def original_total(_call: Call, record: Record, _arguments: Arguments) -> str | None:
    """The price of the pieces before discounts, in shop currency."""
    return plain(record.get("originalTotalSet"))


@domain.computed("FulfillmentLineItem", "discountedTotal")
def discounted_total(_call: Call, record: Record, _arguments: Arguments) -> str | None:
    """The price of the pieces after the line's discounts, in shop currency."""
    return plain(record.get("discountedTotalSet"))


@domain.computed("Fulfillment", "trackingInfo")
def tracking(_call: Call, record: Record, arguments: Arguments) -> list[Record]:
    """Its parcels, the first so many when asked."""
    rows = record.get("trackingInfo") or []
    return list(rows[: arguments.get("first") or len(rows)])
