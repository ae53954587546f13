"""`crossdock orders ingest`: bring named orders in by hand, as a run of the deployment."""

import asyncio
import time
from typing import Annotated

from cyclopts import Parameter

from deployments.cli.context import console
from deployments.engine import read_run, start_run

DEPLOYMENT = "order-ingestion/ingest"
FINAL = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")


def ingest(
    *, name: Annotated[list[str], Parameter(consume_multiple=True)], shop: str | None = None, wait: bool = True
) -> int:
    """Read orders from the shop by name and bring them into the ERP. What is booked is not booked twice.

    Parameters
    ----------
    name
        Order names (#1001); several may follow.
    shop
        The shop; may be left out when there is one.
    wait
        Wait for the run to end and say how it went.
    """
    return asyncio.run(_ingest(name, shop, wait))


async def _ingest(names: list[str], shop: str | None, wait: bool) -> int:
    run = await start_run(DEPLOYMENT, {"names": names, "shop": shop, "linger_seconds": 0})
    console.print(f"Run {run['name']} started ({run['id']}).")
    if not wait:
        return 0
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        state = (await read_run(run["id"]))["state"]
        if state["type"] in FINAL:
            console.print(f"{state['name']}: {state.get('message') or 'done'}")
            return 0 if state["type"] == "COMPLETED" else 1
        await asyncio.sleep(0.5)
    console.print("The run has not ended after 10 minutes; look at it in the Prefect UI.")
    return 1
