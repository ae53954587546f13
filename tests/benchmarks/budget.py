"""The call budget that workers share: how much of the allowed rate four processes use, and whether any is throttled.

The bucket is the stand-in's, behind a socket that answers as late as Shopify would. It starts drained, and every
worker always has a call to make, so the calls take as long as the bucket takes to refill: share = points charged /
(restore rate x seconds), wanted 0.95.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from rich.table import Table

from connectors.statestore.settings import StoreSettings
from connectors.statestore.store import upgrade
from deployments.sandbox.shopify.buckets import PLANS, Bucket
from tests.benchmarks.measure import CONSOLE, Options

WORKERS = 4
LATENCY = 0.04
"""Seconds from a call to its answer."""
COST = 10.0
"""Points of one stock publication."""


@dataclass
class BucketServer:
    """The bucket behind a socket: a line with the points in, a line with what was charged and is left out."""

    bucket: Bucket
    wanted: int
    calls: int = 0
    throttled: int = 0
    charged: float = 0.0
    ended: float = 0.0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cost = float(await reader.readline())
        await asyncio.sleep(LATENCY / 2)
        taken = self.bucket.take(int(cost))
        self.throttled += not taken
        if self.calls < self.wanted:
            self.calls += taken
            self.charged += cost if taken else 0.0
            self.ended = time.perf_counter()
        status = self.bucket.status()
        throttle = {
            "maximum": status["maximumAvailable"],
            "available": status["currentlyAvailable"],
            "restore_rate": status["restoreRate"],
        }
        await asyncio.sleep(LATENCY / 2)
        told = {"charged": cost if taken else 0.0, "throttle": throttle, "more": self.calls < self.wanted}
        writer.write(json.dumps(told).encode() + b"\n")
        await writer.drain()
        writer.close()


async def measured(plan: str, seconds: float, workspace: Path) -> Mapping[str, float]:
    """All workers at once on a drained bucket, for so many calls as the bucket refills in `seconds`."""
    url = f"sqlite:///{workspace / plan}.sqlite"
    await upgrade(StoreSettings(url=SecretStr(url)))
    server = BucketServer(Bucket(PLANS[plan]), round(PLANS[plan].restore * seconds / COST))
    listening = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    command = [sys.executable, "-m", "tests.benchmarks.budget_worker", url, str(port), "INVENTORY", str(COST)]
    server.bucket.drain()
    began = time.perf_counter()
    workers = [await asyncio.create_subprocess_exec(*command) for _ in range(WORKERS)]
    codes = [await worker.wait() for worker in workers]
    listening.close()
    if any(codes):
        raise RuntimeError(f"workers ended with {codes}")
    took = server.ended - began
    share = server.charged / (PLANS[plan].restore * took)
    return {"calls": server.calls, "seconds": took, "share": share, "throttled": server.throttled}


async def run(options: Options) -> Mapping[str, float | str]:
    """Both ends of Shopify's plans; the figures are those of the worse one."""
    seconds = 1.0 if options.quick else max(20.0, options.seconds)
    results = {plan: await measured(plan, seconds, options.workspace) for plan in ("standard", "plus")}
    table = Table("plan", "calls", "seconds", "share of the rate", "throttled")
    for plan, found in results.items():
        cells = (
            f"{found['calls']:.0f}",
            f"{found['seconds']:.1f}",
            f"{found['share']:.3f}",
            f"{found['throttled']:.0f}",
        )
        table.add_row(plan, *cells)
    CONSOLE.print(table)
    return {
        "workers": WORKERS,
        "calls": sum(found["calls"] for found in results.values()),
        "share_of_rate": min(found["share"] for found in results.values()),
        "throttled": sum(found["throttled"] for found in results.values()),
    }
