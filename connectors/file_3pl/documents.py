"""The rows of one document as an event, or everything that is wrong with them.

A row that is wrong takes its own document out, and nothing else: a shipment without one of its rows would be wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pydantic import ValidationError

from canonical.fulfillment import Parcel, ParcelLine
from canonical.returns import Disposition
from canonical.warehouse import EventLine, StockMovement, WarehouseEvent, WarehouseEventKind
from connectors.file_3pl.book import Sent
from connectors.file_3pl.cells import Row
from connectors.file_3pl.layout import DOCUMENT, Incoming

_K: Final = WarehouseEventKind
_ANSWERS: Final = {kind.value: kind for kind in (_K.ACCEPTED, _K.REJECTED, _K.CANCELLED, _K.CANCEL_REFUSED)}
_WORK: Final = (
    _K.ALLOCATED, _K.PICKED, _K.PACKED, _K.SHIPPED, _K.SHORT, _K.READY_FOR_PICKUP, _K.EXPIRED, _K.DELIVERED,
)  # fmt: skip
_STEPS: Final = {kind.value: kind for kind in _WORK}
_RETURNS: Final = {"received": _K.RETURN_RECEIVED, "inspected": _K.RETURN_INSPECTED}
_DISPOSITIONS: Final = {found.value: found for found in Disposition}
_SEPARATOR: Final = "|"
Orders = Mapping[str, Sent]
"""What we handed over, by key."""


def documents(rows: Sequence[Row], kind: Incoming) -> dict[tuple[str, ...], list[Row]]:
    """The rows of each document, in the order in which the documents begin."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row.values.get(name, "") for name in DOCUMENT[kind]), []).append(row)
    return found


def event_of(rows: Sequence[Row], kind: Incoming, system: str, orders: Orders) -> WarehouseEvent | None:
    """The event that a document tells; None when a row has faults, which the rows then hold."""
    event = _BUILDERS[kind](rows, system, orders)
    return event if not any(row.faults for row in rows) else None


def _acknowledgement(rows: Sequence[Row], system: str, orders: Orders) -> WarehouseEvent | None:
    row = rows[0]
    sent, kind, revision = _request(row, orders), row.choice("status", _ANSWERS), row.maybe("revision") or "0"
    if not (revision.isascii() and revision.isdigit()):
        row.faults["revision"] = "is no whole number"
        revision = "0"
    return _event(
        rows,
        sent,
        system,
        id=f"ack:{kind}:{row.text('key')}:{revision}",
        kind=kind,
        sequence=int(revision),
        external_id=row.maybe("reference"),
        reason=row.maybe("reason"),
    )


def _shipment(rows: Sequence[Row], system: str, orders: Orders) -> WarehouseEvent | None:
    sent, kind = _request(rows[0], orders), rows[0].choice("status", _STEPS)
    lines = [_line(row, sent) for row in rows]
    for row in rows[1:]:
        if row.values.get("key") != rows[0].values.get("key"):
            row.faults["key"] = "differs from the first row of this shipment"
    number = rows[0].text("shipment")
    return _event(
        rows,
        sent,
        system,
        id=f"{kind}:{number}",
        kind=kind,
        external_id=number,
        reason=rows[0].maybe("reason"),
        lines=tuple(lines),
        parcels=_parcels(rows, lines, number) if kind is _K.SHIPPED else (),
    )


def _return(rows: Sequence[Row], system: str, orders: Orders) -> WarehouseEvent | None:
    kind = rows[0].choice("status", _RETURNS)
    sent = _request(rows[0], orders) if rows[0].maybe("key") else None
    lines = [_line(row, sent, blind=True) for row in rows]
    if kind is _K.RETURN_INSPECTED:
        found = [row.choice("disposition", _DISPOSITIONS) for row in rows]
        lines = [line.model_copy(update={"disposition": one}) for line, one in zip(lines, found, strict=True)]
    number = rows[0].text("receipt")
    return _event(
        rows,
        sent,
        system,
        id=f"{kind}:{number}",
        kind=kind,
        external_id=number,
        return_id=rows[0].maybe("return"),
        order_name=rows[0].maybe("order") or (sent.order_name if sent else None),
        location=rows[0].maybe("location") or (sent.location if sent else system),
        lines=tuple(lines),
    )


