"""Figures of some cells, of all places together: as few calls as for one place."""

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any

import numpy as np

from canonical.inventory import StockOwner
from canonical.rules.availability.bundles import Bundles
from canonical.rules.availability.cells import FREE, SKU, TAKEN, TOLD, Cells
from canonical.rules.availability.columns import Ints
from canonical.rules.availability.figures import PlaceFigures
from canonical.rules.availability.kernel import sellable, shown, urgent
from canonical.rules.availability.orders import Sight
from canonical.rules.availability.place_terms import PlaceTerms
from canonical.rules.availability.pool import Pool
from canonical.rules.availability.setup import ChannelPlace


class Chosen:
    """Some cells in a calculation, sorted; use it as a context. `net` falls as orders are taken off."""

    def __init__(self, cells: Cells, wanted: Sequence[Ints]) -> None:
        self.cells = cells
        for some in wanted:
            cells.mask[some] = True
        self.chosen = np.flatnonzero(cells.mask)
        cells.mask[self.chosen] = False
        facts = cells.facts.take(self.chosen, axis=0)
        self.skus, self.told = facts[:, SKU], facts[:, TOLD]
        self.net = facts[:, FREE] - facts[:, TAKEN]
        self.bounds = np.searchsorted(self.chosen, cells.firsts)

    def __enter__(self) -> "Chosen":
        self.cells.place_of[self.chosen] = np.arange(len(self.chosen))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cells.place_of[self.chosen] = -1

    def has(self, location: str) -> bool:
        """Whether anything of the location is stocked."""
        return location in self.cells.number_of

    def look(self, locations: Sequence[str], skus: Ints) -> Sight:
        """The SKUs (columns) at the locations (rows): cells there, whether they are among the chosen, what is left."""
        pools = np.array([self.cells.number_of[location] for location in locations], np.int64)[:, None]
        cells, there = self.cells.find(pools, skus)
        cells = np.where(there, cells, 0)
        at = self.cells.place_of[cells] if len(self.cells.facts) else cells
        there = there & (at >= 0)
        return Sight(
            locations, at, np.where(there, cells - self.cells.firsts[pools], 0), there, _some(self.net, at, there)
        )

    def lower(self, sight: Sight, parts: Ints) -> None:
        """Take so much off what was looked at."""
        self.net[sight.at[sight.there]] -= parts[sight.there]

    def at(self, location: str, cells: Ints) -> tuple[Ints, Any]:
        """Where these cells of a pool are among the chosen, and which are."""
        found = self.cells.place_of[cells + self.cells.firsts[self.cells.number_of[location]]]
        return found, found >= 0

    def of_pool(self, location: str) -> tuple[int, int, Ints]:
        """(begin, end) of a location among the chosen, and the numbers of its cells in its pool."""
        number = self.cells.number_of[location]
        begin, end = int(self.bounds[number]), int(self.bounds[number + 1])
        return begin, end, self.chosen[begin:end] - self.cells.firsts[number]


def _some(values: Ints, at: Ints, there: Any) -> Ints:
    """The values at these places; nothing where there is none."""
    if not len(values):
        return np.zeros(at.shape, np.int64)
    return np.where(there, values[np.where(there, at, 0)], 0)


class Together:
    """The chosen cells once for each place that sells them, one place after another."""

    def __init__(
        self, chosen: Chosen, pools: Mapping[str, Pool], places: Sequence[ChannelPlace], terms: PlaceTerms
    ) -> None:
        self.places, self._terms, self._chosen = places, terms, chosen
        parts = [chosen.of_pool(place.location) for place in places]
        self.ends = np.cumsum([end - begin for begin, end, _ in parts]).tolist()
        self.starts = [0, *self.ends[:-1]]
        self._shift = np.array([s - begin for s, (begin, _, _) in zip(self.starts, parts, strict=True)], np.int64)
        rows = np.concatenate([np.arange(begin, end) for begin, end, _ in parts])
        self.skus, told, net = chosen.skus.take(rows), chosen.told.take(rows), chosen.net.take(rows)
        for number, place in enumerate(places):
            self._add_due(net, number, pools[place.location])
        joint = terms.columns(places).joined([cells for *_, cells in parts])
        self.left = sellable(net, told, joint, StockOwner.CROSSDOCK, terms.scale)
        self.quantities = shown(self.left, joint, terms.scale)
        self.urgent = urgent(self.quantities, joint)

    def _add_due(self, net: Ints, number: int, pool: Pool) -> None:
        """What comes in time to be sold at a place."""
        if not len(pool.due_cells):
            return
        place = self.places[number]
        cells, amounts = pool.due(self._terms.at(place).days, self._terms.now)
        at, there = self._chosen.at(place.location, cells)
        np.add.at(net, at[there] + self._shift[number], amounts[there])

    def items(self, asked: Any) -> Iterable[PlaceFigures]:
        """The figures of the items at each place; `asked`: a mask of the SKUs that are wanted, None for all."""
        for place, first, last in zip(self.places, self.starts, self.ends, strict=True):
            skus, quantities, soon = self.skus[first:last], self.quantities[first:last], self.urgent[first:last]
            hidden = self._terms.hidden(place)
            if asked is not None or len(hidden):
                keep = ~np.isin(skus, hidden)
                keep &= True if asked is None else asked[skus]
                skus, quantities, soon = skus[keep], quantities[keep], soon[keep]
            yield PlaceFigures(place, self._terms.names, skus, quantities, soon)

    def kits(self, kits: Bundles) -> Iterable[PlaceFigures]:
        """The figures of kits at each place where any component is stocked."""
        for shop in dict.fromkeys(place.shop for place in self.places):
            bundle = kits.of_shop(shop)
            if not len(bundle.sku_numbers):
                continue
            numbers = [number for number, place in enumerate(self.places) if place.shop == shop]
            sight = self._chosen.look([self.places[number].location for number in numbers], bundle.parts)
            at = np.where(sight.there, sight.at + self._shift[numbers][:, None], 0)
            have = np.where(sight.there, self.left[at], 0) if len(self.left) else np.zeros(at.shape, np.int64)
            most, stocked = bundle.available(have, sight.there, self._terms.scale)
            own = self._terms.of_some_kits(shop, [self.places[n] for n in numbers], bundle.sku_numbers)
            quantities = shown(most, own, self._terms.scale)
            soon = urgent(quantities, own)
            for row, number in enumerate(numbers):
                there = stocked[row]
                found = bundle.sku_numbers[there], quantities[row, there], soon[row, there]
                yield PlaceFigures(self.places[number], self._terms.names, *found)
