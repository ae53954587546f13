"""Routing and the life of an order: what is to be placed (again), and what a decision means."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from canonical.fulfillment import FulfillmentOrder
from canonical.life import OrderLife, Task
from canonical.order import Order
from canonical.routing import Assignment, RoutingDecision, RoutingRequest
from canonical.rules.lifecycle.facts import Facts
from canonical.rules.lifecycle.keys import request_key
from canonical.rules.lifecycle.pieces import missing
from canonical.rules.routing.requests import AT_THE_PLACE, routable
from canonical.warehouse import WarehouseState

AGAIN: Final = timedelta(hours=1)
"""How long a decision that placed nothing stands before the same lines are placed again."""
_LOST: Final = (WarehouseState.REJECTED, WarehouseState.SHORT, WarehouseState.CANCELLED)


def to_route(facts: Facts) -> tuple[RoutingRequest, ...]:
    """What is still unplaced and may be placed now: edits, rejections, short picks, and what nobody had."""
    life, order = facts.life, facts.order
    if life.cancellation is not None or order.cancelled_at is not None:
        return ()
    lost, tried, expired = missing(order, life), attempts(life), expired_lines(life)
    policy = facts.policy.shipping
    most = policy.most_attempts if policy.reroute else 1
    most += life.waived.count("nobody_ships") * policy.most_attempts
    lines = {line: n for line, n in lost.items() if tried.get(line, 0) < most and line not in expired}
    lines = {line: n for line, n in lines.items() if not _asked_lately(facts, line, n)}
    if not lines:
        return ()
    return routable(_only(order, lines), facts.places, life.excluded).requests


def take_decisions(facts: Facts, decisions: Sequence[RoutingDecision]) -> OrderLife:
    """The life with a request for each assignment. Nothing is placed twice: more than is missing is not taken."""
    life = facts.life
    for decision in decisions:
        open_ = missing(facts.order, life)
        for assignment in decision.assignments:
            lines = {line: min(n, open_.get(line, 0)) for line, n in assignment.lines.items()}
            lines = {line: n for line, n in lines.items() if n > 0}
            if lines:
                life = life.with_task(_task(facts, life, assignment, lines))
                open_ = missing(facts.order, life)
        life = life.model_copy(update={"decisions": (*life.decisions, decision), "routed_at": facts.now})
    return life


def attempts(life: OrderLife) -> dict[str, int]:
    """How many locations were asked for a line and did not ship it."""
    tried: Counter[str] = Counter()
    for task in life.tasks:
        if task.state in _LOST and task.cancel is None:
            tried.update(line for line in task.lines if task.lines[line] > task.shipped.get(line, 0))
    return dict(tried)


def expired_lines(life: OrderLife) -> set[str]:
    """Lines that nobody collected: a person or the policy decides, not routing."""
    return {line for task in life.tasks if task.state is WarehouseState.EXPIRED for line in task.remaining}


def _asked_lately(facts: Facts, line: str, n: int) -> bool:
    """Whether the last decision knew of these pieces and placed them nowhere, and nothing has changed since."""
    life = facts.life
    if life.routed_at is None or not life.decisions or life.routed_at + AGAIN <= facts.now:
        return False
    last = life.decisions[-1]
    unplaced = last.unplaced.get(line, 0)
    return unplaced >= n and (last.held is not None or not _lost_since(life, line))


def _lost_since(life: OrderLife, line: str) -> bool:
    return life.routed_at is not None and any(
        task.state in _LOST and line in task.lines and task.updated_at > life.routed_at for task in life.tasks
    )


def _task(facts: Facts, life: OrderLife, assignment: Assignment, lines: dict[str, int]) -> Task:
    return Task(
        key=request_key(life, assignment.location),
        system=facts.warehouse_of(assignment.location),
        location=assignment.location,
        lines=lines,
        pickup=_is_pickup(facts, assignment.location, lines),
        backorder=assignment.backorder,
        ship_by=assignment.ship_by,
        created_at=facts.now,
        updated_at=facts.now,
    )


def _is_pickup(facts: Facts, location: str, lines: dict[str, int]) -> bool:
    """Whether the shopper collects it there."""
    place = facts.places.channel_location(facts.order.shop, location)
    return any(
        one.location_id == place and one.method in AT_THE_PLACE and any(row.line_id in lines for row in one.lines)
        for one in facts.order.fulfillment_orders
    )


def _only(order: Order, lines: dict[str, int]) -> Order:
    """The order with nothing open but these pieces; what is collected stays where it is collected."""
    left = dict(lines)
    requests = sorted(order.fulfillment_orders, key=lambda one: one.method not in AT_THE_PLACE)
    kept = [_rest_of(one, left) for one in requests]
    shown = {row.line_id for one in kept for row in one.lines}
    rows = tuple(
        line.model_copy(update={"current_quantity": lines[line.id]}) for line in order.lines if line.id in lines
    )
    grown = _grown(kept, {line: n for line, n in left.items() if n and line in shown})
    return order.model_copy(update={"lines": rows, "fulfillment_orders": tuple(grown)})


def _rest_of(one: FulfillmentOrder, left: dict[str, int]) -> FulfillmentOrder:
    rows = []
    for row in one.lines:
        if row.line_id in left and row.remaining:
            taken = min(row.remaining, left[row.line_id])
            left[row.line_id] -= taken
            rows.append(row.model_copy(update={"remaining": taken}))
    return one.model_copy(update={"lines": tuple(rows)})


def _grown(requests: list[FulfillmentOrder], more: dict[str, int]) -> list[FulfillmentOrder]:
    """The shop's requests are of another moment than the order: what they lack waits where the line waits."""
    grown = []
    for one in requests:
        rows = tuple(
            row.model_copy(update={"remaining": row.remaining + more.pop(row.line_id, 0)}) for row in one.lines
        )
        grown.append(one.model_copy(update={"lines": rows}))
    return grown
