"""How many pieces of each order line are wanted, have left, wait at a warehouse, or have nowhere to leave from."""

from collections.abc import Iterable
from typing import Final

from canonical.fulfillment import FulfillmentOrderStatus
from canonical.life import OrderLife, Shipped, Task
from canonical.order import Order, OrderLine
from canonical.rules.lifecycle.keys import key
from canonical.steps import Operation

_GONE: Final = frozenset(
    {FulfillmentOrderStatus.CANCELLED, FulfillmentOrderStatus.CLOSED, FulfillmentOrderStatus.INCOMPLETE}
)
TAKEN_BACK: Final = "fulfillment_cancelled"
"""The case of a shipment that is booked in the ERP, but was taken back in the shop."""


def shippable(order: Order) -> tuple[OrderLine, ...]:
    """The lines that somebody has to ship: no tips, no gift cards sent by mail, no services."""
    return tuple(line for line in order.lines if line.requires_shipping and not line.is_tip and not line.is_gift_card)


def wanted(order: Order, life: OrderLife) -> dict[str, int]:
    """Pieces that are to leave in all, by line: none of a cancelled order.

    A piece that left and came back is no longer among the order's, but still among those that were to leave.
    """
    if life.cancellation is not None:
        return {line.id: 0 for line in shippable(order)}
    back = came_back(life)
    return {
        line.id: line.current_quantity + min(line.quantity - line.current_quantity, back.get(line.id, 0))
        for line in shippable(order)
    }


def came_back(life: OrderLife) -> dict[str, int]:
    """Pieces of returns, by line. Refunds without one and blind goods say nothing of what was taken out before."""
    total: dict[str, int] = {}
    for one in life.returns:
        if "/" not in one.id:
            for line in one.lines:
                pieces = max(line.asked, line.authorised, line.received)
                total[line.line_id] = total.get(line.line_id, 0) + pieces
    return {line: min(n, life.shipped.get(line, 0)) for line, n in total.items()}


def added(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    """The sum by line."""
    total: dict[str, int] = {}
    for part in parts:
        for line, n in part.items():
            total[line] = total.get(line, 0) + n
    return total


def live_tasks(life: OrderLife) -> tuple[Task, ...]:
    """Requests of which something may still leave."""
    return tuple(task for task in life.tasks if not task.ended)


def in_tasks(life: OrderLife) -> dict[str, int]:
    """Pieces that may still leave, by line. What is to be cancelled counts until the warehouse let go of it."""
    return added(task.remaining for task in live_tasks(life))


def left(life: OrderLife) -> dict[str, int]:
    """Pieces that have left, by line. A shipment taken back in the shop counts while the ERP has it, until released."""
    doubtful = () if TAKEN_BACK in life.waived else booked_but_taken_back(life)
    return added((life.shipped, *(one.lines for one in doubtful)))


def booked_but_taken_back(life: OrderLife) -> tuple[Shipped, ...]:
    """Fulfillments of others that were cancelled after the ERP had them as shipped."""
    return tuple(one for one in life.shipments if one.cancelled and key(life, Operation.SHIPMENT, one.id) in life.done)


def missing(order: Order, life: OrderLife) -> dict[str, int]:
    """Pieces that are wanted and nobody was asked for.

    Never more than the shop shows as waiting: what it sold over the counter has left before we hear of it.
    """
    gone, asked, untold, waiting = left(life), in_tasks(life), _untold(life), at_channel(order)
    rest = {line: n - gone.get(line, 0) - asked.get(line, 0) for line, n in wanted(order, life).items()}
    for line in waiting.keys() & rest.keys():
        rest[line] = min(rest[line], waiting[line] - asked.get(line, 0) - untold.get(line, 0))
    return {line: n for line, n in rest.items() if n > 0}


def excess(order: Order, life: OrderLife) -> dict[str, int]:
    """Pieces at warehouses that are not wanted any more, by line.

    A piece refunded without a return looks like one that was taken out. So nothing is taken from a warehouse that the
    shop still shows as waiting to be shipped.
    """
    gone, asked, untold = left(life), in_tasks(life), _untold(life)
    waiting = at_channel(order)
    found = {}
    for line, n in wanted(order, life).items():
        over = gone.get(line, 0) + asked.get(line, 0) - n
        if line in waiting and life.cancellation is None and not _elsewhere(life, line):
            over = min(over, asked.get(line, 0) + untold.get(line, 0) - waiting[line])
        found[line] = min(over, asked.get(line, 0))
    return {line: n for line, n in found.items() if n > 0}


def at_channel(order: Order) -> dict[str, int]:
    """Pieces that the shop shows as waiting, by line; only lines of which it shows anything."""
    rows = [row for one in order.fulfillment_orders for row in one.lines]
    open_ = [row for one in order.fulfillment_orders if one.status not in _GONE for row in one.lines]
    return {row.line_id: 0 for row in rows} | added({row.line_id: row.remaining} for row in open_)


def _untold(life: OrderLife) -> dict[str, int]:
    """Pieces that left and that the shop does not show yet."""
    return added(
        {line.line_id: line.quantity}
        for one in life.shipments
        if not one.cancelled
        for parcel in one.parcels
        if parcel.id not in one.told
        for line in parcel.lines
    )


def _elsewhere(life: OrderLife, line: str) -> bool:
    return any(one.made_elsewhere and line in one.lines for one in life.shipments)
