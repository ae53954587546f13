"""Where an order stands, in a word for lists, and whether anything more is expected of it."""

from typing import Final

from canonical.life import OrderLife
from canonical.order import Order
from canonical.rules.lifecycle.pieces import in_tasks, left, live_tasks, missing, wanted
from canonical.states import ReturnState
from canonical.steps import Operation
from canonical.warehouse import WarehouseState

_PICKING: Final = (
    WarehouseState.PICKED,
    WarehouseState.PACKED,
    WarehouseState.READY_FOR_PICKUP,
    WarehouseState.SHORT,
    WarehouseState.PARTLY_SHIPPED,
)
_RETURN_OVER: Final = (ReturnState.CLOSED, ReturnState.DECLINED, ReturnState.CANCELLED)


def stage_of(order: Order | None, life: OrderLife) -> str:
    """One of: routing, routed, requested, picking, ready for pickup, partly shipped, shipped, returning, returned,
    cancelling, cancelled."""
    gone, waiting = any(left(life).values()), live_tasks(life)
    if life.cancellation is not None and not gone:
        return "cancelling" if waiting or not _undone(life) else "cancelled"
    if not waiting and life.returns and gone:
        return "returned" if all(one.state in _RETURN_OVER for one in life.returns) else "returning"
    open_ = bool(waiting) or (order is not None and bool(missing(order, life)))
    if gone:
        return "partly shipped" if open_ else "shipped"
    if not waiting:
        return "routing" if open_ or not life.tasks else "stopped"
    states = {task.state for task in waiting}
    if states == {WarehouseState.READY_FOR_PICKUP}:
        return "ready for pickup"
    if states & set(_PICKING):
        return "picking"
    return "requested" if any(task.taken is not None for task in waiting) else "routed"


def is_open(order: Order | None, life: OrderLife) -> bool:
    """Whether anything more is expected of it: goods to leave, a case, a return under way, something to undo."""
    if life.waiting or in_tasks(life) or any(one.state not in _RETURN_OVER for one in life.returns):
        return True
    if life.cancellation is not None:
        return not any(left(life).values()) and not _undone(life)
    if order is None or missing(order, life) or _unbooked(life):
        return True
    if not any(wanted(order, life).values()):
        return not life.sale_stands
    return not (life.shipments or life.tasks)


def _undone(life: OrderLife) -> bool:
    """Whether the side that did not ask for it knows that the order is cancelled, or never had it."""
    ends = (Operation.CANCEL_SALE, Operation.CANCEL_ORDER)
    return not life.sale_stands or any(operation in ends for operation in _operations(life))


def _unbooked(life: OrderLife) -> bool:
    """Whether the ERP lacks a shipment."""
    standing = [one.id for one in life.shipments if not one.cancelled]
    return len(standing) > sum(operation is Operation.SHIPMENT for operation in _operations(life))


def _operations(life: OrderLife) -> list[Operation]:
    return [Operation(key.split(":")[1]) for key in life.done]
