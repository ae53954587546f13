"""`bench availability`: every figure of a company out of a million positions, next to the bare numpy expression.

Three distribution centres with two locations each in the ERP and eighteen stores; two shops share what they sell. The
policy has buffers in percent and units, shares, caps, a category, rows of single SKUs, kits; orders take stock at
places and without one. The bare expression is the same policy over the same rows, with nothing to look up: what the
processor needs at least. Both start from whole numbers in memory; making those of the store's columns is told apart.

One row in a hundred changes: `incremental` is a delivery or a count in one centre, `scattered` are rows anywhere. Both
compute again what may have moved: the cells, and everywhere the SKUs of kits and of orders without a location. Rows
anywhere are one SKU in five, so one kit and one such order in five move at all locations: twice to three times the
figures, each read from a place of its own in memory, where the full recompute reads in order. That is what it costs.
"""

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

import psutil

from canonical.inventory import InventoryLevel
from canonical.rules.availability import explain
from canonical.rules.availability.figures import PlaceFigures
from canonical.rules.availability.pool import PoolRows
from canonical.rules.availability.sheet import StockSheet
from tests.benchmarks.availability_house import (
    CENTRES,
    NOW,
    ROWS_OF_A_SKU,
    bare_arrays,
    bare_expression,
    company,
    demand,
    positions,
)
from tests.benchmarks.measure import CONSOLE, Figures, Options, interleaved, medians, print_table

T = TypeVar("T")

ROWS, QUICK_ROWS = 1_000_000, 24_000
CHANGED_SHARE = 100
SAMPLE = 25


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """(seconds, what came of it)."""
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


async def run(options: Options) -> dict[str, float | str]:
    """The figures of `bench availability:`."""
    rows = QUICK_ROWS if options.quick else ROWS
    house = House(rows // ROWS_OF_A_SKU + 1, rows)
    CONSOLE.print(f"  {rows} positions made and loaded in {house.load_s:.1f} s", style="dim")
    house.check()
    variants = {
        "full": house.full,
        "numpy": house.bare,
        "incremental": house.delivery,
        "scattered": house.scattered,
    }
    results = await interleaved(variants, max(options.rounds, 3))
    found = {name: medians(figures) for name, figures in results.items()}
    print_table(f"Available-to-sell of {rows} positions, medians of {options.rounds} rounds", found)
    full, numpy_ms, few, scattered = (found[name]["ms"] for name in variants)
    return {
        "rows": rows,
        "full_ms": full,
        "numpy_ms": numpy_ms,
        "ratio": full / numpy_ms,
        "incremental_ms": few,
        "rss_mb": psutil.Process().memory_info().rss / 2**20,
        "incremental_share": few / full,
        "scattered_ms": scattered,
        "scattered_share": scattered / full,
        "load_s": house.load_s,
    }


class House:
    """The company, its sheet, and the arrays of the bare expression."""

    def __init__(self, skus: int, rows: int) -> None:
        self.chance = random.Random(18)
        self.skus = [f"SKU-{number:06}" for number in range(skus)]
        self.setup = company(self.skus)
        self.columns = positions(self.skus, rows, self.chance)
        self.orders = list(demand(self.skus, self.chance))
        started = time.perf_counter()
        self.sheet = StockSheet(self.setup, self.columns, self.orders, NOW)
        self.load_s = time.perf_counter() - started
        self.arrays = bare_arrays(self.columns)
        count = rows // CHANGED_SHARE
        here = [row for row in range(rows) if self.columns["location"][row] == CENTRES[0]]
        self.anywhere = [self._changed(self.chance.sample(range(rows), count)) for _ in range(4)]
        firsts = [self.chance.randrange(len(here) - count) for _ in range(4)]
        self.deliveries = [self._changed(here[first : first + count]) for first in firsts]

    def _changed(self, rows: list[int]) -> dict[str, PoolRows]:
        picked = sorted(rows)
        changed: dict[str, list[Any]] = {name: [column[row] for row in picked] for name, column in self.columns.items()}
        changed["on_hand"] = [amount + 1 for amount in changed["on_hand"]]
        return self.sheet.read(changed)

    async def full(self, _number: int) -> Figures:
        """Every figure, the policies read anew."""

        def work() -> list[PlaceFigures]:
            self.sheet.forget_terms(NOW)
            return self.sheet.everything()

        seconds, found = timed(work)
        return {"ms": seconds * 1000, "figures": sum(len(one.skus) for one in found)}

    async def bare(self, _number: int) -> Figures:
        """The policy as one expression."""
        seconds, found = timed(lambda: bare_expression(**self.arrays))
        return {"ms": seconds * 1000, "figures": len(found)}

    async def delivery(self, number: int) -> Figures:
        """One position in a hundred has changed, all in one centre."""
        return self._put(self.deliveries[number % len(self.deliveries)])

    async def scattered(self, number: int) -> Figures:
        """One position in a hundred has changed, anywhere."""
        return self._put(self.anywhere[number % len(self.anywhere)])

    def _put(self, changed: dict[str, PoolRows]) -> Figures:
        seconds, found = timed(lambda: self.sheet.put(changed))
        return {"ms": seconds * 1000, "figures": sum(len(one.skus) for one in found)}

    def check(self) -> None:
        """Some figures, each explained in plain decimals. Raises `RuntimeError` when one differs."""
        everything = {
            (one.shop, one.location_id, one.sku): one.quantity
            for figures in self.sheet.everything()
            for one in figures.rows()
        }
        for key in self.chance.sample(sorted(everything), SAMPLE):
            shop, location_id, sku = key
            wanted = self.setup.skus_with([sku])
            levels = [self._level(row) for row, name in enumerate(self.columns["sku"]) if name in wanted]
            orders = [one for one in self.orders if one.sku in wanted]
            told = explain(self.setup, self.setup.place_at[shop, location_id], sku, levels, orders, NOW)
            if told is None or told.figure != everything[key]:
                raise RuntimeError(f"{key}: {everything[key]} at once, {told and told.figure} line by line")

    def _level(self, row: int) -> InventoryLevel:
        fields = {name: column[row] for name, column in self.columns.items()}
        return InventoryLevel.model_construct(**fields)
