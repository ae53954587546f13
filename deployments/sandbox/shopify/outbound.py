"""What a shop still has to ship: the fulfillment orders of an order, cutting and joining them, and what follows.

A line of a fulfillment order counts `totalQuantity`, what it was asked to ship, and `remainingQuantity`, what has not
shipped yet. The stock of what remains is committed at the assigned location.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deployments.sandbox.shopify.records import Record, gid, reference
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.stock import commit, ship

SETTLED = frozenset({"CANCELLED", "CLOSED"})
# With the fulfillment service: only it may change what is to be shipped.
AT_SERVICE = frozenset({"SUBMITTED", "ACCEPTED", "CANCELLATION_REQUESTED", "CANCELLATION_REJECTED"})
HOLDS_AN_APP = 10
# What a new fulfillment order of the same order takes over from another one.
_SHARED = ("fulfillAt", "deliveryMethod", "destination", "orderProcessedAt", "order", "orderId", "orderName")


def requests_of(state: State, shop: str, order: Record) -> list[Record]:
    """The fulfillment orders of an order, oldest first."""
    return [row for one in order.get("fulfillmentOrders", ()) if (row := state.get(shop, one["id"])) is not None]


def place_of(request: Record) -> str | None:
    """The id of the location that is to ship."""
    location = request["assignedLocation"].get("location") or {}
    return location.get("id")


def service_of(state: State, shop: str, request: Record) -> Record | None:
    """The fulfillment service that runs the location; None for the merchant's own."""
    location = state.get(shop, place_of(request) or "") or {}
    service = location.get("fulfillmentService") if location.get("isFulfillmentService") else None
    return state.get(shop, service["id"]) or service if service else None


def assigned(place: Record) -> Record:
    """A location as a fulfillment order names it."""
    address = place["address"]
    names = ("address1", "address2", "city", "zip", "province", "countryCode", "phone")
    return {"name": place["name"], "location": reference(place), **{name: address.get(name) for name in names}}


def remaining(request: Record) -> int:
    """How many pieces have not shipped."""
    return sum(int(line["remainingQuantity"]) for line in request["lineItems"])


def is_due_later(state: State, request: Record) -> bool:
    """Whether its day has not come."""
    return bool(request.get("fulfillAt")) and str(request["fulfillAt"]) > state.now_text()


def idle_status(state: State, request: Record) -> str:
    """The status of a fulfillment order nobody works on."""
    return "SCHEDULED" if is_due_later(state, request) else "OPEN"


def open_request(state: State, shop: str, like: Record, lines: Sequence[Record], **more: Any) -> Record:
    """A new fulfillment order of the same order for some lines. The stock is not touched, the order is not told yet."""
    record = {
        **{name: like.get(name) for name in _SHARED},
        "assignedLocation": like["assignedLocation"],
        "status": idle_status(state, like),
        "requestStatus": "UNSUBMITTED",
        "fulfillmentHolds": [],
        "lineItems": list(lines),
        **more,
    }
    kept = state.add(shop, "FulfillmentOrder", record, topics=())
    order = state.get(shop, like["orderId"])
    if order is not None:
        references = [*order.get("fulfillmentOrders", ()), reference(kept)]
        state.update_order(shop, order["id"], {"fulfillmentOrders": references}, topics=())
    return kept


def cut(state: State, shop: str, request: Record, wanted: Mapping[str, int]) -> tuple[list[Record], list[Record]]:
    """The lines that stay and the lines that go when so many pieces are taken out of a fulfillment order.

    A line nothing is left of goes away; the part that goes is a line of its own.
    """
    number = state.space(shop).number
    stays, goes = [], []
    for line in request["lineItems"]:
        taken = wanted.get(line["id"], 0)
        if not taken:
            stays.append(line)
            continue
        goes.append(
            {
                **line,
                "id": gid("FulfillmentOrderLineItem", number()),
                "totalQuantity": taken,
                "remainingQuantity": taken,
            }
        )
        if int(line["totalQuantity"]) > taken:
            stays.append(counted(line, -taken))
    return stays, goes


def counted(line: Record, pieces: int) -> Record:
    """A line that has so many pieces more, or less, to ship."""
    return {
        **line,
        "totalQuantity": int(line["totalQuantity"]) + pieces,
        "remainingQuantity": int(line["remainingQuantity"]) + pieces,
    }


def joined(state: State, shop: str, lines: Sequence[Record], added: Iterable[Record]) -> list[Record]:
    """Lines with more pieces to ship: of the same order line they are one line."""
    rows = list(lines)
    for line in added:
        at = next((n for n, row in enumerate(rows) if row["lineItem"]["id"] == line["lineItem"]["id"]), None)
        pieces = int(line["remainingQuantity"])
        if at is not None:
            rows[at] = counted(rows[at], pieces)
        elif pieces:
            fresh = gid("FulfillmentOrderLineItem", state.space(shop).number())
            rows.append({**line, "id": fresh, "totalQuantity": pieces, "remainingQuantity": pieces})
    return rows


