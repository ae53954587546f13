"""`bench idle`: what the house burns with every schedule on and nothing to do.

Prefect server, worker and gateway of a whole stack, over two minutes and more after it has come to rest. The processor
time is sampled every second: the calmer nine tenths are the rest, what exceeds it is put down to the scheduled runs.
"""

import asyncio
import statistics
from datetime import UTC, datetime
from typing import Any

import httpx

from deployments.stack.plan import Plan
from deployments.stack.stack import Stack, running
from tests.benchmarks.measure import CONSOLE, Figures, Meter, Options, print_table, tree_cpu

LEAST_SECONDS = 120.0
QUICK_SECONDS = 10.0
REST_SECONDS = 15.0
"""After the first sweep has ended, for what starting up left to do."""
WANTED = 0.10


async def run(options: Options) -> Figures:
    """Cores used by the three together; wanted: less than a tenth of one."""
    seconds = QUICK_SECONDS if options.quick else max(LEAST_SECONDS, options.seconds)
    async with running(Plan(home=options.workspace / "house", erp="lambda"), CONSOLE.print) as stack:
        await come_to_rest(stack)
        return await measure(stack, seconds)


async def come_to_rest(stack: Stack) -> None:
    """Until the first run of a schedule has ended and the start is over."""
    async with prefect_api(stack) as api:
        while not await ended_runs(api):  # noqa: ASYNC110 - the API tells nobody
            await asyncio.sleep(2.0)
    await asyncio.sleep(REST_SECONDS)


async def measure(stack: Stack, seconds: float) -> Figures:
    parts = {"prefect": stack.prefect.pid, "worker": stack.worker.pid, "gateway": stack.gateway.pid}
    samples: dict[str, list[float]] = {name: [] for name in parts}
    begun = datetime.now(UTC)
    with Meter(parts) as meter:
        last = {name: tree_cpu(pid) for name, pid in parts.items()}
        for _ in range(round(seconds)):
            await asyncio.sleep(1.0)
            now = {name: tree_cpu(pid) for name, pid in parts.items()}
            for name in parts:
                samples[name].append(now[name] - last[name])
            last = now
    async with prefect_api(stack) as api:
        runs = sum(1 for run in await ended_runs(api) if run["end_time"] >= begun.isoformat())
    rest = {name: calm(values) for name, values in samples.items()}
    rows = {
        name: {
            "cores": meter.cpu[name] / meter.wall,
            "at rest": rest[name],
            "CPU s a run": (meter.cpu[name] - rest[name] * meter.wall) / runs if runs else 0.0,
        }
        for name in parts
    }
    total = {column: sum(row[column] for row in rows.values()) for column in ("cores", "at rest", "CPU s a run")}
    print_table(f"Nothing to do for {meter.wall:.0f} s, {runs} scheduled runs", {**rows, "together": total})
    return {"cores": round(meter.cores(), 4), "rest": total["at rest"], "run_s": total["CPU s a run"], "runs": runs}


def calm(values: list[float]) -> float:
    """The mean of the values without the highest tenth, in which the runs are."""
    ordered = sorted(values)
    return statistics.mean(ordered[: max(1, len(ordered) * 9 // 10)])


def prefect_api(stack: Stack) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=stack.environment["PREFECT_API_URL"], timeout=30.0, trust_env=False)


async def ended_runs(api: httpx.AsyncClient) -> list[dict[str, Any]]:
    """The runs that have completed."""
    body = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    answer = await api.post("/flow_runs/filter", json=body)
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found
