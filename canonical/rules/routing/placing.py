"""Places the goods of an order: from stock, then on announced deliveries.

From stock the choice is exact in units, then parcels, then points (see `choosing`), unless goods of one order take the
same item (a kit and its component): then stock is shared between lines, and locations are taken greedily, those that
place the most units first. Never more than there is; with shared items perhaps fewer units or more parcels than best.

Deliveries are taken greedily, good by good: the earliest first, and of one day at a location that ships already, then
at the cheapest. A kit waits where stock and deliveries of one location complete it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from canonical.rules.routing.choosing import Choice, Offer, choose
from canonical.rules.routing.desk import Candidate, Desk, Good
from canonical.rules.routing.stock import RoutingStock


class Wait(NamedTuple):
    """Units of a good (by number) that wait at a location for its delivery."""

    good: int
    units: int
    location: str
    due: date
    documents: tuple[str, ...]


@dataclass
class Placing:
    """What became of each good."""

    choice: Choice
    waits: list[Wait] = field(default_factory=list)
    left: list[int] = field(default_factory=list)


def place(desk: Desk, goods: Sequence[Good], candidates: Sequence[Candidate], stock: RoutingStock) -> Placing:
    """Place the goods from what is there, and take them from the stock."""
    offers = [candidate.offer for candidate in candidates]
    if _shared(goods):
        choice = _greedily(goods, offers, stock)
    else:
        choice = choose(
            [g.quantity for g in goods], [g.grams for g in goods], offers, fewest=desk.rules.policy.fewest_parcels
        )
        for offer, units in choice.placed:
            _take(goods, offer.location, units, stock)
    left = [good.quantity for good in goods]
    for _, units in choice.placed:
        left = [rest - part for rest, part in zip(left, units, strict=True)]
    return Placing(choice, left=left)


def _shared(goods: Sequence[Good]) -> bool:
    if all(len(good.takes) == 1 and good.takes[0][1] == 1 for good in goods):
        return False
    counts = Counter(item for good in goods for item in {item for item, _ in good.takes})
    return any(count > 1 for count in counts.values())


def _take(goods: Sequence[Good], location: str, units: Sequence[int], stock: RoutingStock) -> None:
    for good, count in zip(goods, units, strict=True):
        if count:
            for item, each in good.takes:
                stock.take(item, location, count * each)


def _greedily(goods: Sequence[Good], offers: Sequence[Offer], stock: RoutingStock) -> Choice:
    """Locations one after another, each filled good by good; the stock is taken as it goes."""
    left, rest, placed = [good.quantity for good in goods], list(offers), list[tuple[Offer, list[int]]]()
    while any(left) and rest:
        fills = [(offer, _filled(goods, offer, left, stock)) for offer in rest]
        offer, units = min(fills, key=lambda pair: (-sum(pair[1]), pair[0].points, pair[0].location))
        if not any(units):
            break
        _take(goods, offer.location, units, stock)
        placed.append((offer, units))
        rest.remove(offer)
        left = [n - part for n, part in zip(left, units, strict=True)]
    return Choice(placed, exact=False)


def _filled(goods: Sequence[Good], offer: Offer, left: Sequence[int], stock: RoutingStock) -> list[int]:
    """What one location places of what is left, the lines in their order."""
    taken: Counter[str] = Counter()
    units: list[int] = []
    for good, most, want in zip(goods, offer.have, left, strict=True):
        room = min((stock.at(item, offer.location) - taken[item]) // each for item, each in good.takes)
        count = max(0, min(most, want, room))
        taken.update({item: count * each for item, each in good.takes})
        units.append(count)
    return units


def await_deliveries(
    desk: Desk,
    placing: Placing,
    goods: Sequence[Good],
    candidates: Sequence[Candidate],
    stock: RoutingStock,
    until: date,
) -> None:
    """Let what is left wait for deliveries that are due by then, as far as they go."""
    shipping = {offer.location for offer, _ in placing.choice.placed}
    ranked = sorted(candidates, key=lambda c: (c.offer.location not in shipping, c.offer.points, c.offer.location))
    for number, good in enumerate(goods):
        if not placing.left[number]:
            continue
        places = [c.lane.location for c in ranked if desk.may_ship(c.lane.location, good.categories)]
        rows = [row for item, _ in good.takes for row in stock.deliveries.get(item, ())]
        for due in sorted({row.due for row in rows if row.due <= until}):
            for location in places:
                units, documents = await_goods(good, location.code, due, placing.left[number], stock)
                if units:
                    placing.waits.append(Wait(number, units, location.code, due, documents))
                    placing.left[number] -= units


def await_goods(good: Good, location: str, due: date, want: int, stock: RoutingStock) -> tuple[int, tuple[str, ...]]:
    """(units that are complete by then at a location, the deliveries behind them), taken from the stock."""
    coming = {
        item: [row for row in stock.deliveries.get(item, ()) if row.location == location and row.due <= due]
        for item, _ in good.takes
    }
    sums = {item: stock.at(item, location) + sum(row.quantity for row in rows) for item, rows in coming.items()}
    units = min(want, *(sums[item] // each for item, each in good.takes))
    documents: list[str] = []
    for item, each in good.takes if units else ():
        there = min(stock.at(item, location), units * each)
        stock.take(item, location, there)
        missing = units * each - there
        for row in coming[item]:
            part = min(missing, row.quantity)
            if part:
                stock.take_delivery(item, row, part)
                documents.append(row.document)
                missing -= part
    return units, tuple(dict.fromkeys(documents))
