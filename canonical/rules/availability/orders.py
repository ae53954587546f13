"""What orders take of the stock, as arrays: at the place they name, else drawn from places in order of priority."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from canonical.inventory import Demand
from canonical.rules.availability.columns import Ints, whole
from canonical.rules.availability.place_terms import PlaceTerms
from canonical.rules.availability.pool import Pool, grouped
from canonical.rules.availability.setup import StockSetup, lowers, needs
from canonical.rules.availability.terms import Value, at_cells

_NOWHERE = 2**62


@dataclass(frozen=True, slots=True)
class Sight:
    """SKUs (columns) at locations (rows): where they are in the calculation, the cell of the pool, what is left."""

    locations: Sequence[str]
    at: Ints
    cells: Ints
    there: Any
    net: Ints


class Ground(Protocol):
    """What orders are taken from."""

    def has(self, location: str) -> bool: ...

    def look(self, locations: Sequence[str], skus: Ints) -> Sight: ...

    def lower(self, sight: Sight, parts: Ints) -> None: ...


class Orders:
    """Demand of all shops of the company, in the smallest unit."""

    def __init__(
        self,
        setup: StockSetup,
        demand: Sequence[Demand],
        pools: Mapping[str, Pool],
        number_of: Mapping[str, int],
        scale: int,
    ) -> None:
        self.demand, self._setup = demand, setup
        located: dict[str, list[tuple[int, int]]] = defaultdict(list)
        homeless: dict[tuple[str, bool], list[tuple[int, int]]] = defaultdict(list)
        for need in needs(setup, demand):
            number = number_of.get(need.sku)
            if number is None:
                continue
            for booked, amount in ((False, whole(need.unbooked, scale)), (True, whole(need.booked, scale))):
                place = need.place
                if amount == 0:
                    continue
                if place is None or not _stocked(pools.get(place.location), number):
                    homeless[need.shop, booked].append((number, amount))
                elif lowers(setup.owners[place.location].owner, booked=booked):
                    located[place.location].append((number, amount))
        self.taken: dict[str, tuple[Ints, Ints]] = {}
        for location, rows in located.items():
            skus, amounts = _summed(rows)
            self.taken[location] = pools[location].cells_of(skus)[0], amounts
        self._homeless = {who: _summed(rows) for who, rows in homeless.items()}
        numbers = [skus for skus, _ in self._homeless.values()]
        self.homeless_skus = np.unique(np.concatenate([np.zeros(0, np.int64), *numbers]))

    def draw(self, ground: Ground, terms: PlaceTerms, wide: Any) -> None:
        """Take off what orders without a location need. `wide`: a mask of the SKUs to draw, None for all."""
        for shop in self._setup.shops:
            for booked in (False, True):
                if (shop, booked) in self._homeless:
                    skus, amounts = self._homeless[shop, booked]
                    if wide is not None:
                        chosen = wide[skus]
                        skus, amounts = skus[chosen], amounts[chosen]
                    if len(skus):
                        self._draw(ground, terms, shop, booked, skus, amounts)

    def _draw(
        self,
        ground: Ground,
        terms: PlaceTerms,
        shop: str,
        booked: bool,
        skus: Ints,
        rest: Ints,
    ) -> None:
        """From what is there, the best place first; what is more than there is falls on that one."""
        owners = self._setup.owners
        places = [
            place
            for place in self._setup.places
            if place.shop == shop and ground.has(place.location) and lowers(owners[place.location].owner, booked=booked)
        ]
        if not places:
            return
        rows = {location: row for row, location in enumerate(dict.fromkeys(place.location for place in places))}
        sight = ground.look(list(rows), skus)
        ranks = np.full(sight.there.shape, _NOWHERE, np.int64)
        for number, place in enumerate(places):  # sorted by the channel's id
            row, here = rows[place.location], terms.at(place)
            rank = _rank(at_cells(here.open, sight.cells[row]), at_cells(here.priority, sight.cells[row]), number)
            np.minimum(ranks[row], rank, out=ranks[row])
        ranks[~sight.there] = _NOWHERE
        ground.lower(sight, _parts(sight, ranks, rest))


def _rank(opened: Value, priority: Value, number: int) -> Value:
    """The lowest goes first: those that sell the SKU, then by priority, then by the channel's id."""
    return (1 - opened) * 2**40 + priority * 2**16 + number


def _parts(sight: Sight, ranks: Ints, rest: Ints) -> Ints:
    """How much of `rest` of each SKU (a column) is taken at each location (a row), in order of rank."""
    order = np.argsort(ranks, axis=0)
    room = np.take_along_axis(np.maximum(sight.net, 0) * sight.there, order, axis=0)
    before = np.cumsum(room, axis=0) - room
    part = np.clip(rest - before, 0, room)
    part[0] += rest - part.sum(axis=0)
    parts: Ints = np.empty_like(part)
    np.put_along_axis(parts, order, part, axis=0)
    return parts


def _stocked(pool: Pool | None, number: int) -> bool:
    if pool is None:
        return False
    at = int(np.searchsorted(pool.skus, number))
    return at < len(pool.skus) and int(pool.skus[at]) == number


def _summed(rows: list[tuple[int, int]]) -> tuple[Ints, Ints]:
    numbers = np.array([number for number, _ in rows], np.int64)
    return grouped(numbers, [amount for _, amount in rows])
