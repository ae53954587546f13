"""The decision: requests in, decisions out, each explained in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from canonical.routing import Assignment, RoutingDecision, RoutingRequest
from canonical.rules.routing.calendar import next_leaving
from canonical.rules.routing.desk import Candidate, Desk, Good
from canonical.rules.routing.placing import Placing, await_deliveries, place
from canonical.rules.routing.rules import RoutingRules
from canonical.rules.routing.stock import RoutingStock
from canonical.rules.routing.wording import price, words_of

OURS: Final = "crossdock"
"""Who decided, when we did."""


def route_orders(
    requests: Sequence[RoutingRequest], stock: RoutingStock, rules: RoutingRules, now: datetime
) -> list[RoutingDecision]:
    """Decide each, in the order they were placed; what one takes the next does not have. Answers in the order given.

    The stock is taken down: give a copy where it must stand. The same requests, stock, rules and moment give the same
    decisions, in whatever order the requests come.
    """
    desk = Desk(rules, now)
    today = now.date()
    ranked = sorted(range(len(requests)), key=lambda n: (requests[n].placed_at, requests[n].shop, requests[n].order_id))
    found: dict[int, RoutingDecision] = {n: decide(desk, requests[n], stock, today) for n in ranked}
    return [found[n] for n in range(len(requests))]


@dataclass(frozen=True)
class PlaceLine:
    """How one location stood when an order was decided."""

    location: str
    has: str
    ships: datetime | None
    points: str
    words: str


def explain_route(
    request: RoutingRequest, stock: RoutingStock, rules: RoutingRules, now: datetime
) -> tuple[RoutingDecision, list[PlaceLine]]:
    """The decision, and every location with what it had and why it was asked or not. The stock is left as it is."""
    desk = Desk(rules, now)
    goods = desk.goods(request)
    candidates, refusals = desk.candidates(request, goods, stock)
    decision = decide(desk, request, stock.copy(), now.date())
    asked = {assignment.location for assignment in decision.assignments if not assignment.backorder}
    rows = [
        _place_line(desk, candidate, goods, asked) for candidate in sorted(candidates, key=lambda c: c.offer.points)
    ]
    return decision, [*rows, *(PlaceLine(r.location, "", None, "", r.words) for r in sorted(refusals))]


def _place_line(desk: Desk, candidate: Candidate, goods: Sequence[Good], asked: set[str]) -> PlaceLine:
    offer = candidate.offer
    has = ", ".join(f"{have} of {good.quantity} {good.name}" for have, good in zip(offer.have, goods, strict=True))
    words = "not needed" if any(offer.have) else "has nothing of it"
    outcome = "ships" if offer.location in asked else words
    return PlaceLine(offer.location, has, candidate.day.ship_by, price(desk, candidate), outcome)


def decide(desk: Desk, request: RoutingRequest, stock: RoutingStock, today: date) -> RoutingDecision:
    """One decision; what it takes is taken from the stock."""
    policy = desk.rules.policy
    goods = desk.goods(request)
    candidates, refusals = desk.candidates(request, goods, stock, every=False)
    placing = place(desk, goods, candidates, stock)
    if policy.backorder and any(placing.left):
        until = today + timedelta(days=policy.backorder_days)
        await_deliveries(desk, placing, goods, desk.candidates(request, goods, stock)[0], stock, until)
    by_code = {candidate.offer.location: candidate for candidate in candidates}
    for offer, _ in placing.choice.placed:
        stock.plan(offer.location, by_code[offer.location].day.day)
    return RoutingDecision(
        order_id=request.order_id,
        assignments=_assignments(desk, goods, placing, by_code),
        unplaced=_unplaced(goods, placing),
        decided_by=OURS,
        words=tuple(words_of(desk, request, goods, placing, by_code, refusals)),
    )


def _assignments(
    desk: Desk, goods: Sequence[Good], placing: Placing, by_code: dict[str, Candidate]
) -> tuple[Assignment, ...]:
    """Who ships what; then who waits, by location and day."""
    hands = [_Hand(good) for good in goods]
    found = [
        Assignment(location=offer.location, lines=_lines(hands, units), ship_by=by_code[offer.location].day.ship_by)
        for offer, units in placing.choice.placed
    ]
    for location, due in sorted({(wait.location, wait.due) for wait in placing.waits}, key=lambda key: key[::-1]):
        units = [0] * len(goods)
        for wait in placing.waits:
            if (wait.location, wait.due) == (location, due):
                units[wait.good] += wait.units
        ship_by = next_leaving(desk.rules.location[location], due)
        found.append(Assignment(location=location, lines=_lines(hands, units), ship_by=ship_by, backorder=True))
    return tuple(found)


class _Hand:
    """Gives out the lines of a good, one after another."""

    def __init__(self, good: Good) -> None:
        self._left = [(line.line_id, line.quantity) for line in good.lines]

    def out(self, units: int) -> Iterable[tuple[str, int]]:
        """(line id, quantity) for so many units."""
        while units:
            line_id, quantity = self._left.pop(0)
            part = min(units, quantity)
            units -= part
            if quantity > part:
                self._left.insert(0, (line_id, quantity - part))
            yield line_id, part


def _lines(hands: Sequence[_Hand], units: Sequence[int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for hand, count in zip(hands, units, strict=True):
        for line_id, part in hand.out(count):
            found[line_id] = found.get(line_id, 0) + part
    return found


def _unplaced(goods: Sequence[Good], placing: Placing) -> dict[str, int]:
    """What nobody ships: the last lines of each good, since the first are given out first."""
    found: dict[str, int] = {}
    for good, count in zip(goods, placing.left, strict=True):
        rest = count
        for line in reversed(good.lines):
            part = min(rest, line.quantity)
            if part:
                found[line.line_id] = found.get(line.line_id, 0) + part
                rest -= part
    return found
