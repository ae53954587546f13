"""The choice of locations, as numbers: most units first, then fewest parcels, then points.

Goods are independent of each other here (no two take the same item), so a set of locations places of each good what
it has, and it is enough to find the best set. `choose` is exact: it looks through sets from small to large and leaves
out those that cannot be better. An order that would need more than `STEPS` looks (many lines, each at few locations)
gets the best set found so far, or a greedy one: never fewer units, perhaps a parcel more than needed. `Choice.exact`
says which.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

STEPS: Final = 20_000
PER_KG: Final = 1000
"""Points are compared in thousandths, so that points per kilogram times grams is whole."""


class Offer(NamedTuple):
    """A location that has some of it: `have` units of each good, none more than needed; `points` with the parcel."""

    location: str
    points: int
    per_kg: int
    have: tuple[int, ...]


class Choice(NamedTuple):
    """(location, units of each good), in the order of the offers; whether no other choice is better."""

    placed: list[tuple[Offer, list[int]]]
    exact: bool = True


def choose(needs: Sequence[int], grams: Sequence[int], offers: Sequence[Offer], *, fewest: bool = True) -> Choice:
    """Which of the offers ship how much. The same offers in another order give the same choice.

    >>> near, far = Offer("NEAR", 500, 0, (1, 0)), Offer("FAR", 900, 0, (1, 1))
    >>> [(offer.location, units) for offer, units in choose((1, 1), (0, 0), (near, far)).placed]
    [('FAR', [1, 1])]
    """
    useful = sorted((o for o in offers if any(o.have)), key=lambda o: (o.points, o.per_kg, o.location))
    if not useful:
        return Choice([])
    goal = tuple(min(need, sum(column)) for need, column in zip(needs, _columns(useful), strict=True))
    if fewest and (alone := [o for o in useful if _covers(o.have, goal)]):
        weight = sum(g * n for g, n in zip(grams, goal, strict=True))
        best = min(alone, key=lambda o: (o.points * PER_KG + o.per_kg * weight, o.location))
        return Choice([(best, list(goal))])
    search = _Search(goal, tuple(grams), useful, fewest)
    search.run()
    found = search.best if search.best is not None else greedy(goal, useful)
    return Choice(fill(goal, found), search.exact)


def fill(goal: Sequence[int], chosen: Sequence[Offer]) -> list[tuple[Offer, list[int]]]:
    """Each good from the cheapest of the chosen that have it, by weight. Locations without anything drop out."""
    units = {offer.location: [0] * len(goal) for offer in chosen}
    by_weight = sorted(chosen, key=lambda o: o.per_kg)
    for good, need in enumerate(goal):
        left = need
        for offer in by_weight:
            if not left:
                break
            part = min(left, offer.have[good])
            units[offer.location][good] = part
            left -= part
    return [(offer, units[offer.location]) for offer in chosen if any(units[offer.location])]


def cost(grams: Sequence[int], placed: Sequence[tuple[Offer, Sequence[int]]]) -> int:
    """Points of a choice, in thousandths."""
    weights = (o.per_kg * sum(g * n for g, n in zip(grams, units, strict=True)) for o, units in placed if o.per_kg)
    return sum(offer.points for offer, _ in placed) * PER_KG + sum(weights)


def greedy(goal: Sequence[int], offers: Sequence[Offer]) -> list[Offer]:
    """Again and again who places the most of what is left, then the cheapest; at last without those not needed."""
    left, chosen, rest = list(goal), list[Offer](), list(offers)
    while any(left) and rest:
        best = max(rest, key=lambda o: (sum(map(min, left, o.have)), -o.points, o.location))
        chosen.append(best)
        rest.remove(best)
        left = [max(0, n - h) for n, h in zip(left, best.have, strict=True)]
    for offer in sorted(chosen, key=lambda o: (-o.points, o.location)):
        others = [o for o in chosen if o is not offer]
        if others and _covers([sum(column) for column in _columns(others)], goal):
            chosen = others
    return sorted(chosen, key=lambda o: (o.points, o.per_kg, o.location))


@dataclass(slots=True)
class _Search:
    """Sets of one size after the other, the cheap ones first."""

    goal: tuple[int, ...]
    grams: tuple[int, ...]
    offers: list[Offer]
    fewest: bool
    best: list[Offer] | None = None
    best_cost: int = 0
    exact: bool = True
    steps: int = 0

    def run(self) -> None:
        """Fill `best`; give up after `STEPS`."""
        lightest = self._least_weight()
        reach, suffix = self._reach()
        for size in range(self._smallest(), len(self.offers) + 1):
            if self.best is not None and self._base(size) + lightest >= self.best_cost:
                return
            if not self._look(0, size, self.goal, [], lightest, suffix, reach):
                self.exact = False
                return
            if self.best is not None and self.fewest:
                return

    def _look(
        self,
        start: int,
        room: int,
        left: tuple[int, ...],
        chosen: list[Offer],
        spent: int,
        suffix: list[list[int]],
        reach: list[int],
    ) -> bool:
        """Every set that begins with the chosen; false when the steps are used up."""
        if not room:
            if not any(left):
                self._consider(chosen)
            return True
        wanted = sum(left)
        for at in range(start, len(self.offers) - room + 1):
            if wanted > room * reach[at] or not _covers(suffix[at], left):
                break
            offer = self.offers[at]
            if self.best is not None and spent + room * offer.points * PER_KG >= self.best_cost:
                break
            self.steps += 1
            if self.steps > STEPS:
                return False
            rest = tuple(n - h if n > h else 0 for n, h in zip(left, offer.have, strict=True))
            if (room == 1 and any(rest)) or (self.fewest and rest == left):
                continue
            more = spent + offer.points * PER_KG
            if not self._look(at + 1, room - 1, rest, [*chosen, offer], more, suffix, reach):
                return False
        return True

    def _consider(self, chosen: list[Offer]) -> None:
        placed = fill(self.goal, chosen)
        points = cost(self.grams, placed)
        if self.best is None or points < self.best_cost:
            self.best, self.best_cost = [offer for offer, _ in placed], points

    def _smallest(self) -> int:
        """No smaller set can have it all."""
        covered = sorted((sum(map(min, self.goal, o.have)) for o in self.offers), reverse=True)
        total, wanted = 0, sum(self.goal)
        for size, units in enumerate(covered, 1):
            total += units
            if total >= wanted:
                return size
        return len(covered)

    def _reach(self) -> tuple[list[int], list[list[int]]]:
        """From each offer on: the most units that one of them places; what all of them have of each good."""
        reach, suffix = [0], [[0] * len(self.goal)]
        for offer in reversed(self.offers):
            reach.append(max(reach[-1], sum(map(min, self.goal, offer.have))))
            suffix.append([a + b for a, b in zip(suffix[-1], offer.have, strict=True)])
        return reach[::-1], suffix[::-1]

    def _base(self, size: int) -> int:
        return sum(offer.points for offer in self.offers[:size]) * PER_KG

    def _least_weight(self) -> int:
        """The kilograms cost at least this, wherever they leave."""
        if not any(offer.per_kg for offer in self.offers):
            return 0
        placed = fill(self.goal, self.offers)
        return cost(self.grams, placed) - sum(offer.points for offer, _ in placed) * PER_KG


def _columns(offers: Sequence[Offer]) -> list[tuple[int, ...]]:
    return list(zip(*(offer.have for offer in offers), strict=True))


def _covers(have: Sequence[int], goal: Sequence[int]) -> bool:
    return all(h >= n for h, n in zip(have, goal, strict=True))
