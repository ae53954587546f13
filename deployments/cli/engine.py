"""`crossdock engine`: apply what Prefect must know, serve the warm pool."""

import asyncio
import subprocess

from deployments.cli.context import console
from deployments.engine import POOL, WARM, apply_automations, deploy_command, pool_command


def apply(*, pool: str = POOL, kind: str = WARM) -> int:
    """Make the work pool, apply prefect.yaml, make the automations. Safe to repeat.

    Parameters
    ----------
    pool
        Name of the work pool.
    kind
        Its type: crossdock-warm (our worker) or process.
    """
    import os

    os.environ["CROSSDOCK_WORK_POOL"] = pool
    for command in (pool_command(pool, kind), deploy_command()):
        done = subprocess.run(command, check=False)  # noqa: S603 - our own commands
        if done.returncode:
            return done.returncode
    for name in asyncio.run(apply_automations()):
        console.print(f"Automation {name!r} applied.")
    return 0


def worker(*, pool: str = POOL, limit: int = 6) -> int:
    """Serve the warm pool until SIGTERM.

    Parameters
    ----------
    pool
        The work pool.
    limit
        Runs at once, at most.
    """
    from deployments.worker import run_worker

    return run_worker(pool, limit=limit)
