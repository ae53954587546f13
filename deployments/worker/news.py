"""Hearing at once that a run was scheduled, so that the poll need not be frequent to be prompt.

A poll costs the server about 20 ms of processor time, so one a second is two per cent of a core for nothing. Prefect
tells of every new run in its event feed; the poll stays for what the feed does not tell (runs that the scheduler makes
ahead of time, news lost while the connection was down).
"""

import asyncio
from logging import Logger, LoggerAdapter
from typing import Any
from uuid import UUID

from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventAnyResourceFilter, EventFilter, EventNameFilter

AGAIN_SECONDS = 2.0
"""Before the feed is opened again after it broke."""
SCHEDULED = ["prefect.flow-run.Scheduled", "prefect.flow-run.Resuming"]


class News:
    """The event feed of one work pool."""

    def __init__(self, pool_id: UUID, logger: "Logger | LoggerAdapter[Any]") -> None:
        self._pool_id, self._logger = pool_id, logger
        self._arrived = asyncio.Event()
        self.listening = False

    def tell(self) -> None:
        """There may be something to run."""
        self._arrived.set()

    async def arrived(self, within: float) -> bool:
        """Until a run was scheduled; false when none was in time (seconds)."""
        try:
            await asyncio.wait_for(self._arrived.wait(), within)
        except TimeoutError:
            return False
        finally:
            self._arrived.clear()
        return True

    async def listen(self) -> None:
        """Listen for ever; a feed that breaks or ends is opened again."""
        while True:
            try:
                await self._follow()
            except Exception as error:  # noqa: BLE001 - whatever broke it, the poll goes on and the feed is opened again
                if self.listening:
                    self._logger.info("The event feed broke (%s); polling meanwhile.", type(error).__name__)
            self.listening = False
            await asyncio.sleep(AGAIN_SECONDS)

    async def _follow(self) -> None:
        wanted = EventFilter(
            event=EventNameFilter(name=SCHEDULED),
            any_resource=EventAnyResourceFilter(id=[f"prefect.work-pool.{self._pool_id}"]),
        )
        async with get_events_subscriber(filter=wanted, reconnection_attempts=0) as feed:
            self.listening = True
            self.tell()  # what came before it was open
            async for _ in feed:
                self.tell()
