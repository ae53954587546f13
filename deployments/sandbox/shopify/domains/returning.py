"""Returns: how many pieces can be returned, what a return counts, and the return status an order shows."""

from collections.abc import Iterable, Iterator

from deployments.sandbox.shopify.domains.refunding import Piece, left_of, piece
from deployments.sandbox.shopify.outbound import refresh, unfulfilled
from deployments.sandbox.shopify.records import Record, gid, gid_tail
from deployments.sandbox.shopify.state import State

# Returns in these states hold their pieces: they cannot be returned a second time.
HOLDING = frozenset({"REQUESTED", "OPEN", "CLOSED"})
# The reasons every shop has, in the order of their ids, with the older enum value; the first twenty, as recorded.
REASONS = (
    ("unknown", "Unknown", "UNKNOWN"),
    ("changed-my-mind", "Changed my mind", "UNWANTED"),
    ("item-not-as-described", "Item not as described", "NOT_AS_DESCRIBED"),
    ("received-the-wrong-item", "Received the wrong item", "WRONG_ITEM"),
    ("other-reason", "Other", "OTHER"),
    ("damaged-or-defective", "Damaged or defective", "DEFECTIVE"),
    ("too-small", "Too small", "SIZE_TOO_SMALL"),
    ("too-big", "Too big", "SIZE_TOO_LARGE"),
    ("style", "Style", "STYLE"),
    ("color", "Color", "COLOR"),
    ("absorbency", "Absorbency", "OTHER"),
    ("academic-level", "Academic level", "OTHER"),
    ("accuracy", "Accuracy", "OTHER"),
    ("adhesion", "Adhesion", "OTHER"),
    ("adhesive", "Adhesive", "OTHER"),
    ("adhesive-strength", "Adhesive strength", "OTHER"),
    ("adjustability", "Adjustability", "OTHER"),
    ("age-range", "Age range", "OTHER"),
    ("amperage", "Amperage", "OTHER"),
    ("angle", "Angle", "OTHER"),
)


def reason_definitions() -> list[Record]:
    """The reasons to choose from."""
    return [
        {"id": gid("ReturnReasonDefinition", number), "handle": handle, "name": name, "deleted": False}
        for number, (handle, name, _) in enumerate(REASONS, 1)
    ]


def reason_of(definition_id: str | None) -> str | None:
    """The older enum value of a definition; None when there is no such definition."""
    tail = gid_tail(definition_id or "")
    return REASONS[int(tail) - 1][2] if tail.isdigit() and 0 < int(tail) <= len(REASONS) else None


def definition_of(reason: str | None) -> str | None:
    """The id of the definition of an older enum value."""
    found = next((number for number, row in enumerate(REASONS, 1) if row[2] == reason), None)
    return gid("ReturnReasonDefinition", found) if found else None


def returns_of(state: State, shop: str, order: Record) -> list[Record]:
    """The returns of an order, oldest first."""
    return [row for one in order.get("returns") or () if (row := state.get(shop, one["id"])) is not None]


def fulfillments_of(state: State, shop: str, order: Record) -> Iterator[Record]:
    """What was really shipped of an order."""
    for one in order.get("fulfillments") or ():
        row = state.get(shop, one["id"]) or one
        if row.get("status") == "SUCCESS":
            yield row


def returnable(state: State, shop: str, order: Record) -> dict[str, int]:
    """How many pieces of each fulfillment line can still be returned."""
    held: dict[str, int] = {}
    waiting: dict[str, int] = {}
    shipped_lines = list(fulfillments_of(state, shop, order))
    sold = {row["id"]: row["lineItem"]["id"] for one in shipped_lines for row in one["fulfillmentLineItems"]}
    for one in returns_of(state, shop, order):
        for line in one["returnLineItems"] if one["status"] in HOLDING else ():
            shipped = line["fulfillmentLineItem"]["id"]
            held[shipped] = held.get(shipped, 0) + line["quantity"]
            order_line = sold.get(shipped, "")
            waiting[order_line] = waiting.get(order_line, 0) + line["quantity"] - line["processedQuantity"]
    left = {
        line["id"]: max(0, left_of(line) - unfulfilled(line) - waiting.get(line["id"], 0))
        for line in order["lineItems"]
    }
    rows = {}
    for one in shipped_lines:
        for row in one["fulfillmentLineItems"]:
            order_line = row["lineItem"]["id"]
            pieces = max(0, min(row["quantity"] - held.get(row["id"], 0), left.get(order_line, 0)))
            left[order_line] = left.get(order_line, 0) - pieces
            rows[row["id"]] = pieces
    return rows


def order_status(state: State, shop: str, order: Record) -> str:
    """REQUESTED goes before OPEN, OPEN before CLOSED; declined and cancelled returns do not count."""
    rows = returns_of(state, shop, order)
    states = {one["status"] for one in rows}
    if "REQUESTED" in states:
        return "RETURN_REQUESTED"
    if "OPEN" in states:
        inspected = all(is_inspected(state, shop, one) for one in rows if one["status"] == "OPEN")
        return "INSPECTION_COMPLETE" if inspected else "IN_PROGRESS"
    return "RETURNED" if "CLOSED" in states else "NO_RETURN"


def reverse_orders(state: State, shop: str, one: Record) -> list[Record]:
    """The reverse fulfillment orders of a return."""
    return [row for ref in one.get("reverseFulfillmentOrders") or () if (row := state.get(shop, ref["id"])) is not None]


def is_inspected(state: State, shop: str, one: Record) -> bool:
    """Whether somebody said of every piece what becomes of it."""
    rows = reverse_orders(state, shop, one)
    return bool(rows) and all(row["status"] == "CLOSED" for row in rows)


def undisposed(line: Record) -> int:
    """How many pieces of a reverse fulfillment order line nobody has decided on for good."""
    settled: int = sum(row["quantity"] for row in line["dispositions"] if row["type"] != "PROCESSING_REQUIRED")
    return int(line["totalQuantity"]) - settled


def show(state: State, shop: str, order_id: str, changes: Record | None = None) -> None:
    """Bring the return status an order shows in line with its returns."""
    order = state.get(shop, order_id)
    if order is not None:
        merged = {**order, **(changes or {})}
        refresh(state, shop, order_id, {**(changes or {}), "returnStatus": order_status(state, shop, merged)})


def order_line(state: State, shop: str, return_line: Record) -> Record:
    """The order line a return line is about."""
    shipped = state.get(shop, return_line["fulfillmentLineItem"]["id"]) or {}
    return state.get(shop, shipped["lineItem"]["id"]) or {}


def returned_pieces(rows: Iterable[tuple[Record, int, str, str | None]]) -> list[Piece]:
    """Returned pieces that leave together: (order line, how many, restock type, location).

    Pieces that a refund took out of the order before leave it no second time.
    """
    gone: dict[str, int] = {}
    pieces = []
    for line, quantity, kind, place in rows:
        already = gone.get(line["id"], 0)
        leaving = min(quantity, left_of(line) - already)
        if leaving > 0:
            before = piece(line, leaving).before + already
            pieces.append(Piece(line, leaving, before, kind, place, returned=True))
        gone[line["id"]] = already + max(0, leaving)
    return pieces
