"""Starting a run of a deployment by hand, and waiting for its end."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from deployments.cli.context import console
from deployments.engine import read_run, start_run

FINAL: Final = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")
LONGEST: Final = 600.0
"""Seconds a command waits; the run itself goes on."""


async def run_and_wait(deployment: str, parameters: Mapping[str, Any], *, wait: bool) -> int:
    """Start a run and say how it went: 0 when it completed, or when nobody waits."""
    run = await start_run(deployment, parameters)
    console.print(f"Run {run['name']} started ({run['id']}).")
    if not wait:
        return 0
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        state = (await read_run(run["id"]))["state"]
        if state["type"] in FINAL:
            console.print(f"{state['name']}: {state.get('message') or 'done'}")
            return 0 if state["type"] == "COMPLETED" else 1
        await asyncio.sleep(0.5)
    console.print("The run has not ended after 10 minutes; look at it in the Prefect UI.")
    return 1
