"""Requests to warehouses, and the fulfillment orders of the shop that wait behind them.

    booked -> moved to the location -> (held until the goods are there -> released) -> requested -> amended, cancelled

The shop's fulfillment orders are replaced when they are moved, split or held. So they are named in what is sent, which
finds their lines wherever they are, and never in a key.
"""

from collections.abc import Iterable

from canonical.fulfillment import FulfillmentOrder, FulfillmentOrderStatus
from canonical.ids import key_uuid
from canonical.life import Done, Task
from canonical.rules.changes import postal_mark
from canonical.rules.lifecycle.drafting import Draft
from canonical.rules.lifecycle.keys import amend_key, cancel_request_key, key, mark, task_parts
from canonical.rules.lifecycle.pieces import added, live_tasks
from canonical.rules.lifecycle.tidying import names
from canonical.steps import CancelByKey, Hold, Move, Operation
from canonical.warehouse import FulfillmentRequest, RequestLine

_WAITING = frozenset({
    FulfillmentOrderStatus.OPEN, FulfillmentOrderStatus.IN_PROGRESS, FulfillmentOrderStatus.SCHEDULED,
    FulfillmentOrderStatus.ON_HOLD,
})  # fmt: skip
GOODS_MISSING = "INVENTORY_OUT_OF_STOCK"


def plan_requests(draft: Draft) -> None:
    """What is due between us, the warehouses and the shop before goods leave."""
    for task in live_tasks(draft.life):
        if task.system is None or (task.cancel is None and not draft.facts.booked):
            continue
        if task.cancel is not None:
            _let_go(draft, task)
        elif task.taken is None:
            _request(draft, task)
        elif task.revision > task.taken:
            draft.want(
                Operation.AMEND,
                amend_key(draft.life, task),
                task.location,
                lambda task=task: _asked_of(draft, task),  # type: ignore[misc]
                system=task.system,
            )


def _request(draft: Draft, task: Task) -> None:
    """Move first, then hold or release, then ask."""
    moved, here = _at_its_location(draft, task)
    if not here:
        return
    if task.backorder and not task.asked and not _has_come(draft, task):
        _hold(draft, task, moved)
        return
    if task.on_hold and not _released(draft, task, moved):
        return
    unmapped = [line for line in task.lines if draft.facts.item_of(line) is None]
    if unmapped:
        titles = ", ".join(names(draft).get(line, line) for line in unmapped)
        draft.wait("item_unmapped", f"nothing is mapped for {titles}", "Add the mapping; it goes on by itself.")
        return
    draft.want(Operation.REQUEST, task.key, task.location, lambda: _asked_of(draft, task), system=task.system)
    if task.key in draft.steps:
        addressed = task.addressed or (postal_mark(draft.order.shipping_address),)
        draft.keep_task(task.model_copy(update={"asked": True, "addressed": addressed}))


def _at_its_location(draft: Draft, task: Task) -> tuple[Done | None, bool]:
    """(the move, whether the shop has the lines at the task's location now)."""
    if task.asked:
        return None, True
    place = draft.facts.places.channel_location(draft.order.shop, task.location)
    if place is None:
        words = f"no location of the shop is mapped to {task.location}"
        draft.wait("location_unmapped", words, "Add the mapping; it goes on by itself.")
        return None, False
    lines, source = _to_move(draft, task, place)
    if source is None:
        return None, True
    move = Move(source.id, place, lines)
    moving = key(draft.life, Operation.MOVE, task.location, mark(lines))
    done = draft.want(Operation.MOVE, moving, task.location, lambda: move)
    return done, done is not None


def _to_move(draft: Draft, task: Task, place: str) -> tuple[dict[str, int], FulfillmentOrder | None]:
    """How many pieces of each line are to wait at the place in all, and one fulfillment order to take from.

    Once something was moved the order as we read it may be old, so what was asked before is no proof.
    """
    mine = added(one.remaining for one in live_tasks(draft.life) if one.location == task.location and not one.cancel)
    rows = [one for one in draft.order.fulfillment_orders if one.status in _WAITING]
    here = added(_remaining(one) for one in rows if one.location_id == place)
    elsewhere = [one for one in rows if one.location_id != place]
    old = any(done.startswith(f"{draft.life.shop}:{Operation.MOVE.value}:") for done in draft.life.done)
    need = {line: n for line, n in mine.items() if line in task.lines and (old or n > here.get(line, 0))}
    source = next((one for one in elsewhere if set(_remaining(one)) & set(need)), None)
    if source is None and old and need and len(draft.life.tasks) > 1:
        source = next((one for one in rows if set(_remaining(one)) & set(need)), None)
    return need, source


