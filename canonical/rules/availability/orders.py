"""What orders take of the stock, as arrays: at the place they name, else drawn from places in order of priority."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from canonical.inventory import Demand
from canonical.rules.availability.columns import Ints, whole
from canonical.rules.availability.pool import Pool, grouped
from canonical.rules.availability.setup import StockSetup, lowers, needs
from canonical.rules.availability.terms import Terms

_NOWHERE = 2**62


@dataclass(slots=True)
class View:
    """Some cells of a pool (None: all) in a calculation. `net` falls as orders are taken off."""

    pool: Pool
    cells: Ints | None
    skus: Ints
    net: Ints
    told: Ints | None
    place_of: Ints | None = None

    def find(self, skus: Ints) -> tuple[Ints, Any]:
        """Where these SKUs are in this view, and which of them are there at all."""
        cells, there = self.pool.cells_of(skus)
        if self.cells is None or not len(self.pool.skus):
            return cells, there
        at = self._places()[np.where(there, cells, 0)]
        return at, there & (at >= 0)

    def lower(self, cells: Ints, amounts: Ints) -> None:
        """Take amounts off cells of the pool, where they are in this view."""
        if self.cells is None:
            self.net[cells] -= amounts
        else:
            at = self._places()[cells]
            there = at >= 0
            self.net[at[there]] -= amounts[there]

    def _places(self) -> Ints:
        """The place in this view of each cell of the pool, or -1."""
        if self.place_of is None:
            self.place_of = np.full(len(self.pool.skus), -1, np.int64)
            self.place_of[self.cells] = np.arange(len(self.net))
        return self.place_of

    def with_incoming(self, terms: Terms, now: datetime) -> Ints:
        """What is there, and what comes in time to be sold at a place with these terms."""
        pool = self.pool
        if not len(pool.due_cells) or (isinstance(terms.days, int) and terms.days == 0) or self.told is None:
            return self.net
        at, there = self.find(pool.skus[pool.due_cells])
        at, day, amount = at[there], pool.due_days[there], pool.due_amounts[there]
        days = np.asarray(terms.days) if isinstance(terms.days, int) else terms.days[at]
        counts = (day <= now.date().toordinal() + days) & (days > 0)
        net = self.net.copy()
        np.add.at(net, at[counts], amount[counts])
        return net


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
        self._located: dict[str, tuple[Ints, Ints]] = {}
        for location, rows in located.items():
            skus, amounts = _summed(rows)
            self._located[location] = pools[location].cells_of(skus)[0], amounts
        self._homeless = {who: _summed(rows) for who, rows in homeless.items()}
        numbers = [skus for skus, _ in self._homeless.values()]
        self.homeless_skus = np.unique(np.concatenate([np.zeros(0, np.int64), *numbers]))

    def take(self, views: Mapping[str, View], terms: Mapping[tuple[str, str], Terms], wide: Any) -> None:
        """Lower the views by all that orders take. `wide`: a mask of the SKUs to draw, None for all."""
        for location, (cells, amounts) in self._located.items():
            if location in views:
                views[location].lower(cells, amounts)
        for shop in self._setup.shops:
            for booked in (False, True):
                if (shop, booked) in self._homeless:
                    skus, amounts = self._homeless[shop, booked]
                    chosen = np.ones(len(skus), bool) if wide is None else wide[skus]
                    self._draw(views, terms, shop, booked, skus[chosen], amounts[chosen])

    def _draw(
        self,
        views: Mapping[str, View],
        terms: Mapping[tuple[str, str], Terms],
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
            if place.shop == shop and place.location in views and lowers(owners[place.location].owner, booked=booked)
        ]
        if not places or not len(skus):
            return
        locations = list(dict.fromkeys(place.location for place in places))
        where = {location: views[location].find(skus) for location in locations}
        net = np.zeros((len(locations), len(skus)), np.int64)
        for row, location in enumerate(locations):
            at, there = where[location]
            net[row, there] = views[location].net[at[there]]
        ranks = np.full((len(places), len(skus)), _NOWHERE, np.int64)
        for row, place in enumerate(places):  # sorted by the channel's id
            at, there = where[place.location]
            here = terms[shop, place.location_id].of(at[there])
            ranks[row, there] = (1 - np.asarray(here.open)) * 2**40 + np.asarray(here.priority) * 2**16 + row
        pool_of = np.array([locations.index(place.location) for place in places])
        _drain(net, ranks, pool_of, rest)
        for row, location in enumerate(locations):
            at, there = where[location]
            views[location].net[at[there]] = net[row, there]


def _drain(net: Ints, ranks: Ints, pool_of: Ints, rest: Ints) -> None:
    """Take `rest` of each SKU (a column) out of the pools (rows of `net`) of the places in order of rank."""
    order, columns = np.argsort(ranks, axis=0), np.arange(ranks.shape[1])
    rest = rest.copy()
    for place in order:
        stocked = ranks[place, columns] < _NOWHERE
        pool = pool_of[place]
        part = np.where(stocked, np.minimum(rest, np.maximum(net[pool, columns], 0)), 0)
        net[pool, columns] -= part
        rest -= part
    first = order[0]
    net[pool_of[first], columns] -= np.where(ranks[first, columns] < _NOWHERE, rest, 0)


def _stocked(pool: Pool | None, number: int) -> bool:
    if pool is None:
        return False
    at = int(np.searchsorted(pool.skus, number))
    return at < len(pool.skus) and int(pool.skus[at]) == number


def _summed(rows: list[tuple[int, int]]) -> tuple[Ints, Ints]:
    numbers = np.array([number for number, _ in rows], np.int64)
    return grouped(numbers, [amount for _, amount in rows])
