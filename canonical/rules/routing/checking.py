"""Decisions that somebody else proposes: held against the facts before they count.

Whoever decides, no location is asked that may not be, nothing ships that is not there, and every unit is accounted for.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from canonical.routing import Assignment, RoutingDecision, RoutingRequest
from canonical.rules.routing.calendar import ShipDay
from canonical.rules.routing.desk import Candidate, Desk, Good
from canonical.rules.routing.placing import await_goods
from canonical.rules.routing.rules import RoutingRules
from canonical.rules.routing.stock import RoutingStock


def accept_decisions(
    requests: Sequence[RoutingRequest],
    proposed: Mapping[tuple[str, str], RoutingDecision],
    stock: RoutingStock,
    rules: RoutingRules,
    now: datetime,
    by: str,
) -> list[RoutingDecision]:
    """The proposals (by shop and order id) that can be, their stock taken; the others held with what is wrong.

    `ship_by` is filled in where the proposal has none. Orders are looked at in the order they were placed.
    """
    desk = Desk(rules, now)
    found: dict[int, RoutingDecision] = {}
    for n in sorted(
        range(len(requests)), key=lambda n: (requests[n].placed_at, requests[n].shop, requests[n].order_id)
    ):
        request = requests[n]
        proposal = proposed.get((request.shop, request.order_id))
        found[n] = (
            held(request, by, f"{by} decided nothing for it")
            if proposal is None
            else _accepted(desk, request, proposal, stock, now, by)
        )
    return [found[n] for n in range(len(requests))]


def held(request: RoutingRequest, by: str, words: str) -> RoutingDecision:
    """Nothing placed, and why it waits."""
    every = {line.line_id: line.quantity for line in request.lines}
    return RoutingDecision(
        order_id=request.order_id, assignments=(), unplaced=every, decided_by=by, words=(words,), held=words
    )


def _accepted(
    desk: Desk, request: RoutingRequest, proposal: RoutingDecision, stock: RoutingStock, now: datetime, by: str
) -> RoutingDecision:
    items = {item for line in request.lines for item, _ in line.takes}
    trial = stock.part(items)
    goods = desk.goods(request)
    candidates, refusals = desk.candidates(request, goods, trial)
    may = {candidate.offer.location: candidate for candidate in candidates}
    problem = _miscounted(request, proposal)
    assignments: list[Assignment] = []
    for assignment in proposal.assignments:
        why = next((r.words for r in refusals if r.location == assignment.location), "no such location")
        if problem is None and assignment.location not in may:
            problem = f"{assignment.location} may not be asked: {why}"
        if problem is None:
            problem = _take(desk, goods, assignment, may[assignment.location], trial, now)
            assignments.append(_dated(assignment, may[assignment.location].day))
    if problem is not None:
        return held(request, by, f"what {by} decided cannot be: {problem}")
    stock.put(trial)
    return proposal.model_copy(update={"assignments": tuple(assignments), "decided_by": by, "held": None})


def _miscounted(request: RoutingRequest, proposal: RoutingDecision) -> str | None:
    counted: Counter[str] = Counter(proposal.unplaced)
    for assignment in proposal.assignments:
        counted.update(assignment.lines)
    asked = {line.line_id: line.quantity for line in request.lines}
    if unknown := sorted(set(counted) - set(asked)):
        return f"it names lines that nobody asked for ({', '.join(unknown[:3])})"
    if (
        any(count < 0 for a in proposal.assignments for count in a.lines.values())
        or min(counted.values(), default=0) < 0
    ):
        return "a quantity is below zero"
    wrong = [
        f"{counted[line_id]} of {quantity} of line {line_id}"
        for line_id, quantity in asked.items()
        if counted[line_id] != quantity
    ]
    return f"{wrong[0]} is accounted for" if wrong else None


def _take(
    desk: Desk, goods: Sequence[Good], assignment: Assignment, candidate: Candidate, stock: RoutingStock, now: datetime
) -> str | None:
    """Take what it ships; in words what is not there, or may not leave there."""
    location, policy = candidate.lane.location, desk.rules.policy
    until = now.date() + timedelta(days=policy.backorder_days)
    for good in goods:
        units = sum(assignment.lines.get(line.line_id, 0) for line in good.lines)
        if not units:
            continue
        if not desk.may_ship(location, good.categories):
            return f"{location.code} may not ship {good.name} ({', '.join(good.categories)})"
        if assignment.backorder:
            if not policy.backorder or await_goods(good, location.code, until, units, stock)[0] < units:
                return f"{location.code} has no {units} {good.name} announced"
            continue
        for item, each in good.takes:
            if stock.at(item, location.code) < units * each:
                return f"{location.code} has {stock.at(item, location.code)} {item}, not {units * each}"
            stock.take(item, location.code, units * each)
    if not assignment.backorder:
        stock.plan(location.code, candidate.day.day)
    return None


def _dated(assignment: Assignment, day: ShipDay) -> Assignment:
    if assignment.ship_by is not None or assignment.backorder:
        return assignment
    return assignment.model_copy(update={"ship_by": day.ship_by})
