"""All figures of a company at once, and again those that a change may have moved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np

from canonical.inventory import Demand, StockOwner
from canonical.rules.availability.bundles import Bundles
from canonical.rules.availability.columns import AMOUNTS, Columns, Ints, decimals_in, whole, wholes
from canonical.rules.availability.kernel import sellable, shown
from canonical.rules.availability.orders import Orders, View
from canonical.rules.availability.pool import Pool, find
from canonical.rules.availability.setup import Available, ChannelPlace, StockSetup
from canonical.rules.availability.terms import Compiler, Terms

NATIVES: Final = 1 << 16
"""Room for so many locations of sources in the key of a row."""
_NONE: Final[Ints] = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class PlaceFigures:
    """The figures of one place: SKU numbers, whole base units, and which are urgent."""

    place: ChannelPlace
    names: Sequence[str]
    skus: Ints
    quantities: Ints
    urgent: Any

    def rows(self) -> Iterable[Available]:
        """One by one."""
        shop, location = self.place.shop, self.place.location_id
        found = zip(self.skus.tolist(), self.quantities.tolist(), self.urgent.tolist(), strict=True)
        return (Available(shop, self.names[sku], location, quantity, urgent) for sku, quantity, urgent in found)


class StockSheet:
    """Positions, demand and policies of one company as arrays. Not for several threads at once."""

    def __init__(self, setup: StockSetup, columns: Columns, demand: Sequence[Demand], now: datetime) -> None:
        self.setup, self.now = setup, now
        self.scale = 10 ** _decimals(setup, columns, demand)
        parts = [sku for kit in setup.kits for sku, _ in kit.parts]
        self.names = list(dict.fromkeys([*columns["sku"], *parts, *(kit.sku for kit in setup.kits)]))
        self.number_of = {sku: number for number, sku in enumerate(self.names)}
        self._native_of: dict[str, int] = {}
        self.pools = {
            location: Pool(location, setup.owners[location].owner, *rows)
            for location, rows in self._rows(columns).items()
        }
        self._compiler = Compiler(setup.policies, self.names, self.number_of, self.scale)
        self._terms: dict[tuple[str, ...], Terms] = {}
        self.bundles = Bundles(setup.kits, self.number_of, self.scale)
        self.take_demand(demand)

    def take_demand(self, demand: Sequence[Demand]) -> None:
        """What orders take from now on, in place of what they took. Which SKUs that moves, the caller knows."""
        self.orders = Orders(self.setup, demand, self.pools, self.number_of, self.scale)

    def forget_terms(self, now: datetime) -> None:
        """Read the policies again, for another moment."""
        self.now = now
        self._terms.clear()

    def everything(self) -> list[PlaceFigures]:
        """Every figure."""
        return self._compute(dict.fromkeys(self.pools), self.bundles)

    def of(self, skus: Iterable[str]) -> list[PlaceFigures]:
        """The figures of these SKUs, and of the kits they are in."""
        asked = {self.number_of[sku] for sku in skus if sku in self.number_of}
        kits = self.bundles.touched_by(asked)
        return self._compute(self._cells(asked | kits.components, {}), kits, only=asked | kits.numbers)

    def update(self, columns: Columns) -> list[PlaceFigures]:
        """Put newer positions in place. Answers with the figures that may have moved, and maybe a few more.

        Raises `RejectedError` for amounts with more decimals than the sheet was made for: make a new sheet then.
        """
        touched: dict[str, Ints] = {}
        for location, (keys, amounts, _, incoming) in self._rows(columns).items():
            pool = self.pools.get(location)
            if pool is None or len(pool.write(keys, amounts)) or incoming or pool.incoming:
                self._rebuild(location, keys, amounts, incoming)
            touched[location] = np.unique(keys // NATIVES)
        moved = np.unique(np.concatenate([_NONE, *touched.values()]))
        kits = self.bundles.touched_by(self.bundles.among(moved))
        wide = set(moved[np.isin(moved, self.orders.homeless_skus)].tolist()) | kits.components
        return self._compute(self._cells(wide, touched), kits)

    def _rebuild(self, location: str, keys: Ints, amounts: Mapping[str, Ints], incoming: dict[int, Any]) -> None:
        """The pool with rows that were not there, and what is on its way by the newest word."""
        old = self.pools.get(location)
        kept = _NONE if old is None else np.flatnonzero(~np.isin(old.keys, keys))
        old_keys = _NONE if old is None else old.keys[kept]
        merged = np.concatenate([old_keys, keys])
        order = np.argsort(merged, kind="stable")
        both = {
            name: np.concatenate([_NONE if old is None else old.amounts[name][kept], amounts[name]])[order]
            for name in AMOUNTS
        }
        known = {} if old is None else {key: due for key, due in old.incoming.items() if key not in set(keys.tolist())}
        owner = self.setup.owners[location].owner
        self.pools[location] = Pool(location, owner, merged[order], both, NATIVES, known | incoming)
        for place in self.setup.places:
            if place.location == location:
                self._terms.pop((place.shop, place.location_id), None)
        self.take_demand(self.orders.demand)

    def _rows(self, columns: Columns) -> dict[str, tuple[Ints, dict[str, Ints], int, dict[int, Any]]]:
        """By location: row keys (sorted), amounts, room for natives, incoming. Only the owner's source counts."""
        for sku in columns["sku"]:
            if sku not in self.number_of:
                self.number_of[sku] = len(self.names)
                self.names.append(sku)
        for native in columns["native_location"]:
            self._native_of.setdefault(native, len(self._native_of))
        count = len(columns["sku"])
        skus = np.fromiter(map(self.number_of.__getitem__, columns["sku"]), np.int64, count)
        natives = np.fromiter(map(self._native_of.__getitem__, columns["native_location"]), np.int64, count)
        keys = skus * NATIVES + natives
        amounts = {name: wholes(columns[name], self.scale) for name in AMOUNTS}
        where = {(location, owner.source): n for n, (location, owner) in enumerate(self.setup.owners.items())}
        told = zip(columns["location"], columns["source"], strict=True)
        pools = np.fromiter((where.get(pair, -1) for pair in told), np.int64, count)
        order = np.lexsort((keys, pools))
        bounds = np.searchsorted(pools[order], np.arange(len(where) + 1))
        found = {}
        for (location, _), n in where.items():
            rows = order[bounds[n] : bounds[n + 1]]
            if len(rows):
                picked = {name: amounts[name][rows] for name in AMOUNTS}
                found[location] = (keys[rows], picked, NATIVES, self._incoming(columns["incoming"], keys, rows))
        return found

    def _incoming(self, incoming: Sequence[Any], keys: Ints, rows: Ints) -> dict[int, Any]:
        return {
            int(keys[row]): tuple((due.due.toordinal(), whole(due.quantity, self.scale)) for due in incoming[row])
            for row in rows.tolist()
            if incoming[row]
        }

    def _cells(self, skus: set[int], more: Mapping[str, Ints]) -> dict[str, Ints | None]:
        """The cells of these SKUs in every pool, and of the further ones in some."""
        everywhere = np.array(sorted(skus), np.int64)
        cells: dict[str, Ints | None] = {}
        for location, pool in self.pools.items():
            wanted = np.union1d(everywhere, more[location]) if location in more else everywhere
            at, there = pool.cells_of(wanted)
            cells[location] = at[there]
        return cells

    def _compute(
        self, cells: Mapping[str, Ints | None], kits: Bundles, only: set[int] | None = None
    ) -> list[PlaceFigures]:
        views = {location: self._view(self.pools[location], chosen) for location, chosen in cells.items()}
        terms = {
            (place.shop, place.location_id): self._terms_at(place).of(cells[place.location])
            for place in self.setup.places
            if place.location in views
        }
        self.orders.take(views, terms)
        asked = None if only is None else np.array(sorted(only), np.int64)
        found: list[PlaceFigures] = []
        for place in self.setup.places:
            if place.location in views:
                found += self._figures(place, views[place.location], terms[place.shop, place.location_id], kits, asked)
        return [figures for figures in found if len(figures.skus)]

    def _view(self, pool: Pool, cells: Ints | None) -> View:
        skus = pool.skus if cells is None else pool.skus[cells]
        told = pool.safety_stock(cells) if pool.owner is StockOwner.CROSSDOCK else None
        return View(pool, cells, skus, pool.position(cells), told)

    def _figures(
        self, place: ChannelPlace, view: View, terms: Terms, kits: Bundles, asked: Ints | None
    ) -> Iterable[PlaceFigures]:
        left = sellable(view.with_incoming(terms, self.now), view.told, terms, view.pool.owner, self.scale)
        quantities, skus = shown(left, terms, self.scale), view.skus
        urgent = quantities < np.maximum(terms.urgent, 1)
        at, there = find(
            skus, self.bundles.of_shop(place.shop).sku_numbers
        )  # the kit of that name is sold, not the item
        if asked is not None or there.any():
            keep = np.ones(len(skus), bool) if asked is None else np.isin(skus, asked)
            keep[at[there]] = False
            skus, quantities, urgent = skus[keep], quantities[keep], urgent[keep]
        yield PlaceFigures(place, self.names, skus, quantities, urgent)
        bundle = kits.of_shop(place.shop)
        if len(bundle.sku_numbers):
            numbers, most = bundle.available(view.skus, left, self.scale)
            own = self._kit_terms(place, numbers)
            figures = shown(most, own, self.scale)
            yield PlaceFigures(place, self.names, numbers, figures, figures < np.maximum(own.urgent, 1))

    def _kit_terms(self, place: ChannelPlace, numbers: Ints) -> Terms:
        """The terms of these kits at a place."""
        every = self.bundles.of_shop(place.shop).sku_numbers
        key = (place.shop, place.location_id, "kits")
        if key not in self._terms:
            self._terms[key] = self._compiler.terms(place.shop, place.location, every, self.now)
        return self._terms[key].of(np.searchsorted(every, numbers))

    def _terms_at(self, place: ChannelPlace) -> Terms:
        key = (place.shop, place.location_id)
        if key not in self._terms:
            skus = self.pools[place.location].skus
            self._terms[key] = self._compiler.terms(place.shop, place.location, skus, self.now)
        return self._terms[key]


def _decimals(setup: StockSetup, columns: Columns, demand: Sequence[Demand]) -> int:
    """As many decimals as the longest quantity of any kind has."""
    due = (one.quantity for entries in columns["incoming"] if entries for one in entries)
    amounts = [decimals_in(columns[name]) for name in AMOUNTS] + [decimals_in(due)]
    amounts += [decimals_in(each for kit in setup.kits for _, each in kit.parts)]
    amounts += [decimals_in(d.reserved for d in demand), decimals_in(d.booked_reserved for d in demand)]
    for row in setup.policies.rows:
        amounts.append(decimals_in((row.safety_stock, row.cap, row.backorder_limit)))
        amounts.append(len(row.buffer.partition(".")[2]) if row.buffer and not row.buffer.endswith("%") else 0)
    return max(amounts) + max((decimals_in(e for _, e in kit.parts) for kit in setup.kits), default=0)
