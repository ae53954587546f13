"""What systems tell, folded into the life of an order. Told twice changes nothing; what has left stays left."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from canonical.fulfillment import Parcel, ParcelLine
from canonical.life import Cancellation, CancelledBy, OrderLife, ParcelNews, Shipped, Stopped, Task
from canonical.order import Order
from canonical.ports.aftersales import ChannelFulfillment, OrderLogistics
from canonical.rules.lifecycle.keys import amend_key, cancel_sale_key
from canonical.rules.lifecycle.tracking import tracking_mark
from canonical.warehouse import EventLine, WarehouseEvent, WarehouseEventKind, WarehouseState

UNKNOWN_LOCATION: Final = "unknown"
"""Where a fulfillment of somebody else's left from, when no mapping says so."""
PARCEL_NEWS: Final = frozenset({"in_transit", "out_for_delivery", "delivered", "attempted_delivery", "failure"})

_Kind, _State = WarehouseEventKind, WarehouseState
_STAGES: Final = {
    _Kind.ACCEPTED: _State.ACCEPTED,
    _Kind.ALLOCATED: _State.ALLOCATED,
    _Kind.PICKED: _State.PICKED,
    _Kind.PACKED: _State.PACKED,
    _Kind.READY_FOR_PICKUP: _State.READY_FOR_PICKUP,
}
_ORDER: Final = (_State.REQUESTED, *_STAGES.values())
_ENDS: Final = {
    _Kind.REJECTED: _State.REJECTED,
    _Kind.CANCELLED: _State.CANCELLED,
    _Kind.EXPIRED: _State.EXPIRED,
}


def hear_warehouse(life: OrderLife, event: WarehouseEvent, now: datetime) -> OrderLife:
    """The life after an event about one of its requests. An event of no request of it, or heard before, is nothing.

    A location that rejects, shorts, or cancels what we still want is not asked again.
    """
    task = life.task(event.request_key) if event.request_key else None
    if task is None or event.id in task.heard:
        return life
    task = task.model_copy(update={"heard": (*task.heard, event.id), "updated_at": now})
    if event.external_id and not task.external_id:
        task = task.model_copy(update={"external_id": event.external_id})
    if event.kind is _Kind.SHIPPED:
        return _left(life, task, event)
    if event.kind is _Kind.DELIVERED:
        return _delivered(life.with_task(task), task, event)
    if event.kind is _Kind.SHORT:
        short = _added(task.short, _by_line(event.lines), task)
        state = task.state if task.state in _ENDS.values() else _State.SHORT
        task = task.model_copy(update={"short": short, "state": state, "reason": event.reason or "short"})
        return _excluding(life.with_task(task), task.location)
    if event.kind in _ENDS:
        return _ended(life, task, event)
    if event.kind is _Kind.CANCEL_REFUSED:
        refused = task.model_copy(update={"cancel_refused": True, "reason": event.reason or task.reason})
        return life.with_task(refused)
    return life.with_task(_onward(task, event))


def hear_order(life: OrderLife, order: Order, now: datetime) -> OrderLife:
    """The life after what the shop says of the order itself: it may be cancelled there."""
    if order.cancelled_at is None or life.cancellation is not None:
        return life
    why = Cancellation(by=CancelledBy.SHOP, reason=order.cancel_reason or "cancelled", at=order.cancelled_at)
    return life.model_copy(update={"cancellation": why, "updated_at": now})


def hear_erp_cancelled(life: OrderLife, now: datetime) -> OrderLife:
    """The life after the ERP cancelled the sale. What we cancelled there ourselves comes back as such news, too."""
    if life.cancellation is not None or cancel_sale_key(life) in life.done:
        return life
    why = Cancellation(by=CancelledBy.ERP, reason="other", at=now)
    return life.model_copy(update={"cancellation": why, "updated_at": now})


def hear_logistics(
    life: OrderLife, logistics: OrderLogistics, location_of: Callable[[str], str | None], now: datetime
) -> OrderLife:
    """The life after a look at the shop: fulfillments others made, and those that were taken back.

    `location_of`: the canonical location of one of the channel's. One of ours that we have no answer for yet is left
    alone: telling it again under its key finds it.
    """
    for told in logistics.fulfillments:
        place = location_of(told.location_id) if told.location_id else None
        ours = next((one for one in life.shipments if told.id in (*one.told.values(), one.fulfillment_id)), None)
        if ours is not None:
            life = life.with_shipment(_seen_again(ours, told, place))
        elif told.live and not told.made_by_us and told.lines:
            life = life.with_shipment(_made_elsewhere(told, place, now))
    return life


