"""Where a request stands by the events that were told of it, in whatever order they came."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from canonical.fulfillment import Parcel
from canonical.warehouse import WarehouseEvent, WarehouseEventKind, WarehouseState

_REACHED: Final = {
    WarehouseEventKind.ACCEPTED: WarehouseState.ACCEPTED,
    WarehouseEventKind.ALLOCATED: WarehouseState.ALLOCATED,
    WarehouseEventKind.PICKED: WarehouseState.PICKED,
    WarehouseEventKind.PACKED: WarehouseState.PACKED,
    WarehouseEventKind.READY_FOR_PICKUP: WarehouseState.READY_FOR_PICKUP,
    WarehouseEventKind.SHIPPED: WarehouseState.SHIPPED,
}
_ENDED: Final = {
    WarehouseEventKind.REJECTED: WarehouseState.REJECTED,
    WarehouseEventKind.CANCELLED: WarehouseState.CANCELLED,
    WarehouseEventKind.EXPIRED: WarehouseState.EXPIRED,
}
_ORDER: Final = tuple(_REACHED.values())


def state_of(events: Iterable[WarehouseEvent], lines: Mapping[str, int]) -> WarehouseState:
    """The state of a request for `lines` (quantity by line id). What has left is not undone by a later word."""
    told = list(events)
    gone = shipped(told, lines)
    best = max((_REACHED[event.kind] for event in told if event.kind in _REACHED), key=_ORDER.index, default=None)
    if best is not WarehouseState.SHIPPED:
        ended = next((state for kind, state in _ENDED.items() if _over(told, kind)), None)
        return ended or best or WarehouseState.REQUESTED
    if any(event.kind is WarehouseEventKind.SHORT for event in told):
        return WarehouseState.SHORT
    partly = any(gone.get(line, 0) < quantity for line, quantity in lines.items())
    return WarehouseState.PARTLY_SHIPPED if partly else WarehouseState.SHIPPED


def shipped(events: Iterable[WarehouseEvent], lines: Mapping[str, int]) -> dict[str, int]:
    """Quantities that left of a request for `lines`, by line.

    Parcels that are told again when nothing of them was still to leave are corrected (another number), not others.
    """
    told = list(events)
    missing, gone, known = short(told), dict[str, int](), dict[str, dict[str, int]]()
    for event in (one for one in told if one.kind is WarehouseEventKind.SHIPPED):
        boxes = {parcel.id: _sum((line.line_id, line.quantity) for line in parcel.lines) for parcel in event.parcels}
        packed = _sum(pair for box in boxes.values() for pair in box.items())
        left = {line: lines.get(line, 0) - missing.get(line, 0) - gone.get(line, 0) for line in packed}
        if boxes and all(known.get(id_) == box for id_, box in boxes.items()) and not any(n > 0 for n in left.values()):
            continue
        known |= boxes
        named = _sum((line.line_id, line.quantity) for line in event.lines if line.line_id)
        for line in {**packed, **named}:
            gone[line] = gone.get(line, 0) + max(packed.get(line, 0), named.get(line, 0))
    return gone


def short(events: Iterable[WarehouseEvent]) -> dict[str, int]:
    """Quantities that were not there, by line."""
    lines = (line for event in events if event.kind is WarehouseEventKind.SHORT for line in event.lines)
    return _sum((line.line_id, line.quantity) for line in lines if line.line_id)


def parcels(events: Iterable[WarehouseEvent]) -> tuple[Parcel, ...]:
    """Every parcel that was told."""
    return tuple(parcel for event in events for parcel in event.parcels)


def last_told(events: Iterable[WarehouseEvent], since: datetime) -> datetime:
    """When it last changed, `since` at the earliest."""
    return max([since, *(event.occurred_at for event in events)])


def _sum(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for name, quantity in pairs:
        total[name] = total.get(name, 0) + quantity
    return total


def _over(told: Iterable[WarehouseEvent], kind: WarehouseEventKind) -> bool:
    """Whether such an event ended the request; a revision that was refused leaves the one before."""
    events = list(told)
    taken = [event.sequence or 0 for event in events if event.kind is WarehouseEventKind.ACCEPTED]
    ends = [event.sequence or 0 for event in events if event.kind is kind]
    return bool(ends) and (not taken or min(ends) <= max(taken))
