"""All figures of a company at once, and again those that a change may have moved."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np

from canonical.inventory import Demand
from canonical.rules.availability.bundles import Bundles, bundles_of
from canonical.rules.availability.cells import SKU, Cells
from canonical.rules.availability.chosen import Chosen, Together
from canonical.rules.availability.columns import AMOUNTS, Columns, Ints, decimals_in, whole, wholes
from canonical.rules.availability.figures import PlaceFigures
from canonical.rules.availability.orders import Orders
from canonical.rules.availability.place_terms import PlaceTerms
from canonical.rules.availability.pool import Pool, PoolRows
from canonical.rules.availability.setup import StockSetup
from canonical.rules.availability.whole import Whole

NATIVES: Final = 1 << 16
"""Room for so many locations of sources in the key of a row."""
_NONE: Final[Ints] = np.zeros(0, np.int64)


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
        self.bundles = bundles_of(setup.kits, self.number_of, self.scale)
        self._terms = PlaceTerms(setup, self.names, self.number_of, self.pools, self.bundles, self.scale, now)
        self._cells: Cells | None = None
        self.take_demand(demand)

    def take_demand(self, demand: Sequence[Demand]) -> None:
        """What orders take from now on, in place of what they took. Which SKUs that moves, the caller knows."""
        self.orders = Orders(self.setup, demand, self.pools, self.number_of, self.scale)
        if self._cells is not None:
            self._cells.take_orders(self.orders.taken)

    def forget_terms(self, now: datetime) -> None:
        """Read the policies again, for another moment."""
        self.now = now
        self._terms.forget(now)

    def everything(self) -> list[PlaceFigures]:
        """Every figure, from the positions on."""
        places = [place for place in self.setup.places if place.location in self.pools]
        whole_stock = Whole(self.pools, self.orders.taken)
        self.orders.draw(whole_stock, self._terms, None)
        found = [one for place in places for one in whole_stock.figures(place, self._terms, self.bundles)]
        return [figures for figures in found if len(figures.skus)]

    def of(self, skus: Iterable[str]) -> list[PlaceFigures]:
        """The figures of these SKUs, and of the kits they are in."""
        asked = np.zeros(len(self.names), bool)
        asked[[self.number_of[sku] for sku in skus if sku in self.number_of]] = True
        kits = self.bundles.touched_by(asked)
        wide = asked.copy()
        wide[kits.components()] = True
        asked[kits.numbers()] = True
        return self._compute(_NONE, kits, wide, asked)

    def update(self, columns: Columns) -> list[PlaceFigures]:
        """Put newer positions in place: `put` of what `read` makes of them."""
        return self.put(self.read(columns))

    def put(self, rows: Mapping[str, PoolRows]) -> list[PlaceFigures]:
        """Put newer positions in place. Answers with the figures that may have moved, and maybe a few more.

        A cell moves with its own position; where orders are drawn from several places, or a kit takes stock of it,
        the SKU moves everywhere.
        """
        homeless = [self.orders.homeless_skus]
        changed = self._write(rows)
        homeless.append(self.orders.homeless_skus)  # stock that was not there before may give an order a place
        moved = np.zeros(len(self.names), bool)
        moved[self.cells.facts[changed, SKU]] = True
        drawn, kits = np.concatenate(homeless), self.bundles.touched_by(moved)
        wide = np.zeros(len(self.names), bool)
        wide[drawn[moved[drawn]]] = True
        wide[kits.components()] = True
        return self._compute(changed, kits, wide)

    @property
    def cells(self) -> Cells:
        """The cells of all pools in one line; made anew when a pool was, or when there are more SKUs."""
        if self._cells is None or self._cells.width < len(self.names):
            self._cells = Cells(self.pools, self.orders.taken, len(self.names))
        return self._cells

    def _write(self, rows: Mapping[str, PoolRows]) -> Ints:
        """Put rows in place; a pool that lacks one, or has goods on their way, is made anew. Answers with the cells."""
        left = dict(rows)
        for location, told in rows.items():
            if location not in self.pools or told.incoming or self.pools[location].incoming:
                self._rebuild(location, left.pop(location))
        line = self.cells.line(left)
        while len(lacking := self.cells.write(line)):
            for location in [list(self.pools)[number] for number in lacking.tolist()]:
                self._rebuild(location, left.pop(location))
            line = self.cells.line(left)
        return line.cells if len(left) == len(rows) else self.cells.line(rows).cells

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
        self._terms.forget_skus()
        self._cells = None
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

    def _compute(self, changed: Ints, kits: Bundles, wide: Any, asked: Any = None) -> list[PlaceFigures]:
        """The figures of these cells. Masks over all SKUs: `wide`, all cells are there; `asked`, wanted at all."""
        places = [place for place in self.setup.places if place.location in self.pools]
        if not places:
            return []
        with Chosen(self.cells, [changed, self.cells.everywhere(np.flatnonzero(wide))]) as chosen:
            self.orders.draw(chosen, self._terms, wide)
            together = Together(chosen, self.pools, places, self._terms)
            found = [*together.items(asked), *together.kits(kits)]
        return [figures for figures in found if len(figures.skus)]


def _decimals(setup: StockSetup, columns: Columns, demand: Sequence[Demand]) -> int:
    """As many decimals as the longest quantity of any kind has."""
    due = (one.quantity for entries in columns["incoming"] if entries for one in entries)
    amounts = [decimals_in(columns[name]) for name in AMOUNTS] + [decimals_in(due)]
    amounts += [decimals_in(each for kit in setup.kits for _, each in kit.parts)]
    amounts += [decimals_in(d.reserved for d in demand), decimals_in(d.booked_reserved for d in demand)]
    for row in setup.policies.rows:
        amounts.append(decimals_in((row.safety_stock, row.pool, row.cap, row.backorder_limit)))
        amounts.append(len(row.buffer.partition(".")[2]) if row.buffer and not row.buffer.endswith("%") else 0)
    return max(amounts) + max((decimals_in(e for _, e in kit.parts) for kit in setup.kits), default=0)
