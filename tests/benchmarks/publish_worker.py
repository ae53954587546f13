"""A worker that publishes what is due until nothing is: `python -m tests.benchmarks.publish_worker LOCATION_ID`.

Says `ready` once everything is loaded, starts at the first line of its input, and ends with a line of JSON.
"""

import asyncio
import json
import os
import sys
import time

from canonical.mapping.kinds import MappingKind, MappingRow
from canonical.mapping.table import TableMappings
from canonical.ports.budget import Budgets, CostBudget, Lane, Throttle
from connectors import registry
from deployments.landscape_loader import load_landscape
from flows.handling.stock import work
from flows.handling.stock.gates import build_stock_gates
from flows.runtime import Runtime
from flows.settings import FlowSettings
from flows.stock_draining import StockDrain


class Counted:
    """The budget that workers share, with a note of what was charged and how often a call was throttled."""

    def __init__(self, budgets: Budgets) -> None:
        self._budgets, self.charged, self.throttled = budgets, 0.0, 0
        self._inner: CostBudget | None = None

    def budget(self, bucket: str) -> CostBudget:
        self._inner = self._budgets.budget(bucket)
        return self

    async def acquire(self, cost: float, lane: Lane) -> None:
        assert self._inner is not None
        await self._inner.acquire(cost, lane)

    async def settle(self, cost: float, throttle: Throttle | None, actual: float | None = None) -> None:
        assert self._inner is not None
        self.charged += actual or 0.0
        self.throttled += throttle is not None and not actual
        await self._inner.settle(cost, throttle, actual)


def mappings(location_id: str) -> TableMappings:
    """Every SKU is its own item, and one location of the shop is one of ours."""
    return TableMappings(
        [
            MappingRow(kind=MappingKind.ITEMS, shop="*", key=("*", "", "", ""), value="*"),
            MappingRow(kind=MappingKind.LOCATIONS, shop="north", key=(location_id, ""), value="DC-EAST"),
        ]
    )


async def main(location_id: str) -> None:
    landscape = load_landscape()
    landscape = landscape.model_copy(update={"shops": landscape.shops[:1], "companies": landscape.companies[:1]})
    store = await registry.state_store()
    counted = Counted(store)
    rt = Runtime(
        landscape=landscape,
        store=store,
        channels={},
        translators={},
        erps={},
        mappings=mappings(location_id),
        settings=FlowSettings(coalesce_seconds=0),
        stock_channels={"north": registry.stock_channel(landscape, "north", counted)},
        book=registry.stock_desk(store),
    )
    await asyncio.to_thread(build_stock_gates)
    await rt.stock_channels["north"].check()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    cpu, charged = time.process_time(), counted.charged
    tally = await StockDrain(rt, work, f"bench-{os.getpid()}", linger=0).run()
    counts: dict[str, float] = {
        name: tally.counts[name] for name in ("calls", "reads", "published", "due", "failed", "withheld")
    }
    counts |= {"charged": counted.charged - charged, "throttled": counted.throttled}
    print(json.dumps({**counts, "cpu": time.process_time() - cpu, "notes": tally.notes}), flush=True)
    await rt.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
