"""The stock of one location as arrays: a row for each of the source's own locations, a cell for each SKU."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np

from canonical.inventory import StockOwner
from canonical.rules.availability.columns import Ints

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

    def position(self) -> Ints:
        """What the source says is free in each cell: on hand less allocated and held, or the owner's own figure."""
        if self.owner is not StockOwner.CROSSDOCK:
            return self._sum("supplied").copy()
        return self._sum("on_hand") - self._sum("allocated") - self._sum("quality_hold")

    def told(self) -> Ints | None:
        """The source's safety stock in each cell; None where the owner's own figure counts."""
        return self._sum("safety_stock") if self.owner is StockOwner.CROSSDOCK else None

    def due(self, days: "int | Ints", now: datetime) -> tuple[Ints, Ints]:
        """(cells, amounts) of what comes within so many days; nothing where the owner's own figure counts."""
        if not len(self.due_cells) or (isinstance(days, int) and days == 0) or self.owner is not StockOwner.CROSSDOCK:
            return self.due_cells[:0], self.due_amounts[:0]
        of = np.asarray(days) if isinstance(days, int) else days.take(self.due_cells)
        counts = (self.due_days <= now.date().toordinal() + of) & (of > 0)
        return self.due_cells[counts], self.due_amounts[counts]

    def _sum(self, name: str) -> Ints:
        values = self.amounts[name]
        if self.starts is None:
            return values
        sums: Ints = np.add.reduceat(values, self.starts)
        return sums


@dataclass(frozen=True, slots=True)
class PoolRows:
    """Positions of one location as numbers, sorted by key; what is on its way by key."""

    keys: Ints
    amounts: dict[str, Ints]
    incoming: dict[int, Any]


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