def _onward(task: Task, event: WarehouseEvent) -> Task:
    """Further on its way, never back. An acceptance says which revision it is of, where the warehouse counts."""
    changes: dict[str, object] = {}
    if event.kind is _Kind.ACCEPTED:
        changes["accepted"] = max(task.accepted or 0, event.sequence or 0)
    reached = _STAGES.get(event.kind)
    if reached is not None and task.state in _ORDER and _ORDER.index(reached) > _ORDER.index(task.state):
        changes["state"] = reached
    if task.taken is None:
        changes |= {"taken": task.revision, "taken_lines": task.lines, "asked": True}
    return task.model_copy(update=changes)


def _ended(life: OrderLife, task: Task, event: WarehouseEvent) -> OrderLife:
    """Nothing more leaves for it. A revision that was rejected after another was accepted ends only the revision."""
    later = task.accepted is not None and (event.sequence or 0) > task.accepted
    if event.kind is _Kind.REJECTED and later and task.revision:
        words = event.words or event.reason or "the warehouse goes on with the request as it was"
        stopped = Stopped(code="amend_refused", words=words, at=event.occurred_at)
        return amend_refused(life, task, amend_key(life, task), stopped)
    state = _ENDS[event.kind]
    if task.state in _ENDS.values():
        return life.with_task(task)
    task = task.model_copy(update={"state": state, "reason": event.reason or event.words or task.reason})
    life = life.with_task(task)
    wanted = event.kind is _Kind.REJECTED or (event.kind is _Kind.CANCELLED and task.cancel is None)
    return _excluding(life, task.location) if wanted else life


def amend_refused(life: OrderLife, task: Task, key: str, why: Stopped) -> OrderLife:
    """The warehouse goes on with what it has taken."""
    kept = task.taken_lines or task.lines
    addressed = task.addressed[:-1] if key in life.done else task.addressed  # it had been taken, with no answer yet
    told = {"amend_refused": True, "lines": kept, "revision": task.taken or 0, "addressed": addressed}
    task = task.model_copy(update=told)
    done = {one: result for one, result in life.done.items() if one != key}
    return life.with_task(task).model_copy(update={"stopped": {**life.stopped, key: why}, "done": done})


def _left(life: OrderLife, task: Task, event: WarehouseEvent) -> OrderLife:
    """Goods left, or the number of a parcel that had left was corrected."""
    parcels = _parcels(event)
    corrected = _corrected(life, task, parcels)
    if corrected is not None:
        return corrected.with_task(task)
    if not parcels:
        return life.with_task(task)
    shipment = Shipped(
        id=f"{event.system}/{event.id}",
        location=event.location,
        task=task.key,
        shipped_at=event.occurred_at,
        parcels=parcels,
        collected=task.pickup,
    )
    shipped = {
        line: task.shipped.get(line, 0) + shipment.lines.get(line, 0) for line in {**task.shipped, **shipment.lines}
    }
    changes: dict[str, object] = {"shipped": shipped}
    if task.taken is None:  # nobody heard its answer; what ships has it as it was asked for
        changes |= {"taken": task.revision, "taken_lines": task.lines}
    task = task.model_copy(update=changes)
    if task.state not in _ENDS.values():
        state = _State.PARTLY_SHIPPED if task.remaining else _State.SHIPPED
        task = task.model_copy(update={"state": _State.SHORT if any(task.short.values()) else state})
    return life.with_task(task).with_shipment(shipment)


def _parcels(event: WarehouseEvent) -> tuple[Parcel, ...]:
    """The parcels told, ids unique; what was in none of them is one without a number, by the event's id."""
    left, parcels, seen = _by_line(event.lines), list[Parcel](), set[str]()
    for parcel in (one for one in event.parcels if one.lines):
        id_ = parcel.id if parcel.id not in seen else f"{parcel.id}/{len(parcels) + 1}"
        seen.add(id_)
        parcels.append(parcel.model_copy(update={"id": id_}))
        for line in parcel.lines:
            left[line.line_id] = left.get(line.line_id, 0) - line.quantity
    rest = tuple(ParcelLine(line_id=line, quantity=n) for line, n in left.items() if n > 0)
    return (*parcels, Parcel(id=event.id, lines=rest)) if rest else tuple(parcels)


