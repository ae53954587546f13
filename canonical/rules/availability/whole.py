"""Every figure of a company: each location in one go, from its positions on."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from canonical.rules.availability.bundles import Bundles
from canonical.rules.availability.columns import Ints
from canonical.rules.availability.figures import PlaceFigures
from canonical.rules.availability.kernel import sellable, shown, urgent
from canonical.rules.availability.orders import Sight
from canonical.rules.availability.place_terms import PlaceTerms
from canonical.rules.availability.pool import Pool
from canonical.rules.availability.setup import ChannelPlace


class Whole:
    """What is left at each location; it falls as orders are taken off."""

    def __init__(self, pools: Mapping[str, Pool], taken: Mapping[str, tuple[Ints, Ints]]) -> None:
        self._pools = pools
        self._net = {location: pool.position() for location, pool in pools.items()}
        self._told = {location: pool.told() for location, pool in pools.items()}
        for location, (cells, amounts) in taken.items():
            self._net[location][cells] -= amounts

    def has(self, location: str) -> bool:
        """Whether anything of the location is stocked."""
        return location in self._pools

    def look(self, locations: Sequence[str], skus: Ints) -> Sight:
        """The SKUs (columns) at the locations (rows): their cells, whether they are there, what is left."""
        cells = np.zeros((len(locations), len(skus)), np.int64)
        there = np.zeros(cells.shape, bool)
        net = cells.copy()
        for row, location in enumerate(locations):
            at, there[row] = self._pools[location].cells_of(skus)
            cells[row] = np.where(there[row], at, 0)
            net[row, there[row]] = self._net[location][cells[row, there[row]]]
        return Sight(locations, cells, cells, there, net)

    def lower(self, sight: Sight, parts: Ints) -> None:
        """Take so much off what was looked at."""
        for row, location in enumerate(sight.locations):
            there = sight.there[row]
            self._net[location][sight.at[row, there]] -= parts[row, there]

    def figures(self, place: ChannelPlace, terms: PlaceTerms, bundles: Bundles) -> Iterable[PlaceFigures]:
        """The figures of the items, then those of the kits."""
        pool, net, of = self._pools[place.location], self._net[place.location], terms.at(place)
        cells, amounts = pool.due(of.days, terms.now)
        if len(cells):
            net = net.copy()
            np.add.at(net, cells, amounts)
        left = sellable(net, self._told[place.location], of, pool.owner, terms.scale)
        skus, quantities = pool.skus, shown(left, of, terms.scale)
        soon = urgent(quantities, of)
        if len(hidden := terms.hidden(place)):
            keep = ~np.isin(skus, hidden)
            skus, quantities, soon = skus[keep], quantities[keep], soon[keep]
        yield PlaceFigures(place, terms.names, skus, quantities, soon)
        bundle = bundles.of_shop(place.shop)
        if len(bundle.sku_numbers):
            at, there = pool.cells_of(bundle.parts)
            have = np.zeros(len(bundle.parts), np.int64)
            have[there] = left[at[there]]
            most, stocked = bundle.available(have, there, terms.scale)
            own = terms.of_kits(place)
            figures = shown(most, own, terms.scale)
            yield PlaceFigures(
                place, terms.names, bundle.sku_numbers[stocked], figures[stocked], urgent(figures, own)[stocked]
            )
