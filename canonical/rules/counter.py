"""What people in a store may do with a request, and the event that tells it.

pick -> ready (pickup) -> collected | expired
     -> packed (to be sent) -> sent
short and reject before anything is packed
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from canonical.errors import HeldError, RejectedError
from canonical.fulfillment import Parcel, ParcelLine
from canonical.rules.warehouse_state import short, state_of
from canonical.warehouse import EventLine, FulfillmentRequest, WarehouseEvent, WarehouseEventKind, WarehouseState

_K, _S = WarehouseEventKind, WarehouseState


class Act(StrEnum):
    """What somebody at the counter does."""

    PICK = "pick"
    READY = "ready"
    PACK = "pack"
    COLLECTED = "collected"
    SEND = "send"
    EXPIRED = "expired"
    SHORT = "short"
    REJECT = "reject"


_TELLS: Final[Mapping[Act, tuple[WarehouseEventKind, frozenset[WarehouseState]]]] = {
    Act.PICK: (_K.PICKED, frozenset({_S.REQUESTED, _S.ACCEPTED})),
    Act.READY: (_K.READY_FOR_PICKUP, frozenset({_S.PICKED})),
    Act.PACK: (_K.PACKED, frozenset({_S.PICKED})),
    Act.COLLECTED: (_K.SHIPPED, frozenset({_S.READY_FOR_PICKUP})),
    Act.SEND: (_K.SHIPPED, frozenset({_S.PACKED})),
    Act.EXPIRED: (_K.EXPIRED, frozenset({_S.READY_FOR_PICKUP})),
    Act.SHORT: (_K.SHORT, frozenset({_S.REQUESTED, _S.ACCEPTED, _S.PICKED})),
    Act.REJECT: (_K.REJECTED, frozenset({_S.REQUESTED, _S.ACCEPTED, _S.PICKED})),
}
"""The event of an act, and the states from which it may be done."""
_PICKUP: Final = frozenset({Act.READY, Act.COLLECTED, Act.EXPIRED})
_TO_SEND: Final = frozenset({Act.PACK, Act.SEND})


def act_on(
    request: FulfillmentRequest,
    events: Sequence[WarehouseEvent],
    act: Act,
    system: str,
    at: datetime,
    *,
    missing: Mapping[str, int] | None = None,
    parcels: Sequence[Parcel] = (),
    reason: str | None = None,
    words: str | None = None,
) -> WarehouseEvent:
    """The event that an act tells. `missing`: what is short, by line. Its id is the same when it is done again.

    Raises `HeldError` when it is not the time for it, `RejectedError` for a line or quantity that is not asked.
    """
    kind = _in_turn(request, events, act)
    lines = _missing(request, events, missing or {}) if act is Act.SHORT else _there(request, events)
    boxes = tuple(parcels) or (_one_parcel(request, lines) if kind is _K.SHIPPED else ())
    part = ":" + ",".join(f"{line.line_id}-{line.quantity}" for line in lines) if act is Act.SHORT else ""
    return WarehouseEvent(
        id=f"{kind}:{request.key}:{request.revision}{part}",
        system=system,
        kind=kind,
        occurred_at=at,
        location=request.location,
        request_key=request.key,
        order_name=request.order_name,
        lines=lines,
        parcels=boxes,
        reason=reason,
        words=words,
    )


def _in_turn(request: FulfillmentRequest, events: Sequence[WarehouseEvent], act: Act) -> WarehouseEventKind:
    """The kind of event of an act whose turn it is. Raises `HeldError`."""
    state = state_of(events, {line.line_id: line.quantity for line in request.lines})
    kind, from_states = _TELLS[act]
    if state not in from_states or (act in _PICKUP and not request.pickup) or (act in _TO_SEND and request.pickup):
        raise HeldError(
            f"{'a pickup' if request.pickup else 'a parcel'} that is {state.value.replace('_', ' ')} "
            f"cannot be made {act.value}",
            code="not_now",
            document=request.order_name,
            way_out="See where it stands with `crossdock store list`.",
        )
    return kind


def _there(request: FulfillmentRequest, events: Sequence[WarehouseEvent]) -> tuple[EventLine, ...]:
    """What is left of the request after what is short."""
    gone = short(events)
    return tuple(
        EventLine(line_id=line.line_id, item=line.item, quantity=line.quantity - gone.get(line.line_id, 0))
        for line in request.lines
        if line.quantity > gone.get(line.line_id, 0)
    )


def _missing(
    request: FulfillmentRequest, events: Sequence[WarehouseEvent], missing: Mapping[str, int]
) -> tuple[EventLine, ...]:
    there = {line.line_id: line for line in _there(request, events)}
    for line_id, quantity in missing.items():
        if line_id not in there or not 0 < quantity <= there[line_id].quantity:
            raise RejectedError(
                f"{quantity} cannot be missing of line {line_id}",
                code="no_such_line",
                document=request.order_name,
                field="missing",
                way_out=f"Lines with what is still there: {', '.join(f'{k}={v.quantity}' for k, v in there.items())}",
            )
    return tuple(there[line].model_copy(update={"quantity": quantity}) for line, quantity in missing.items())


def _one_parcel(request: FulfillmentRequest, lines: Sequence[EventLine]) -> tuple[Parcel, ...]:
    """All of it over the counter."""
    inside = tuple(
        ParcelLine(line_id=line.line_id, quantity=line.quantity) for line in lines if line.line_id and line.quantity
    )
    return (Parcel(id=f"{request.order_name}-{request.location}", lines=inside),) if inside else ()
