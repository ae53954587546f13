"""The stock of one location as arrays: a row for each of the source's own locations, a cell for each SKU."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from canonical.inventory import StockOwner
from canonical.rules.availability.columns import AMOUNTS, Ints

SPREAD: Final = 16
"""A location that stocks fewer than one in so many SKUs is searched; others have the place of each in an array."""


@dataclass(slots=True)
class Pool:
    """Rows sorted by `keys` (SKU number, then number of the native location); cells are the distinct SKU numbers.

    `starts` is the first row of each cell, None where each has one row only. `due`: (SKU, day, amount, document).
    """

    location: str
    owner: StockOwner
    keys: Ints
    amounts: dict[str, Ints]
    natives: int
    incoming: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    skus: Ints = field(init=False)
    starts: Ints | None = field(init=False)
    cell_of: Ints | None = field(init=False, default=None)
    due_cells: Ints = field(init=False)
    due_days: Ints = field(init=False)
    due_amounts: Ints = field(init=False)

    def __post_init__(self) -> None:
        numbers = self.keys // self.natives
        self.skus, starts = np.unique(numbers, return_index=True)
        self.starts = None if len(starts) == len(numbers) else starts.astype(np.int64)
        highest = int(self.skus[-1]) + 1 if len(self.skus) else 0
        if highest <= SPREAD * len(self.skus):
            self.cell_of = np.full(highest, -1, np.int64)
            self.cell_of[self.skus] = np.arange(len(self.skus))
        self.index_incoming()

    def index_incoming(self) -> None:
        """Arrays of what is on its way, by cell."""
        rows = [(key // self.natives, day, amount) for key, dues in self.incoming.items() for day, amount in dues]
        sku, self.due_days, self.due_amounts = (np.array([row[n] for row in rows], np.int64) for n in range(3))
        self.due_cells = np.searchsorted(self.skus, sku)

    def cells_of(self, skus: Ints) -> tuple[Ints, Any]:
        """Where these SKUs are among the cells, and which of them are there at all."""
        return find(self.skus, skus) if self.cell_of is None else _looked_up(self.cell_of, skus)

    def position(self, cells: Ints | None) -> Ints:
        """What the source says is free in each cell: on hand less allocated and held, or the owner's own figure."""
        if self.owner is not StockOwner.CROSSDOCK:
            return self._sum("supplied", cells).copy()
        return self._sum("on_hand", cells) - self._sum("allocated", cells) - self._sum("quality_hold", cells)

    def safety_stock(self, cells: Ints | None) -> Ints:
        """The source's safety stock in each cell."""
        return self._sum("safety_stock", cells)

    def _sum(self, name: str, cells: Ints | None) -> Ints:
        values = self.amounts[name]
        if self.starts is None:
            return values if cells is None else values.take(cells)
        if cells is None:
            sums: Ints = np.add.reduceat(values, self.starts)
            return sums
        ends = np.append(self.starts[1:], len(values))
        total: Ints = values[self.starts[cells]].copy()
        rows = self.starts[cells] + 1
        while (more := rows < ends[cells]).any():  # as often as the source has own locations
            total[more] += values[rows[more]]
            rows = rows + 1
        return total

    def write(self, keys: Ints, amounts: dict[str, Ints]) -> Ints:
        """Put newer amounts in place; the keys of rows that are not there yet come back."""
        at, there = find(self.keys, keys) if self.starts is not None else self.cells_of(keys // self.natives)
        there[there] = self.keys[at[there]] == keys[there]
        for name in AMOUNTS:
            self.amounts[name][at[there]] = amounts[name][there]
        missing: Ints = keys[~there]
        return missing


def _looked_up(places: Ints, numbers: Ints) -> tuple[Ints, Any]:
    """As `find`, by an array that has the place of each number, or -1."""
    inside = numbers < len(places)
    at: Ints = places[np.where(inside, numbers, 0)] if len(places) else np.full(len(numbers), -1, np.int64)
    return at, inside & (at >= 0)


def find(among: Ints, wanted: Ints) -> tuple[Ints, Any]:
    """(place, whether it is there) of each wanted number in a sorted array without doubles."""
    at = np.searchsorted(among, wanted)
    there = np.zeros(len(wanted), bool)
    inside = at < len(among)
    there[inside] = among[at[inside]] == wanted[inside]
    return at, there


def grouped(numbers: Ints, values: Sequence[int] | Ints) -> tuple[Ints, Ints]:
    """The distinct numbers, sorted, and the sum of the values of each."""
    distinct, inverse = np.unique(numbers, return_inverse=True)
    totals = np.zeros(len(distinct), np.int64)
    np.add.at(totals, inverse, np.asarray(values, np.int64))
    return distinct, totals