def _hold(draft: Draft, task: Task, moved: Done | None) -> None:
    """The shop shows that it waits for goods, where nothing else waits in the same fulfillment order."""
    at = task.ship_by
    if at is not None:
        draft.look(at)
    else:
        words = f"nobody knows when {task.location} gets its goods"
        draft.wait("backorder", words, "Release it when the goods are there.")
    one = _its_order(draft, task, moved)
    if one is None or one.status is FulfillmentOrderStatus.SCHEDULED:
        return
    hold = Hold(one.id, key_uuid(task.key), GOODS_MISSING)
    held = key(draft.life, Operation.HOLD, *task_parts(draft.life, task))
    draft.want(Operation.HOLD, held, task.location, lambda: hold)
    if held in draft.steps:
        draft.keep_task(task.model_copy(update={"on_hold": True}))


def _released(draft: Draft, task: Task, moved: Done | None) -> bool:
    held = draft.life.done.get(key(draft.life, Operation.HOLD, *task_parts(draft.life, task)))
    one = _its_order(draft, task, moved)
    id_ = held.id if held else one.id if one else None
    if id_ is None:
        return True
    release = Hold(id_, key_uuid(task.key))
    name = key(draft.life, Operation.RELEASE, *task_parts(draft.life, task))
    return draft.want(Operation.RELEASE, name, task.location, lambda: release) is not None


def _has_come(draft: Draft, task: Task) -> bool:
    """Whether a backorder may leave."""
    return "backorder" in draft.life.waived or (task.ship_by is not None and task.ship_by <= draft.facts.now)


def _its_order(draft: Draft, task: Task, moved: Done | None) -> FulfillmentOrder | None:
    """The fulfillment order at its location that has nothing but its lines."""
    place = draft.facts.places.channel_location(draft.order.shop, task.location)
    rows = [one for one in draft.order.fulfillment_orders if one.status in _WAITING]
    if moved is not None:
        source = next((one for one in rows if set(_remaining(one)) & set(task.lines)), None)
        return source.model_copy(update={"id": moved.id, "location_id": place}) if source else None
    fits = (one for one in rows if one.location_id == place and _remaining(one) == task.remaining)
    return next(fits, None)


def _let_go(draft: Draft, task: Task) -> None:
    """Ask the warehouse to let go, unless it said no."""
    if task.cancel_refused:
        return
    cancel = CancelByKey(task.key, task.cancel or "cancelled")
    name = cancel_request_key(draft.life, task)
    draft.want(Operation.CANCEL_REQUEST, name, task.location, lambda: cancel, system=task.system)


def _asked_of(draft: Draft, task: Task) -> FulfillmentRequest:
    order = draft.order
    by_id = {line.id: line for line in order.lines}
    lines = tuple(
        RequestLine(
            line_id=line,
            item=draft.facts.item_of(line) or line,
            quantity=n,
            unit_value=by_id[line].unit_price.shop if line in by_id else None,
            customs_code=_customs(duty.customs_code for duty in by_id[line].duties) if line in by_id else None,
        )
        for line, n in task.lines.items()
    )
    return FulfillmentRequest(
        key=task.key,
        revision=task.revision,
        shop=order.shop,
        company=draft.life.company,
        order_id=order.id,
        order_name=order.name,
        location=task.location,
        lines=lines,
        ship_to=order.shipping_address,
        email=order.email,
        method=next((charge.code for charge in order.shipping if not charge.removed), None),
        pickup=task.pickup,
        requested_at=task.created_at,
        ship_by=task.ship_by,
        note=order.note,
    )


def _customs(codes: Iterable[str | None]) -> str | None:
    return next((code for code in codes if code), None)


def _remaining(one: FulfillmentOrder) -> dict[str, int]:
    return added({row.line_id: row.remaining} for row in one.lines if row.remaining)
