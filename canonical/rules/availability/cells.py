"""Every cell of every location in one line: some of them are computed at a cost that depends on how many they are.

What the sources say is free in a cell, and what orders take there, is kept as a sum; a newer position moves it by the
difference. So a change reads what it changes and nothing else, with few calls however many locations there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from canonical.inventory import StockOwner
from canonical.rules.availability.columns import AMOUNTS, Ints
from canonical.rules.availability.pool import SPREAD, Pool, PoolRows, find

SKU, FREE, TOLD, TAKEN = range(4)
"""Columns of `facts`: the SKU number, what the sources say is free, their safety stock, what orders take here."""
_SUPPLIED: Final = "supplied"


@dataclass(frozen=True, slots=True)
class Told:
    """Newer rows of several pools, one after another: the pool of each, its key, and its cell where there is one."""

    pools: Ints
    keys: Ints
    amounts: dict[str, Ints]
    cells: Ints
    there: Any


class Cells:
    """Built from the pools, which go on as windows on the same rows. `width`: how many SKU numbers there are."""

    def __init__(self, pools: Mapping[str, Pool], taken: Mapping[str, tuple[Ints, Ints]], width: int) -> None:
        self.number_of = {location: number for number, location in enumerate(pools)}
        self._pools, self.width = list(pools.values()), width
        self.firsts = _bounds([len(pool.skus) for pool in self._pools])
        self.facts = np.zeros((int(self.firsts[-1]), 4), np.int64)  # what is known of a cell lies together
        self.facts[:, SKU] = _line([pool.skus for pool in self._pools])
        self._keys = _line([pool.keys for pool in self._pools])
        self.natives = self._pools[0].natives if self._pools else 1
        self._ours = np.array([pool.owner is StockOwner.CROSSDOCK for pool in self._pools], bool)
        self._table: Any
        self._names: Any
        self._index()
        self._join()
        for pool, first in zip(self._pools, self.firsts[:-1].tolist(), strict=True):
            here, safety = slice(first, first + len(pool.skus)), pool.told()
            self.facts[here, FREE] = pool.position()
            self.facts[here, TOLD] = 0 if safety is None else safety
        self.place_of: Any = np.full(len(self.facts), -1, np.int32)
        self.mask = np.zeros(len(self.facts), bool)
        self.take_orders(taken)

    def _index(self) -> None:
        """The first row of each cell, and the way from a pool and a SKU to the cell."""
        rows = _bounds([len(pool.keys) for pool in self._pools])
        starts = [
            first + (np.arange(len(pool.keys)) if pool.starts is None else pool.starts)
            for first, pool in zip(rows[:-1].tolist(), self._pools, strict=True)
        ]
        self._rows = np.append(_line(starts), rows[-1])
        numbers, skus = np.repeat(np.arange(len(self._pools)), np.diff(self.firsts)), self.facts[:, SKU]
        self._names = self._table = None
        if len(self._pools) * self.width <= SPREAD * len(skus):
            self._table = np.full(self.width * len(self._pools), -1, np.int32)
            self._table[skus * len(self._pools) + numbers] = np.arange(len(skus))
        else:
            self._names = numbers * self.width + skus

    def _join(self) -> None:
        """One array for each amount; that of a pool is a window on it."""
        self._amounts = {name: _line([pool.amounts[name] for pool in self._pools]) for name in AMOUNTS}
        first = 0
        for pool in self._pools:
            last = first + len(pool.keys)
            pool.amounts = {name: values[first:last] for name, values in self._amounts.items()}
            first = last

    def take_orders(self, taken: Mapping[str, tuple[Ints, Ints]]) -> None:
        """What orders take at the place they name: (cells of the pool, amounts) by location."""
        self.facts[:, TAKEN] = 0
        for location, (cells, amounts) in taken.items():
            self.facts[self.firsts[self.number_of[location]] + cells, TAKEN] = amounts

    def find(self, pools: Any, skus: Ints) -> tuple[Ints, Any]:
        """Where these SKUs are in these pools, and whether they are there at all; the shapes are broadcast."""
        if self._table is not None:  # the pools of a SKU lie together
            at = self._table[skus * len(self._pools) + pools]
            return at, at >= 0
        wanted = pools * self.width + skus
        at, there = find(self._names, wanted.ravel())
        return at.reshape(wanted.shape), there.reshape(wanted.shape)

    def everywhere(self, skus: Ints) -> Ints:
        """The cells of these SKUs in all pools."""
        cells, there = self.find(np.arange(len(self._pools)), skus[:, None])
        found: Ints = cells[there]
        return found

    def line(self, rows: Mapping[str, PoolRows]) -> Told:
        """These rows of pools, one after another."""
        counts = [len(told.keys) for told in rows.values()]
        pools = np.repeat(np.array([self.number_of[location] for location in rows], np.int64), counts)
        keys = _line([told.keys for told in rows.values()])
        amounts = {name: _line([told.amounts[name] for told in rows.values()]) for name in AMOUNTS}
        cells, there = self.find(pools, keys // self.natives)
        return Told(pools, keys, amounts, cells, there)

    def write(self, told: Told) -> Ints:
        """Put newer amounts in place. Nothing is written where rows are not there yet: their pools come back."""
        rows = self._rows[np.where(told.there, told.cells, 0)] if len(self.facts) else told.cells
        missing = ~told.there
        while len(other := np.flatnonzero(~missing & (self._keys.take(rows, mode="clip") != told.keys))):
            rows[other] += 1  # as often as the source has own locations
            missing[other] = rows[other] >= self._rows[told.cells[other] + 1]
        if missing.any():
            return np.unique(told.pools[missing])
        ours = None if self._ours.all() else self._ours[told.pools]
        counted = [name for name in AMOUNTS if ours is not None or name != _SUPPLIED]
        before = {name: self._amounts[name].take(rows) for name in counted}
        for name in counted:
            self._amounts[name][rows] = told.amounts[name]
        for column, now, then in zip((FREE, TOLD), _sums(told.amounts, ours), _sums(before, ours), strict=True):
            if (moved := now - then).any():
                np.add.at(self.facts[:, column], told.cells, moved)
        return told.pools[:0]


def _sums(amounts: Mapping[str, Ints], ours: Any) -> tuple[Ints, Ints]:
    """What rows say is free, and their safety stock. `ours`: a mask of those we compute, None for all."""
    free, safety = amounts["on_hand"] - amounts["allocated"] - amounts["quality_hold"], amounts["safety_stock"]
    if ours is None:
        return free, safety
    return np.where(ours, free, amounts[_SUPPLIED]), np.where(ours, safety, 0)


def _line(arrays: Sequence[Ints]) -> Ints:
    return np.concatenate([np.zeros(0, np.int64), *arrays])


def _bounds(counts: Sequence[int]) -> Ints:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.array(counts, np.int64))])