def _stock(rows: Sequence[Row], system: str, orders: Orders) -> WarehouseEvent | None:
    row, number = rows[0], rows[0].text("movement")
    for other in rows[1:]:
        other.faults["movement"] = "is there twice"
    location, reason = row.text("location"), row.text("reason")
    item, quantity = row.text("item"), row.signed("quantity")
    if row.faults:
        return None
    return _event(
        rows,
        None,
        system,
        id=f"{_K.STOCK_MOVED}:{number}",
        kind=_K.STOCK_MOVED,
        external_id=number,
        location=location,
        reason=reason,
        movement=StockMovement(
            item=item,
            quantity=quantity,
            unit=row.maybe("unit") or "each",
            location=location,
            to_location=row.maybe("to_location"),
            reason=reason,
            account=row.maybe("account"),
        ),
    )


_BUILDERS: Final[Mapping[Incoming, Callable[[Sequence[Row], str, Orders], WarehouseEvent | None]]] = {
    Incoming.ACKNOWLEDGEMENTS: _acknowledgement,
    Incoming.SHIPMENTS: _shipment,
    Incoming.RETURNS: _return,
    Incoming.STOCK: _stock,
}


def _request(row: Row, orders: Orders) -> Sent | None:
    """The request a row is about; one we never handed over is a fault."""
    key = row.text("key")
    if key and key not in orders:
        row.faults.setdefault("key", "names no request that we handed over")
    return orders.get(key)


def _line(row: Row, sent: Sent | None, *, blind: bool = False) -> EventLine:
    """What a row says of a line. Where a request is known, its line has to be one of it."""
    line = row.maybe("line") if blind else row.text("line")
    if sent is not None and line and line not in sent.lines:
        row.faults.setdefault("line", "is no line of the request")
    serials = tuple(part.strip() for part in (row.maybe("serials") or "").split(_SEPARATOR) if part.strip())
    item, quantity = row.text("item") or "?", row.whole("quantity")
    if serials and len(serials) != quantity:
        row.faults.setdefault("serials", f"are {len(serials)} for a quantity of {quantity}")
    return EventLine(line_id=line or None, item=item, quantity=quantity, lot=row.maybe("lot"), serials=serials)


def _parcels(rows: Sequence[Row], lines: Sequence[EventLine], number: str) -> tuple[Parcel, ...]:
    """A parcel for each name of one; rows without are one parcel, named as the shipment."""
    boxes: dict[str, list[tuple[Row, EventLine]]] = {}
    for row, line in zip(rows, lines, strict=True):
        boxes.setdefault(row.maybe("parcel") or number, []).append((row, line))
    return tuple(
        Parcel(
            id=box,
            carrier=next((row.maybe("carrier") for row, _ in inside if row.maybe("carrier")), None),
            tracking_number=next((row.maybe("tracking") for row, _ in inside if row.maybe("tracking")), None),
            lines=tuple(
                ParcelLine(line_id=line.line_id or "?", quantity=line.quantity, lot=line.lot, serials=line.serials)
                for _, line in inside
            ),
        )
        for box, inside in boxes.items()
    )


def _event(rows: Sequence[Row], sent: Sent | None, system: str, **fields: object) -> WarehouseEvent | None:
    """The event of what was read; None, with a fault, where the model refuses it."""
    known: dict[str, object] = {"location": system, "occurred_at": rows[0].moment("at"), "system": system}
    if sent is not None:
        known |= {"location": sent.location, "request_key": sent.key, "order_name": sent.order_name}
    if any(row.faults for row in rows):
        return None
    try:
        return WarehouseEvent.model_validate({**known, **fields})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        rows[0].faults[str(first["loc"][0] if first["loc"] else "row")] = first["msg"]
        return None
