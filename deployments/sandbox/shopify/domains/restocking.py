"""Goods that leave an order or come back: fulfillment orders, counts of its lines, and stock."""

from collections.abc import Iterable

from deployments.sandbox.shopify.domains.refunding import Piece, left_of
from deployments.sandbox.shopify.domains.refunding import counted as present
from deployments.sandbox.shopify.outbound import (
    SETTLED,
    counted,
    give_up,
    place_of,
    remaining,
    requests_of,
    unfulfilled,
)
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.stock import level_at, move, open_level


def take_out(state: State, shop: str, order: Record, pieces: Iterable[Piece]) -> list[Record]:
    """Take pieces out of an order, what has not shipped first unless it is a return; its lines as they are then.

    Pieces that were still to be shipped leave their fulfillment order. Stock comes back where it is restocked.
    """
    lines = {line["id"]: line for line in order["lineItems"]}
    for piece in pieces:
        line = lines[piece.line["id"]]
        waiting = unfulfilled(line)
        shipped = max(0, present(line) - waiting)
        wants_shipped = piece.returned or piece.restock_type == "RETURN"
        unshipped = max(0, piece.pieces - shipped) if wants_shipped else min(piece.pieces, waiting)
        _unship(state, shop, order, piece, unshipped)
        if piece.restock_type != "NO_RESTOCK" and not piece.returned:
            place = piece.location or shipped_from(state, shop, order, line)
            put_back(state, shop, line, place, piece.pieces - unshipped)
        lines[line["id"]] = _counted(line, piece.pieces, min(unshipped, waiting))
    return list(lines.values())


def _counted(line: Record, gone: int, unshipped: int) -> Record:
    left = left_of(line) - gone
    waiting = unfulfilled(line) - unshipped
    return {
        **line,
        "currentQuantity": present(line) - gone,
        "refundableQuantity": left,
        "unfulfilledQuantity": waiting,
    }


def _unship(state: State, shop: str, order: Record, piece: Piece, pieces: int) -> None:
    """Pieces that will not be shipped: their promise ends, on the shelf they stand on or on another one."""
    for request in requests_of(state, shop, order):
        if request["status"] in SETTLED:
            continue
        here = place_of(request)
        rows = []
        for line in request["lineItems"]:
            mine = line["lineItem"]["id"] == piece.line["id"]
            taken = min(pieces, int(line["remainingQuantity"])) if mine else 0
            pieces -= taken
            elsewhere = piece.location not in (None, here)
            restock = piece.restock_type != "NO_RESTOCK"
            if taken:
                part = {**line, "remainingQuantity": taken}
                give_up(state, shop, here, [part], restock=restock and not elsewhere)
                if restock and elsewhere:
                    put_back(state, shop, piece.line, piece.location, taken)
            rows.append(counted(line, -taken) if taken else line)
        if rows != request["lineItems"]:
            _shrink(state, shop, request, rows)


def _shrink(state: State, shop: str, request: Record, rows: list[Record]) -> None:
    kept = [line for line in rows if int(line["totalQuantity"])]
    done = not remaining({"lineItems": kept})
    changes = {"lineItems": kept, **({"status": "CLOSED", "fulfillmentHolds": []} if done else {})}
    state.update(shop, request["id"], changes, topics=())


def put_back(state: State, shop: str, line: Record, place: str | None, pieces: int) -> None:
    """Pieces of an order line stand on a shelf again and may be sold."""
    variant = state.get(shop, (line.get("variant") or {}).get("id") or "")
    item_id = ((variant or {}).get("inventoryItem") or {}).get("id")
    item = state.get(shop, item_id) if item_id else None
    if not pieces or place is None or item is None or not item.get("tracked"):
        return
    level = level_at(state.space(shop), item["id"], place)
    if level is None:
        open_level(state, shop, item["id"], place, pieces)
    else:
        move(state, shop, level, {"available": pieces})


def shipped_from(state: State, shop: str, order: Record, line: Record) -> str | None:
    """The location that shipped a line; the one that was to ship it when none did."""
    for one in order.get("fulfillments") or ():
        fulfillment = state.get(shop, one["id"]) or one
        if any(row["lineItem"]["id"] == line["id"] for row in fulfillment.get("fulfillmentLineItems") or ()):
            return str((fulfillment.get("location") or {}).get("id") or "") or None
    return next((place_of(one) for one in requests_of(state, shop, order)), None)
