"""What it means for a life that a step was settled, or refused."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from canonical.errors import CrossdockError, HeldError, RejectedError
from canonical.life import Cancellation, CancelledBy, Done, OrderLife, Stopped, Task
from canonical.rules.changes import postal_mark
from canonical.rules.lifecycle.hearing import amend_refused
from canonical.rules.lifecycle.returns.outcomes import RETURN_OPERATIONS, refused_return, settled_return
from canonical.rules.lifecycle.tracking import tracking_mark
from canonical.steps import Operation, Step
from canonical.warehouse import WarehouseState

NOT_THERE: Final = "request_unknown"
"""The code by which a warehouse says that it was never asked."""


def settled(life: OrderLife, step: Step, done: Done) -> OrderLife:
    """The life after a step went through. Settled twice is settled once."""
    if step.operation in RETURN_OPERATIONS:
        return settled_return(life, step, done)
    stopped = {key: one for key, one in life.stopped.items() if key != step.key}
    if step.operation is Operation.CAPTURE:
        done = done.model_copy(update={"number": str(step.request.total.amount)})
    life = life.model_copy(update={"done": {**life.done, step.key: done}, "stopped": stopped, "updated_at": done.at})
    fold = _FOLDS.get(step.operation)
    return fold(life, step, done) if fold else life


def refused(life: OrderLife, step: Step, error: CrossdockError, now: datetime) -> OrderLife:
    """The life after a step was refused: it stops, and the plan says what follows."""
    if step.operation in RETURN_OPERATIONS:
        return refused_return(life, step, error, now)
    stopped = Stopped(
        code=error.code, words=error.words[:2000] or error.code, at=now, held=isinstance(error, HeldError)
    )
    task = _task_of(life, step)
    if task is not None and step.operation is Operation.AMEND:
        return amend_refused(life, task, step.key, stopped)
    life = life.model_copy(update={"stopped": {**life.stopped, step.key: stopped}, "updated_at": now})
    if step.operation is Operation.AMEND_SALE:
        return life.model_copy(update={"amending": None})
    if task is None:
        return life
    if step.operation is Operation.REQUEST and isinstance(error, RejectedError):
        return _rejected(life, task, error)
    if step.operation is Operation.CANCEL_REQUEST:
        return _not_cancelled(life, task, error)
    return life


def _rejected(life: OrderLife, task: Task, error: RejectedError) -> OrderLife:
    """A location that refuses a request as it is cannot ship it: another one may."""
    excluded = life.excluded if task.location in life.excluded else (*life.excluded, task.location)
    task = task.model_copy(update={"state": WarehouseState.REJECTED, "reason": error.words[:2000]})
    return life.with_task(task).model_copy(update={"excluded": excluded})


def _not_cancelled(life: OrderLife, task: Task, error: CrossdockError) -> OrderLife:
    """Too late for it, or it never was there: the request of a worker that died may not have arrived."""
    if error.code == NOT_THERE and task.taken is None:
        return life.with_task(task.model_copy(update={"state": WarehouseState.CANCELLED}))
    return life.with_task(task.model_copy(update={"cancel_refused": True, "reason": error.words[:2000]}))


def _requested(life: OrderLife, step: Step, done: Done) -> OrderLife:
    task = _task_of(life, step)
    if task is None:
        return life
    changes: dict[str, object] = {"number": done.number or task.number, "updated_at": done.at, "asked": True}
    if not done.awaiting:
        changes["external_id"] = done.id
    if task.taken is None or step.request.revision >= task.taken:
        changes |= {"taken": step.request.revision, "taken_lines": _asked(step)}
    if step.operation is Operation.AMEND and step.request.revision != task.taken:
        changes["addressed"] = (*task.addressed, postal_mark(step.request.ship_to))
    return life.with_task(task.model_copy(update=changes))


def _asked(step: Step) -> dict[str, int]:
    return {line.line_id: line.quantity for line in step.request.lines}


def _let_go(life: OrderLife, step: Step, done: Done) -> OrderLife:
    """Cancelled, unless the answer comes later: then the warehouse tells by an event."""
    task = _task_of(life, step)
    if task is None or done.awaiting or task.ended:
        return life
    return life.with_task(task.model_copy(update={"state": WarehouseState.CANCELLED, "updated_at": done.at}))


def _told(life: OrderLife, step: Step, done: Done) -> OrderLife:
    """The shop shows a parcel."""
    parcel = step.request.parcel
    shipment = next((one for one in life.shipments if one.id == step.subject), None)
    if shipment is None:
        return life
    told = {**shipment.told, parcel.id: done.id}
    every = done.id if all(one.id in told for one in shipment.parcels) else None
    changes = {
        "told": told,
        "shown": {**shipment.shown, parcel.id: tracking_mark(parcel)},
        "fulfillment_id": shipment.fulfillment_id or every,
    }
    return life.with_shipment(shipment.model_copy(update=changes))


def _tracked(life: OrderLife, step: Step, done: Done) -> OrderLife:
    shipment = next((one for one in life.shipments if one.id == step.subject), None)
    if shipment is None:
        return life
    shown = {**shipment.shown, step.request.parcel.id: tracking_mark(step.request.parcel)}
    return life.with_shipment(shipment.model_copy(update={"shown": shown}))


def _amended(life: OrderLife, step: Step, done: Done) -> OrderLife:
    """The sale is what was asked for."""
    return life.model_copy(update={"sold": life.amending, "amending": None})


def _ended_in_shop(life: OrderLife, step: Step, done: Done) -> OrderLife:
    """The shop ended the order because we asked: for a pickup that expired nobody else did."""
    if life.cancellation is not None:
        return life
    why = Cancellation(by=CancelledBy.SHOP, reason=step.request.reason, at=done.at)
    return life.model_copy(update={"cancellation": why})


def _task_of(life: OrderLife, step: Step) -> Task | None:
    """The request that a step is about."""
    if step.operation is Operation.CANCEL_REQUEST:
        return life.task(step.request.of)
    if step.operation in (Operation.REQUEST, Operation.AMEND):
        return life.task(step.request.key)
    return None


_FOLDS: Final[dict[Operation, Callable[[OrderLife, Step, Done], OrderLife]]] = {
    Operation.REQUEST: _requested,
    Operation.AMEND: _requested,
    Operation.CANCEL_REQUEST: _let_go,
    Operation.FULFILL: _told,
    Operation.TRACK: _tracked,
    Operation.CANCEL_ORDER: _ended_in_shop,
    Operation.AMEND_SALE: _amended,
}
