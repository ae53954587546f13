"""`WarmWorker`: polls a work pool and awaits its flow runs in this process."""

import asyncio
import os
from collections.abc import Callable
from typing import Any
from uuid import UUID

import anyio.abc
import httpx
from prefect import Flow
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.exceptions import Abort, InfrastructureNotFound, Pause
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from deployments.worker.loading import load_flow
from deployments.worker.runs import WarmRun

CANCELLATION_POLL_SECONDS = 1.0
"""Between two questions whether a run in hand was cancelled. Asked only while there are runs."""
CANCELLED = (StateType.CANCELLING, StateType.CANCELLED)
POLL_PATIENCE_SECONDS = 5.0
"""How long a poll may take. Prefect's client would try for a minute, and find its server back half a minute late."""
LAST_WORD_SECONDS = 5.0
"""How long a run that was told to end gets to record it."""


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
        self._running: dict[UUID, WarmRun] = {}
        self._watch: asyncio.Task[None] | None = None
        self._stopping = False
        self.on_room: Callable[[], None] = lambda: None
        self._away = False
        self._look_again = False

    def preload(self, entrypoint: str) -> None:
        """Import a flow before a run asks for it."""
        self._flows[entrypoint] = load_flow(entrypoint)

    @property
    def synced(self) -> bool:
        """Whether it knows its pool."""
        return self._work_pool is not None

    async def announce(self) -> None:
        """Tell the log and the event feed that it serves."""
        self._started_event = await self._emit_worker_started_event()
        self._logger.info("Worker %r serves pool %r, %s runs at once.", self.name, self._work_pool_name, self._limit)

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """The poll; a worker that is stopping takes nothing new."""
        return [] if self._stopping else await super().get_and_submit_flow_runs()

    async def _get_scheduled_flow_runs(self) -> list[WorkerFlowRunResponse]:
        """What is due. Nothing when Prefect is away: this worker waits for it, where Prefect's own would end."""
        try:
            async with asyncio.timeout(POLL_PATIENCE_SECONDS):
                found = await super()._get_scheduled_flow_runs()
        except (httpx.HTTPError, TimeoutError) as error:
            self._note_absence(error)
            return []
        if self._away:
            self._logger.info("Prefect answers again.")
        self._away = False
        return [entry for entry in found if not self._in_hand(entry.flow_run.id)]

    def _in_hand(self, flow_run_id: UUID) -> bool:
        """Whether the run has not left yet: it was suspended and resumed while its code still tidies up.

        Prefect's base class would hand it a second token of its limit, and end the worker because it has one.
        """
        tokens = self._limiter.statistics().borrowers if self._limiter is not None else ()
        in_hand = flow_run_id in self._running or flow_run_id in tokens
        self._look_again = self._look_again or in_hand
        return in_hand

    async def sync_with_backend(self) -> None:
        """The heartbeat, and what a worker learns from its pool; waits like the poll does."""
        try:
            await super().sync_with_backend()
        except httpx.HTTPError as error:
            self._note_absence(error)

    def _note_absence(self, error: Exception) -> None:
        """Say once that Prefect does not answer. Raises the error when Prefect answered and refused."""
        if isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500:
            raise error
        if not self._away:
            self._logger.warning("Prefect does not answer (%s); runs wait until it does.", type(error).__name__)
        self._away = True

    async def _submit_run(self, flow_run: FlowRun) -> None:
        """As the base class does it; but an error there, as when Prefect goes away just now, would end the worker."""
        try:
            await super()._submit_run(flow_run)
        except Exception as error:  # noqa: BLE001 - whatever it was, the run is still scheduled
            self._logger.warning("Run %s was not started (%s); it is taken up again.", flow_run.name, error)
            self._release_limit_slot(flow_run.id)
            self._submitting_flow_run_ids.discard(flow_run.id)

    def _release_limit_slot(self, flow_run_id: UUID) -> None:
        """Also tells when there is room again: a run may wait for it."""
        full = self._limiter is not None and self._limiter.available_tokens == 0
        super()._release_limit_slot(flow_run_id)
        if full or self._look_again:
            self._look_again = False
            self.on_room()

    async def _propose_submitting_state(self, flow_run: FlowRun) -> None:
        """Nothing: it runs at once, and each state costs the server 20 ms."""

    async def _give_worker_labels_to_flow_run(self, flow_run_id: UUID) -> None:
        """Nothing: who ran it is in the event feed. On SQLite this write meets that of the state change before it,
        is refused, and Prefect's client waits two seconds before it tries again."""

    async def run(
        self,
        flow_run: FlowRun,
        configuration: BaseJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> WarmResult:
        """Await the run here. Prefect's engine records its state; an error outside the engine marks it `Crashed`."""
        run = WarmRun(await self._flow_of(flow_run), flow_run)
        self._running[run.id] = run
        self._watch_cancellations()
        if task_status is not None:
            task_status.started(os.getpid())
        try:
            await asyncio.wait({run.task})
        finally:
            self._running.pop(run.id, None)
            run.abort()
        error = run.error()
        if error is None or isinstance(error, Abort | Pause):
            return WarmResult(identifier=str(run.id), status_code=0)
        self.get_flow_run_logger(flow_run).error("The run ended outside its engine: %r", error)
        return WarmResult(identifier=str(run.id), status_code=1)

    async def _flow_of(self, flow_run: FlowRun) -> Flow[..., Any]:
        """The flow behind the run's deployment, imported once a process."""
        if flow_run.deployment_id is None:
            raise ValueError(f"run {flow_run.name} has no deployment; this worker runs deployments only")
        deployment = await self.client.read_deployment(flow_run.deployment_id)
        entrypoint = deployment.entrypoint or ""
        if entrypoint not in self._flows:
            self.preload(entrypoint)
        return self._flows[entrypoint]

    def _watch_cancellations(self) -> None:
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._cancel_what_was_cancelled(), name="watch-cancellations")

    async def _cancel_what_was_cancelled(self) -> None:
        """End the runs whose state somebody else has set: a person, or an automation that took them for dead.

        Prefect's own observer serves runs that have not started, and listens on a websocket that it does not open
        again after an orderly restart of the server. A question a second, while there are runs, survives that.
        """
        while self._running:
            await asyncio.sleep(CANCELLATION_POLL_SECONDS)
            asked = list(self._running)
            if not asked:
                return
            try:
                known = await self.client.read_flow_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=asked)))
            except httpx.HTTPError:  # the poll tells of it
                continue
            states = {run.id: run.state.type if run.state else None for run in known}
            for run in [self._running[i] for i in asked if i in self._running]:
                state = states.get(run.id, StateType.CRASHED)  # a run that was deleted
                if state in CANCELLED:
                    run.cancel()
                elif state == StateType.CRASHED:
                    run.abort()

    async def kill_infrastructure(
        self, infrastructure_pid: str, configuration: BaseJobConfiguration, grace_seconds: int = 30
    ) -> None:
        """A run that has not started holds nothing but its place in the queue."""
        raise InfrastructureNotFound(f"a warm run has no process of its own (worker pid {infrastructure_pid})")

    async def drain(self, grace: float) -> None:
        """Take nothing new, wait for the runs in hand, abort what is left. Leases and the ledger make that safe."""
        self._stopping = True
        deadline = asyncio.get_running_loop().time() + grace
        while self._submitting_flow_run_ids or self._running:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                break
            await self._some_end(min(left, 0.1))
        for run in self._running.values():
            run.abort()
        await self._some_end(LAST_WORD_SECONDS, all_of_them=True)

    async def _some_end(self, within: float, *, all_of_them: bool = False) -> None:
        tasks = {run.task for run in self._running.values()}
        if tasks:
            when = asyncio.ALL_COMPLETED if all_of_them else asyncio.FIRST_COMPLETED
            await asyncio.wait(tasks, timeout=within, return_when=when)
        elif not all_of_them:
            await asyncio.sleep(within)
