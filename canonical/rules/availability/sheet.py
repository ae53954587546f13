"""All figures of a company at once, and again those that a change may have moved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np

from canonical.inventory import Demand, StockOwner
from canonical.rules.availability.bundles import Bundles, bundles_of
from canonical.rules.availability.columns import AMOUNTS, Columns, Ints, decimals_in, whole, wholes
from canonical.rules.availability.kernel import sellable, shown
from canonical.rules.availability.orders import Orders, View
from canonical.rules.availability.pool import Pool
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


@dataclass(frozen=True, slots=True)
class PoolRows:
    """Positions of one location as numbers, sorted by key; what is on its way by key."""

    keys: Ints
    amounts: dict[str, Ints]
    incoming: dict[int, Any]


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
            location: Pool(location, setup.owners[location].owner, told.keys, told.amounts, NATIVES, told.incoming)
            for location, told in self.read(columns).items()
        }
        self._compiler = Compiler(setup.policies, self.names, self.number_of, self.scale)
        self._terms: dict[tuple[str, ...], Terms] = {}
        self._hidden_at: dict[tuple[str, str], Ints] = {}
        self.bundles = bundles_of(setup.kits, self.number_of, self.scale)
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
        asked = np.zeros(len(self.names), bool)
        asked[[self.number_of[sku] for sku in skus if sku in self.number_of]] = True
        kits = self.bundles.touched_by(asked)
        wide = asked.copy()
        wide[kits.components()] = True
        asked[kits.numbers()] = True
        return self._compute(self._cells(wide, {}), kits, wide, asked)

    def update(self, columns: Columns) -> list[PlaceFigures]:
        """Put newer positions in place: `put` of what `read` makes of them."""
        return self.put(self.read(columns))

    def put(self, rows: Mapping[str, PoolRows]) -> list[PlaceFigures]:
        """Put newer positions in place. Answers with the figures that may have moved, and maybe a few more.

        A cell moves with its own position; where orders are drawn from several places, or a kit takes stock of it,
        the SKU moves everywhere.
        """
        homeless, moved = [self.orders.homeless_skus], np.zeros(len(self.names), bool)
        for location, told in rows.items():
            pool = self.pools.get(location)
            if pool is None or len(pool.write(told.keys, told.amounts)) or told.incoming or pool.incoming:
                self._rebuild(location, told)
            moved[told.keys // NATIVES] = True
        homeless.append(self.orders.homeless_skus)  # stock that was not there before may give an order a place
        drawn, kits = np.concatenate(homeless), self.bundles.touched_by(moved)
        wide = np.zeros(len(self.names), bool)
        wide[drawn[moved[drawn]]] = True
        wide[kits.components()] = True
        return self._compute(self._cells(wide, rows), kits, wide)

    def _rebuild(self, location: str, told: PoolRows) -> None:
        """The pool with rows that were not there, and what is on its way by the newest word."""
        old = self.pools.get(location)
        if old is None:
            old = Pool(location, self.setup.owners[location].owner, _NONE, dict.fromkeys(AMOUNTS, _NONE), NATIVES)
        kept = np.flatnonzero(~np.isin(old.keys, told.keys))
        merged = np.concatenate([old.keys[kept], told.keys])
        order = np.argsort(merged, kind="stable")
        both = {name: np.concatenate([old.amounts[name][kept], told.amounts[name]])[order] for name in AMOUNTS}
        incoming = dict(zip(told.keys.tolist(), [()] * len(told.keys), strict=True)) | told.incoming
        incoming = {key: due for key, due in (old.incoming | incoming).items() if due}
        self.pools[location] = Pool(location, old.owner, merged[order], both, NATIVES, incoming)
        self._compiler.forget()
        self._terms.clear()
        self._hidden_at.clear()
        self.take_demand(self.orders.demand)

    def read(self, columns: Columns) -> dict[str, PoolRows]:
        """Positions as numbers, by location. Only those of the location's own source count.

        Raises `RejectedError` for amounts with more decimals than the sheet was made for: make a new sheet then.
        """
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
                found[location] = PoolRows(keys[rows], picked, self._incoming(columns["incoming"], keys, rows))
        return found

    def _incoming(self, incoming: Sequence[Any], keys: Ints, rows: Ints) -> dict[int, Any]:
        return {
            int(keys[row]): tuple((due.due.toordinal(), whole(due.quantity, self.scale)) for due in incoming[row])
            for row in rows.tolist()
            if incoming[row]
        }

    def _cells(self, wide: Any, rows: Mapping[str, PoolRows]) -> dict[str, Ints | None]:
        """The cells of these SKUs in every pool, and of the rows in theirs."""
        cells: dict[str, Ints | None] = {}
        everywhere = np.flatnonzero(wide)
        for location, pool in self.pools.items():
            chosen = np.zeros(len(pool.skus), bool)
            for skus in (everywhere, rows[location].keys // NATIVES) if location in rows else (everywhere,):
                at, there = pool.cells_of(skus)
                chosen[at[there]] = True
            cells[location] = np.flatnonzero(chosen)
        return cells

    def _compute(
        self,
        cells: Mapping[str, Ints | None],
        kits: Bundles,
        wide: Any = None,
        asked: Any = None,
    ) -> list[PlaceFigures]:
        """The figures of these cells. Masks over all SKUs: `wide`, all cells are there; `asked`, wanted at all."""
        views = {location: self._view(self.pools[location], chosen) for location, chosen in cells.items()}
        terms = {
            (place.shop, place.location_id): self._terms_at(place).of(cells[place.location])
            for place in self.setup.places
            if place.location in views
        }
        self.orders.take(views, terms, wide)
        found: list[PlaceFigures] = []
        for place in self.setup.places:
            if place.location in views and (cells[place.location] is None or len(views[place.location].skus)):
                found += self._figures(place, views[place.location], terms[place.shop, place.location_id], kits, asked)
        return [figures for figures in found if len(figures.skus)]

    def _view(self, pool: Pool, cells: Ints | None) -> View:
        skus = pool.skus if cells is None else pool.skus[cells]
        told = pool.safety_stock(cells) if pool.owner is StockOwner.CROSSDOCK else None
        return View(pool, cells, skus, pool.position(cells), told)

    def _figures(
        self, place: ChannelPlace, view: View, terms: Terms, kits: Bundles, asked: Any
    ) -> Iterable[PlaceFigures]:
        left = sellable(view.with_incoming(terms, self.now), view.told, terms, view.pool.owner, self.scale)
        quantities, skus = shown(left, terms, self.scale), view.skus
        urgent = quantities < np.maximum(terms.urgent, 1)
        hidden = self._hidden(place)
        if asked is not None or len(hidden):
            keep = np.ones(len(skus), bool) if asked is None else asked[skus]
            keep &= ~np.isin(skus, hidden)
            skus, quantities, urgent = skus[keep], quantities[keep], urgent[keep]
        yield PlaceFigures(place, self.names, skus, quantities, urgent)
        bundle = kits.of_shop(place.shop)
        if len(bundle.sku_numbers):
            numbers, most = bundle.available(view, left, self.scale)
            own = self._kit_terms(place, numbers)
            figures = shown(most, own, self.scale)
            yield PlaceFigures(place, self.names, numbers, figures, figures < np.maximum(own.urgent, 1))

    def _hidden(self, place: ChannelPlace) -> Ints:
        """Stocked SKUs that are the name of a kit of the shop: the kit is sold, not the item."""
        key = (place.shop, place.location)
        if key not in self._hidden_at:
            kits = self.bundles.of_shop(place.shop).sku_numbers
            self._hidden_at[key] = kits[self.pools[place.location].cells_of(kits)[1]]
        return self._hidden_at[key]

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
