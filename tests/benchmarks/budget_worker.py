"""A worker that calls as often as the shared budget lets it: `python -m tests.benchmarks.budget_worker` with arguments.

`URL PORT LANE COST`: the store, the port of the bucket, the lane's name, points a call. It ends when there is no more
to do.
"""

import asyncio
import json
import sys
from typing import Any

from pydantic import SecretStr

from canonical.ports.budget import CostBudget, Lane, Throttle
from connectors.statestore.settings import StoreSettings
from connectors.statestore.store import open_store

AT_ONCE = 3
"""Calls a worker has under way at once."""


async def call(port: int, budget: CostBudget, cost: float, lane: Lane) -> bool:
    """One call within the budget; whether there is more to do."""
    await budget.acquire(cost, lane)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{cost}\n".encode())
    answer: dict[str, Any] = json.loads(await reader.readline())
    writer.close()
    await budget.settle(cost, Throttle(**answer["throttle"]), answer["charged"])
    return bool(answer["more"])


async def main(url: str, port: int, lane: Lane, cost: float) -> None:
    store = await open_store(StoreSettings(url=SecretStr(url), auto_upgrade=False))
    budget = store.budget("shopify:bench:app")

    async def work() -> None:
        more = True
        while more:
            more = await call(port, budget, cost, lane)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    await store.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), Lane[sys.argv[3]], float(sys.argv[4])))
