"""Durable intake: signed 10 KB webhooks a second on SQLite and on PostgreSQL, next to the same app without a store.

Every 200 stands for a synced commit: SQLite with synchronous=FULL, PostgreSQL with fsync on. `share` is the slower of
the two against the same server with the store switched off, in interleaved rounds.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.load import prepare
from tests.benchmarks.measure import Figures, Meter, Options, Variant, interleaved, medians, print_table, tree_memory
from tests.postgres import PostgresServer
from tests.processes import ROOT, running
from tests.webhooks import SECRET, shop_environment

CONNECTIONS = 32
WARM_UP = 0.5
TURNS = 2
"""Turns a round: shorter and more of them, for the same time."""


class Bench:
    """The gateways side by side, all up, each measured in short turns: a busy minute of the machine hits them all."""

    def __init__(self, options: Options, postgres: PostgresServer, processes: ExitStack) -> None:
        self._options, self._postgres, self._processes = options, postgres, processes
        self._requests = options.workspace / "requests.pickle"
        prepare(self._requests, SECRET)

    async def store_off(self) -> Variant:
        return await self._variant("tests.benchmarks.store_off", {})

    async def sqlite(self) -> Variant:
        url = f"sqlite:///{self._options.workspace}/store.sqlite"
        return await self._variant("deployments.gateway", {"CROSSDOCK_STORE_URL": url})

    async def postgresql(self) -> Variant:
        store = {"CROSSDOCK_STORE_URL": self._postgres.new_database()}
        return await self._variant("deployments.gateway", store, {"database": self._postgres.pid})

    async def _variant(self, module: str, environment: Mapping[str, str], others: Mapping[str, int] = {}) -> Variant:
        """Start a gateway and warm it up; the result measures one turn of it."""
        settings = {**shop_environment(), **environment}
        gateway = self._processes.enter_context(
            running(module, workspace=self._options.workspace, environment=settings)
        )
        await send(self._requests, gateway.port, WARM_UP)

        async def turn(_round: int) -> Figures:
            with Meter({"gateway": gateway.pid, **others}) as meter:
                load = await send(self._requests, gateway.port, self._options.seconds / TURNS)
            return {**figures_of(load, meter), "rss_mb": tree_memory(gateway.pid) / 1e6}

        return turn


def figures_of(load: Figures, meter: Meter) -> Figures:
    """Requests a second, latency, processor time a request. Raises `RuntimeError` when the gateway refused any."""
    if load["refused"]:
        raise RuntimeError(f"{load['refused']:.0f} of {load['requests']:.0f} requests were refused: nothing to compare")
    microseconds = {f"{name}_us": used / load["requests"] * 1e6 for name, used in meter.cpu.items()}
    speed = {"per_second": load["requests"] / load["seconds"], "p50_ms": load["p50_ms"], "p99_ms": load["p99_ms"]}
    return {**speed, **microseconds}


async def send(requests: Path, port: int, seconds: float) -> Figures:
    """Run the sender in a process of its own; its figures."""
    arguments = (str(requests), "--port", str(port), "--seconds", str(seconds), "--connections", str(CONNECTIONS))
    sender = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.load", *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await sender.communicate()
    if sender.returncode:
        raise RuntimeError(f"the sender ended with {sender.returncode}")
    figures: Figures = json.loads(output)
    return figures


async def run(options: Options) -> dict[str, float]:
    """The figures of `bench intake:`, requests a second."""
    with PostgresServer(durable=True) as postgres, ExitStack() as processes:
        bench = Bench(options, postgres, processes)
        variants = {
            "store off": await bench.store_off(),
            "sqlite": await bench.sqlite(),
            "postgresql": await bench.postgresql(),
        }
        rounds = await interleaved(variants, options.rounds * TURNS)
    rows = {name: medians(figures) for name, figures in rounds.items()}
    off = rows["store off"]["per_second"]
    shares = {name: {**figures, "share": figures["per_second"] / off} for name, figures in rows.items()}
    print_table(
        f"Durable intake, 10 KB signed, {CONNECTIONS} connections, medians of {options.rounds * TURNS} turns", shares
    )
    backends = {name: rows[name]["per_second"] for name in ("sqlite", "postgresql")}
    return {**backends, "share": min(backends.values()) / off}