def _corrected(life: OrderLife, task: Task, parcels: tuple[Parcel, ...]) -> OrderLife | None:
    """The life with new numbers, when these very parcels have left before and the task has nothing left of them."""
    known = {p.id: (one, p) for one in life.shipments if one.task == task.key for p in one.parcels}
    same = all(p.id in known and _lines(known[p.id][1]) == _lines(p) for p in parcels)
    if not parcels or not same or any(line in task.remaining for p in parcels for line in _lines(p)):
        return None
    for parcel in parcels:
        shipment = next(one for one in life.shipments if one.id == known[parcel.id][0].id)
        changed = tuple(parcel if p.id == parcel.id else p for p in shipment.parcels)
        life = life.with_shipment(shipment.model_copy(update={"parcels": changed}))
    return life


def _delivered(life: OrderLife, task: Task, event: WarehouseEvent) -> OrderLife:
    """News of each parcel named, or of what the task shipped."""
    status = event.reason if event.reason in PARCEL_NEWS else "delivered"
    numbers: list[str | None] = [p.tracking_number for p in event.parcels if p.tracking_number]
    mine = [one for one in life.shipments if one.task == task.key]
    news = []
    for place, number in enumerate(numbers or [None]):
        found = next((one for one in mine if any(p.tracking_number == number for p in one.parcels)), None)
        found = found or (mine[-1] if mine and number is None else None)
        news.append(
            ParcelNews(
                id=f"{event.system}/{event.id}" + (f"/{place + 1}" if place else ""),
                shipment=found.id if found else task.key,
                tracking_number=number,
                status=status,
                happened_at=event.occurred_at,
            )
        )
    return life.model_copy(update={"news": (*life.news, *news)})


def _seen_again(ours: Shipped, told: ChannelFulfillment, place: str | None) -> Shipped:
    """A shipment that the shop shows. Taken back: somebody else's never left; ours did, so a person has to look."""
    if not told.live:
        if ours.made_elsewhere and ours.task is None:
            return ours.model_copy(update={"cancelled": True})
        back = ours.taken_back if told.id in ours.taken_back else (*ours.taken_back, told.id)
        return ours.model_copy(update={"taken_back": back})
    if ours.location == UNKNOWN_LOCATION and place is not None:
        return ours.model_copy(update={"location": place})
    return ours


def _made_elsewhere(told: ChannelFulfillment, place: str | None, now: datetime) -> Shipped:
    lines = tuple(ParcelLine(line_id=line, quantity=n) for line, n in told.lines.items() if n > 0)
    shown = told.parcel or Parcel(id=told.id, lines=lines)
    parcel = shown.model_copy(update={"id": told.id, "lines": lines})
    return Shipped(
        id=told.id,
        location=place or UNKNOWN_LOCATION,
        shipped_at=now,
        parcels=(parcel,),
        fulfillment_id=told.id,
        told={told.id: told.id},
        shown={told.id: tracking_mark(parcel)},
        made_elsewhere=True,
    )


def _excluding(life: OrderLife, location: str) -> OrderLife:
    return life if location in life.excluded else life.model_copy(update={"excluded": (*life.excluded, location)})


def _by_line(lines: tuple[EventLine, ...]) -> dict[str, int]:
    total: dict[str, int] = {}
    for line in lines:
        if line.line_id and line.quantity:
            total[line.line_id] = total.get(line.line_id, 0) + line.quantity
    return total


def _lines(parcel: Parcel) -> dict[str, int]:
    total: dict[str, int] = {}
    for line in parcel.lines:
        total[line.line_id] = total.get(line.line_id, 0) + line.quantity
    return total


def _added(base: dict[str, int], more: dict[str, int], task: Task) -> dict[str, int]:
    """Both together, never more than is still to leave: a short pick told by two messages is one."""
    left = task.remaining
    return {
        line: base.get(line, 0) + min(more.get(line, 0), left.get(line, 0)) for line in dict.fromkeys((*base, *more))
    }
