"""The events that a task tells. A state that was passed between two polls is told too, and ids make telling it twice
harmless."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from canonical.fulfillment import Parcel, ParcelLine
from canonical.ids import digest
from canonical.warehouse import EventLine, WarehouseEvent, WarehouseEventKind, WarehouseState, WarehouseStatus
from connectors.tryton_wms.content import Share, Shares
from connectors.tryton_wms.tasks import PICKED, SHIPPED, OutMove, OutShipment, Task
from connectors.tryton_wms.writing import ref_of

_ON_THE_WAY = (
    (2, WarehouseEventKind.ALLOCATED),
    (3, WarehouseEventKind.PICKED),
    (4, WarehouseEventKind.PACKED),
    (5, WarehouseEventKind.SHIPPED),
)
_STATES = (
    WarehouseState.REQUESTED,
    WarehouseState.ACCEPTED,
    WarehouseState.ALLOCATED,
    WarehouseState.PICKED,
    WarehouseState.PACKED,
    WarehouseState.SHIPPED,
)


@dataclass(frozen=True, slots=True)
class _Told:
    """What the events of one task have in common."""

    task: Task
    system: str

    def event(
        self,
        kind: WarehouseEventKind,
        name: str,
        at: datetime,
        lines: Iterable[EventLine] = (),
        parcels: Sequence[Parcel] = (),
        location: str | None = None,
        reason: str | None = None,
    ) -> WarehouseEvent:
        content = self.task.content
        return WarehouseEvent(
            id=f"{kind}:{name}",
            system=self.system,
            kind=kind,
            occurred_at=at,
            location=location or content.location,
            request_key=self.task.key,
            external_id=str(self.task.party),
            order_name=content.order_name,
            lines=tuple(lines),
            parcels=tuple(parcels),
            reason=reason,
        )


def events_of(task: Task, system: str) -> list[WarehouseEvent]:
    """Everything the task says of itself, in the order in which it happened."""
    told, shares = _Told(task, system), _shares(task)
    if not task.shipments:
        return []
    at = max(shipment.changed_at for shipment in task.shipments)
    name = f"{task.key}:{task.content.revision}"
    if not task.live:
        if task.content.cancelled:
            return [told.event(WarehouseEventKind.CANCELLED, name, at, reason=task.content.cancelled)]
        return [told.event(WarehouseEventKind.REJECTED, name, at, reason="cancelled by the warehouse")]
    events = [told.event(WarehouseEventKind.ACCEPTED, name, at)] if _rank(task) >= 1 else []
    for shipment in task.live:
        events += _of_shipment(told, shipment, shares)
    return [*events, *_short(told, name, at)]


def status_of(task: Task) -> WarehouseStatus:
    """Where the task stands."""
    shares = _shares(task)
    shipped: dict[str, int] = {}
    gone = [shipment for shipment in task.live if shipment.rank == SHIPPED]
    for line_id, quantity in (share for one in gone for move in one.moves for share in shares.get(move.id, ())):
        shipped[line_id] = shipped.get(line_id, 0) + quantity
    return WarehouseStatus(
        ref=ref_of(task),
        state=_state(task, bool(gone)),
        revision=task.content.revision,
        shipped=shipped,
        parcels=tuple(parcel for one in gone for parcel in _parcels(one, shares)),
        updated_at=max((one.changed_at for one in task.shipments), default=datetime.fromisoformat("1970-01-01T00:00Z")),
    )


def _state(task: Task, some_gone: bool) -> WarehouseState:
    if not task.live:
        if task.content.cancelled:
            return WarehouseState.CANCELLED
        return WarehouseState.REJECTED if task.shipments else WarehouseState.REQUESTED
    if some_gone and _rank(task) < SHIPPED:
        return WarehouseState.PARTLY_SHIPPED
    if _rank(task) >= PICKED and _missing(task):
        return WarehouseState.SHORT
    return _STATES[_rank(task)]


def _of_shipment(told: _Told, shipment: OutShipment, shares: dict[int, list[Share]]) -> Iterator[WarehouseEvent]:
    lines = tuple(line for move in shipment.moves for line in _lines(move, shares))
    for rank, kind in _ON_THE_WAY:
        if (shipment.rank or 0) < rank:
            return
        parcels = _parcels(shipment, shares) if kind is WarehouseEventKind.SHIPPED else []
        said = digest([[line.model_dump(mode="json") for line in lines], [p.model_dump(mode="json") for p in parcels]])
        name = f"{shipment.id}:{said[:16]}"
        yield told.event(kind, name, shipment.changed_at, lines, parcels, location=shipment.location)


def _short(told: _Told, name: str, at: datetime) -> Iterator[WarehouseEvent]:
    """What no shipment carries, once all of them are picked."""
    missing = _missing(told.task) if _rank(told.task) >= PICKED else []
    if missing:
        said = digest([line.model_dump(mode="json") for line in missing])
        yield told.event(WarehouseEventKind.SHORT, f"{name}:{said[:16]}", at, missing)


def _missing(task: Task) -> list[EventLine]:
    shares = Shares(task.content.lines)
    for item, quantity in task.totals.items():
        shares.take(item, quantity)
    return [
        EventLine(line_id=line_id, item=item, quantity=quantity) for line_id, (item, quantity) in shares.left().items()
    ]


def _lines(move: OutMove, shares: dict[int, list[Share]]) -> Iterator[EventLine]:
    """The lines a move is for; without one, what nobody asked for."""
    for line_id, quantity in shares.get(move.id) or [("", move.quantity)]:
        yield EventLine(line_id=line_id or None, item=move.item, quantity=quantity, lot=move.lot)


def _parcels(shipment: OutShipment, shares: dict[int, list[Share]]) -> list[Parcel]:
    """A parcel a box; goods in no box are one more, with the shipment's own tracking number."""
    boxes = [(box.number, box.tracking or shipment.tracking, box.id) for box in shipment.boxes]
    boxes += [(f"S{shipment.number}", shipment.tracking, None)]  # type: ignore[list-item]  # loose goods
    parcels = []
    for number, tracking, box in boxes:
        lines = tuple(
            ParcelLine(line_id=line_id, quantity=quantity, lot=move.lot)
            for move in shipment.moves
            if move.package == box
            for line_id, quantity in shares.get(move.id, ())
        )
        if lines:
            parcels.append(Parcel(id=number, carrier=shipment.carrier, tracking_number=tracking, lines=lines))
    return parcels


def _shares(task: Task) -> dict[int, list[Share]]:
    """Which order lines each move is for."""
    shares = Shares(task.content.lines)
    return {move.id: shares.take(move.item, move.quantity) for one in task.live for move in one.moves}


def _rank(task: Task) -> int:
    """How far the slowest shipment is."""
    return min(one.rank if one.rank is not None else 0 for one in task.live)
