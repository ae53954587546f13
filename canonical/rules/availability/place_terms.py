"""The terms of places and of the kits sold there, made when they are first needed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from canonical.inventory import StockOwner
from canonical.rules.availability.bundles import Bundles
from canonical.rules.availability.columns import Ints
from canonical.rules.availability.pool import Pool
from canonical.rules.availability.setup import ChannelPlace, StockSetup
from canonical.rules.availability.terms import Columns, Compiler, Terms, Value


class PlaceTerms:
    """What holds at places now. `names` are all SKUs by number, `pools` the stock of locations."""

    def __init__(
        self,
        setup: StockSetup,
        names: Sequence[str],
        number_of: Mapping[str, int],
        pools: Mapping[str, Pool],
        bundles: Bundles,
        scale: int,
        now: datetime,
    ) -> None:
        self.names, self.scale, self.now = names, scale, now
        self._pools, self._bundles = pools, bundles
        self._sellers = setup.sellers
        self._compiler = Compiler(setup.policies, names, number_of, scale)
        self._items: dict[tuple[str, str], Terms] = {}
        self._kept: dict[tuple[str, str], Value] = {}
        self._kits: dict[tuple[str, str], Terms] = {}
        self._hidden: dict[tuple[str, str], Ints] = {}
        self._columns: Columns | None = None
        self._kit_columns: dict[str, Columns] = {}

    def forget(self, now: datetime) -> None:
        """Read the policies again, for another moment."""
        self.now = now
        self._items.clear()
        self._kept.clear()
        self._kits.clear()
        self._columns = None
        self._kit_columns.clear()

    def forget_skus(self) -> None:
        """There are more SKUs now, or other stock."""
        self._compiler.forget()
        self._hidden.clear()
        self.forget(self.now)

    def at(self, place: ChannelPlace) -> Terms:
        """The terms of the place, for the cells of its pool."""
        key = (place.shop, place.location_id)
        if key not in self._items:
            skus = self._pools[place.location].skus
            terms = self._compiler.terms(place.shop, place.location, skus, self.now)
            self._items[key] = self._beside_others(terms, place) if self._compiler.keep_pools else terms
        return self._items[key]

    def _beside_others(self, terms: Terms, place: ChannelPlace) -> Terms:
        """The terms of a place with the pools of the other shops that sell the stock of its location."""
        shops = self._sellers[place.location]
        turn = shops.index(place.shop)
        before = sum((self._pool(shop, place.location) for shop in shops[:turn]), 0)
        after = sum((self._pool(shop, place.location) for shop in shops[turn + 1 :]), 0)
        return replace(terms, before=before, after=after)

    def _pool(self, shop: str, location: str) -> Value:
        """What is kept for a shop at a location."""
        key = (shop, location)
        if key not in self._kept:
            skus = self._pools[location].skus
            self._kept[key] = self._compiler.terms(shop, location, skus, self.now).pool
        return self._kept[key]

    def columns(self, places: Sequence[ChannelPlace]) -> Columns:
        """The terms of all places that have stock; of those whose owner supplies the figure without safety stock."""
        if self._columns is None:
            pairs = ((self.at(place), self._pools[place.location].owner) for place in places)
            self._columns = Columns([t if own is StockOwner.CROSSDOCK else replace(t, safety=0) for t, own in pairs])
        return self._columns

    def of_kits(self, place: ChannelPlace) -> Terms:
        """The terms of all kits of the shop at the place."""
        key, kits = (place.shop, place.location_id), self._bundles.of_shop(place.shop).sku_numbers
        if key not in self._kits:
            self._kits[key] = self._compiler.terms(place.shop, place.location, kits, self.now)
        return self._kits[key]

    def of_some_kits(self, shop: str, places: Sequence[ChannelPlace], numbers: Ints) -> Terms:
        """The terms of these kits of a shop at all its places that have stock: a row for each place."""
        if shop not in self._kit_columns:
            self._kit_columns[shop] = Columns([self.of_kits(place) for place in places])
        return self._kit_columns[shop].stacked(np.searchsorted(self._bundles.of_shop(shop).sku_numbers, numbers))

    def hidden(self, place: ChannelPlace) -> Ints:
        """Stocked SKUs that are the name of a kit of the shop: the kit is sold, not the item."""
        key = (place.shop, place.location)
        if key not in self._hidden:
            kits = self._bundles.of_shop(place.shop).sku_numbers
            self._hidden[key] = kits[self._pools[place.location].cells_of(kits)[1]]
        return self._hidden[key]