def emptied(lines: Iterable[Record]) -> list[Record]:
    """The lines of a fulfillment order whose open pieces went to another one."""
    return [
        {**line, "totalQuantity": int(line["totalQuantity"]) - int(line["remainingQuantity"]), "remainingQuantity": 0}
        for line in lines
    ]


def pledge(state: State, shop: str, place: str | None, lines: Iterable[Record], *, undo: bool = False) -> None:
    """Commit the stock of what remains of some lines at a location, or give it back."""
    for line in lines:
        item_id, pieces = line.get("inventoryItemId"), int(line["remainingQuantity"])
        if item_id and place and pieces:
            commit(state, shop, item_id, place, -pieces if undo else pieces)


def give_up(state: State, shop: str, place: str | None, lines: Iterable[Record], *, restock: bool) -> None:
    """No longer ship what remains of some lines: back on the shelf, or written off with what was promised."""
    for line in lines:
        item_id, pieces = line.get("inventoryItemId"), int(line["remainingQuantity"])
        if item_id and place and pieces:
            if restock:
                commit(state, shop, item_id, place, -pieces)
            else:
                ship(state, shop, item_id, place, pieces)


def tell(state: State, shop: str, topic: str, request: Record, **more: Any) -> None:
    """News of a fulfillment order: `fulfillment_orders/` and what happened."""
    name = topic if "/" in topic else f"fulfillment_orders/{topic}"
    state.announce(shop, {"id": request["id"], "fulfillmentOrder": request, **more}, (name,))


def refresh(
    state: State,
    shop: str,
    order_id: str,
    changes: Record | None = None,
    *,
    news: Mapping[str, Sequence[str]] | None = None,
) -> Record:
    """Bring an order in line with its fulfillment orders: quantities of its lines, and the status it shows.

    When it changed it is news: `orders/updated`, and what `news` has for the status it shows now.
    """
    order = state.get(shop, order_id)
    assert order is not None
    merged = {**order, **(changes or {})}
    requests = requests_of(state, shop, merged)
    wanted = {
        **(changes or {}),
        "lineItems": _with_quantities(merged["lineItems"], requests),
        "displayFulfillmentStatus": _display_status(state, shop, merged, requests),
    }
    if all(order.get(name) == value for name, value in wanted.items()):
        return order
    more = (news or {}).get(wanted["displayFulfillmentStatus"], ())
    return state.update_order(shop, order_id, wanted, topics=("orders/updated", *more))


def unfulfilled(line: Record) -> int:
    """How many pieces of an order line have not shipped and were not taken off."""
    for name in ("unfulfilledQuantity", "currentQuantity"):
        if line.get(name) is not None:
            return int(line[name])
    return int(line["quantity"])


def _with_quantities(lines: Iterable[Record], requests: Iterable[Record]) -> list[Record]:
    held: dict[str, int] = {}
    for request in requests:
        if request["status"] == "ON_HOLD":
            for line in request["lineItems"]:
                order_line = line["lineItem"]["id"]
                held[order_line] = held.get(order_line, 0) + int(line["remainingQuantity"])
    rows = []
    for line in lines:
        fulfillable = max(0, unfulfilled(line) - held.get(line["id"], 0))
        same = line.get("fulfillableQuantity", line["quantity"]) == fulfillable
        rows.append(line if same else {**line, "fulfillableQuantity": fulfillable})
    return rows


def _display_status(state: State, shop: str, order: Record, requests: Sequence[Record]) -> str:
    if not requests:
        return str(order.get("displayFulfillmentStatus") or "UNFULFILLED")
    rows = (state.get(shop, one["id"]) or one for one in order.get("fulfillments", ()))
    shipped = any(row.get("status") == "SUCCESS" for row in rows)
    active = [one for one in requests if one["status"] not in SETTLED and remaining(one)]
    if shipped and not active:
        return "FULFILLED"
    states = {one["status"] for one in active}
    if states == {"ON_HOLD"}:
        return "ON_HOLD"
    if shipped:
        return "PARTIALLY_FULFILLED"
    if any(one["requestStatus"] == "REJECTED" for one in active):
        return "REQUEST_DECLINED"
    if active and all(one["status"] == "IN_PROGRESS" or one["requestStatus"] == "SUBMITTED" for one in active):
        return "IN_PROGRESS"
    return "SCHEDULED" if states == {"SCHEDULED"} else "UNFULFILLED"
