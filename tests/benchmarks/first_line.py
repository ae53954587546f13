"""`bench first-line`: seconds from a webhook to the first line of the flow that handles it.

A signed webhook is posted to the gateway of a whole stack; the first line is the first log record of the next drain.
The webhooks are so far apart that no drain lingers when the next one comes, and irregularly, so that they do not keep
step with the worker's polls. One that a running drain takes anyway needs no run, and is counted apart.
"""

import asyncio
import random
import time
from datetime import datetime

import httpx

from deployments.stack.plan import Plan
from deployments.stack.stack import Stack, running
from tests.benchmarks.idle import come_to_rest, ended_runs, prefect_api
from tests.benchmarks.measure import CONSOLE, Figures, Options, percentile, print_table
from tests.webhooks import order_webhook

WEBHOOKS, QUICK_WEBHOOKS = 40, 4
SPACING = (4.5, 6.5)
FLUSH_SECONDS = 6.0
"""Until the last run has ended and its log has been sent."""
FIRST_LINE = "Beginning flow run"


async def run(options: Options) -> Figures:
    """The percentiles in seconds; wanted: p95 at most 1.5."""
    count = QUICK_WEBHOOKS if options.quick else WEBHOOKS
    async with running(Plan(home=options.workspace / "house", erp="lambda"), CONSOLE.print) as stack:
        await come_to_rest(stack)
        posted = await post_webhooks(stack, count)
        await asyncio.sleep(FLUSH_SECONDS)
        begun, spans = await first_lines(stack)
    waits = [wait for at in posted if (wait := waited(at, begun, spans)) is not None]
    figures = {
        "p50": percentile(waits, 0.5),
        "p95": percentile(waits, 0.95),
        "most": max(waits),
        "webhooks": len(waits),
        "taken_by_a_running_drain": len(posted) - len(waits),
    }
    print_table("Webhook to first line of the flow, seconds", {"warm worker": figures})
    return figures


async def post_webhooks(stack: Stack, count: int) -> list[float]:
    """The moments at which the gateway was asked, one a webhook."""
    chance = random.Random(7)
    posted: list[float] = []
    async with httpx.AsyncClient(base_url=stack.gateway.url, timeout=10.0, trust_env=False) as client:
        for number in range(count):
            webhook = order_webhook(900_000 + number, stack.plan.client_secret)
            posted.append(time.time())
            answer = await client.post(
                "/webhooks/shopify/north", content=webhook.body, headers=webhook.headers(f"first-line-{number}")
            )
            answer.raise_for_status()
            await asyncio.sleep(chance.uniform(*SPACING))
    return posted


async def first_lines(stack: Stack) -> tuple[list[float], list[tuple[float, float]]]:
    """When drains wrote their first line, and from when to when each lasted."""
    async with prefect_api(stack) as api:
        runs = [run for run in await ended_runs(api) if run["name"].startswith("orders drain")]
        begun: dict[str, float] = {}
        for at in range(0, len(runs), 50):
            ids = [run["id"] for run in runs[at : at + 50]]
            body = {"logs": {"flow_run_id": {"any_": ids}}, "sort": "TIMESTAMP_ASC", "limit": 200}
            for page in range(0, 5000, 200):
                answer = await api.post("/logs/filter", json={**body, "offset": page})
                answer.raise_for_status()
                if not (records := answer.json()):
                    break
                for record in records:
                    if record["message"].startswith(FIRST_LINE):
                        begun.setdefault(record["flow_run_id"], moment(record["timestamp"]))
    spans = [(begun[run["id"]], moment(run["end_time"])) for run in runs if run["id"] in begun]
    return sorted(begun.values()), spans


def waited(at: float, begun: list[float], spans: list[tuple[float, float]]) -> float | None:
    """Seconds until the next first line; None when a drain was there already. Raises `LookupError` when none came."""
    if any(start <= at < end for start, end in spans):
        return None
    later = [line for line in begun if line > at]
    if not later:
        raise LookupError("no drain ran after a webhook")
    return later[0] - at


def moment(text: str) -> float:
    """A time of the Prefect API, as seconds."""
    return datetime.fromisoformat(text).timestamp()
