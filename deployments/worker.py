"""A worker that keeps the flows imported: runs start warm.

A fresh interpreter that imports Prefect and Great Expectations costs about 7 s of CPU, so a process per run cannot
serve a webhook in a second. This worker is Prefect's own extension point (`BaseWorker`, "develop a custom worker"): it
imports each flow once and awaits it in its own process. The same deployments run unchanged on a `process` pool.

What a process per run gives for free is done here by hand:
- cancellation: a started run is cancelled as an asyncio task and then marked `Cancelled`;
- graceful stop: SIGTERM stops polling, tells the drains to end, waits `GRACE_SECONDS`, then cancels what is left;
- a limit on runs at once (`--limit`): the base class counts, this class holds no slot after a run ended.
A worker that is killed leaves leases that expire, and the zombie automation marks its runs `Crashed`.
"""

import argparse
import asyncio
import importlib
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import anyio
import anyio.abc
from prefect import Flow
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import Abort, InfrastructureNotFound, Pause
from prefect.flow_engine import run_flow
from prefect.flows import load_flow_from_entrypoint
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

if TYPE_CHECKING:
    from prefect.client.schemas.responses import DeploymentResponse

GRACE_SECONDS = 20.0
PRELOAD = ("flows/order_ingestion.py:order_ingestion", "flows/order_ingestion.py:order_poll")
"""Imported before the first run asks for them, so that the first webhook is not slower than the rest."""


class WarmResult(BaseWorkerResult):
    """How a warm run ended: 0 when the engine recorded its state itself, also when that state is Failed."""


class WarmWorker(BaseWorker[BaseJobConfiguration, BaseVariables, WarmResult]):
    """Runs flows in this process, one asyncio task each."""

    type = "crossdock-warm"
    job_configuration = BaseJobConfiguration
    job_configuration_variables = BaseVariables
    _description = "Runs Crossdock's flows in one warm process, so that a run starts within a second."
    _display_name = "Crossdock warm worker"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._flows: dict[str, Flow[..., Any]] = {}
        self._running: dict[UUID, asyncio.Task[Any]] = {}
        self._stopping = False

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """The poll; a worker that is stopping takes nothing new."""
        return [] if self._stopping else await super().get_and_submit_flow_runs()

    async def run(
        self,
        flow_run: FlowRun,
        configuration: BaseJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> WarmResult:
        """Await the run here. Prefect's engine records its state; an error outside the engine marks it `Crashed`."""
        flow = await self._flow_of(flow_run)
        task = asyncio.create_task(self._drive(flow, flow_run), name=f"flow-run-{flow_run.id}")
        self._running[flow_run.id] = task
        if task_status is not None:
            task_status.started(os.getpid())
        try:
            await asyncio.wait({task})
        finally:
            self._running.pop(flow_run.id, None)
            if not task.done():
                task.cancel()
        if task.cancelled() or isinstance(task.exception(), asyncio.CancelledError):
            return WarmResult(identifier=str(flow_run.id), status_code=0)
        error = task.exception()
        if error is not None and not isinstance(error, Abort | Pause):
            self.get_flow_run_logger(flow_run).error("The run ended outside its engine: %s", error)
            return WarmResult(identifier=str(flow_run.id), status_code=1)
        return WarmResult(identifier=str(flow_run.id), status_code=0)

    async def _drive(self, flow: Flow[..., Any], flow_run: FlowRun) -> Any:
        outcome: Any = run_flow(flow, flow_run=flow_run, return_type="state")
        if not asyncio.iscoroutine(outcome):
            raise TypeError(f"{flow.name} is not async; Crossdock flows are async def")
        return await outcome

    async def _flow_of(self, flow_run: FlowRun) -> Flow[..., Any]:
        """The flow behind the run's deployment, imported once a process."""
        if flow_run.deployment_id is None:
            raise ValueError(f"run {flow_run.name} has no deployment; this worker runs deployments only")
        deployment: DeploymentResponse = await self.client.read_deployment(flow_run.deployment_id)
        entrypoint = deployment.entrypoint or ""
        if entrypoint not in self._flows:
            self._flows[entrypoint] = load_flow(entrypoint)
        return self._flows[entrypoint]

    async def _cancel_run(self, flow_run_id: UUID) -> None:
        """Cancel a run that started here; the base class handles those that did not start."""
        task = self._running.get(flow_run_id)
        if task is None:
            await super()._cancel_run(flow_run_id)
            return
        task.cancel()
        await asyncio.wait({task}, timeout=GRACE_SECONDS)
        flow_run = await self.client.read_flow_run(flow_run_id)
        await self._mark_flow_run_as_cancelled(flow_run, state_updates={"message": "Cancelled while running."})

    async def kill_infrastructure(
        self, infrastructure_pid: str, configuration: BaseJobConfiguration, grace_seconds: int = 30
    ) -> None:
        """A run that has not started holds nothing but its place in the queue."""
        raise InfrastructureNotFound(f"a warm run has no process of its own (worker pid {infrastructure_pid})")

    async def drain(self, grace: float = GRACE_SECONDS) -> None:
        """Take nothing new, wait for the runs in hand, cancel what is left. Leases and the ledger make that safe."""
        self._stopping = True
        if self._running:
            await asyncio.wait(set(self._running.values()), timeout=grace)
        for task in list(self._running.values()):
            task.cancel()


def load_flow(entrypoint: str) -> Flow[..., Any]:
    """The flow of an entrypoint (`flows/x.py:y` or `flows.x.y`), through the import system so it is loaded once."""
    path, _, name = entrypoint.rpartition(":") if ":" in entrypoint else entrypoint.rpartition(".")
    module = path.removesuffix(".py").replace("/", ".")
    if module.startswith("flows."):
        found = getattr(importlib.import_module(module), name, None)
        if isinstance(found, Flow):
            return found
    return load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)


@asynccontextmanager
async def _stop_on_signals(worker: WarmWorker, scope: anyio.CancelScope) -> AsyncIterator[None]:
    """SIGTERM and SIGINT end the worker in order: no new runs, drains told to end, runs awaited."""
    from flows.runtime import request_stop

    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    async def stop() -> None:
        request_stop()
        await worker.drain()
        scope.cancel()

    def begin() -> None:
        if not stopping:
            stopping.append(loop.create_task(stop()))

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, begin)
    yield


async def serve(pool: str, *, name: str | None, limit: int, preload: tuple[str, ...]) -> None:
    """Run the worker until a signal. `preload` names entrypoints to import before the first run asks for them."""
    worker = WarmWorker(work_pool_name=pool, name=name, limit=limit)
    for entrypoint in preload:
        worker._flows[entrypoint] = load_flow(entrypoint)
    with anyio.CancelScope() as scope:
        async with _stop_on_signals(worker, scope):
            await worker.start()


def main() -> None:
    """`python -m deployments.worker --pool crossdock --limit 4`."""
    parser = argparse.ArgumentParser(prog="python -m deployments.worker", description="The warm worker.")
    parser.add_argument("--pool", default="crossdock", help="work pool to serve")
    parser.add_argument("--name", help="name of this worker; one is made up when left out")
    parser.add_argument("--limit", type=int, default=4, help="runs at once, at most")
    options = parser.parse_args()
    asyncio.run(serve(options.pool, name=options.name, limit=options.limit, preload=PRELOAD))


if __name__ == "__main__":
    main()
