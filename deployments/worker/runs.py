"""One flow run as a task of this process, and the ways it can be cut short."""

import asyncio
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.schemas.objects import FlowRun
from prefect.flow_engine import AsyncFlowRunEngine
from prefect.utilities.callables import get_call_parameters, parameters_to_args_kwargs


class WarmEngine(AsyncFlowRunEngine[Any, Any]):
    """Prefect's engine, which knows whether somebody cancelled the run.

    To Prefect a cancelled asyncio task is a crash: without this the run would be shown as `Crashed` first, and its
    crash hooks and every "tell me of crashes" automation would go off for a run that a person cancelled.
    """

    cancelled_by_request = False

    async def handle_crash(self, exc: BaseException) -> None:
        if self.cancelled_by_request:
            await self.handle_cancellation(exc)
        else:
            await super().handle_crash(exc)


class WarmRun:
    """A flow run from its start to its end. Prefect's engine records its states."""

    def __init__(self, flow: Flow[..., Any], flow_run: FlowRun) -> None:
        arguments, named = parameters_to_args_kwargs(flow.fn, flow_run.parameters)
        parameters = get_call_parameters(flow.fn, arguments, named)
        self._engine = WarmEngine(flow=flow, flow_run=flow_run, parameters=parameters)
        self._told_to_end = False
        self.id: UUID = flow_run.id
        self.task: asyncio.Task[None] = asyncio.create_task(self._drive(), name=f"flow-run-{flow_run.id}")

    async def _drive(self) -> None:
        async with self._engine.start():
            while self._engine.is_running():
                async with self._engine.run_context():
                    _ = await self._engine.call_flow_fn()

    def cancel(self) -> None:
        """Somebody wants it to end: it becomes `Cancelled`."""
        self._engine.cancelled_by_request = not self._told_to_end
        self._end()

    def abort(self) -> None:
        """It must end here and now, or was declared dead: it becomes `Crashed`. The ledger tells what is left to do."""
        self._end()

    def _end(self) -> None:
        """Once only: a second cancellation would hit the engine while it records the first."""
        if not self._told_to_end:
            self._told_to_end = True
            self.task.cancel()

    def error(self) -> BaseException | None:
        """What went wrong outside the engine, once the task is done; being cancelled is nothing wrong."""
        if self.task.cancelled():
            return None
        error = self.task.exception()
        return None if isinstance(error, asyncio.CancelledError) else error
