"""The poll that stays: every source is asked at its own pace, until the next run takes over.

The run that started last holds the baton, a cursor in the store; the one before sees it and ends. So there is no moment
in which nobody asks, and two runs ask side by side for one question at most. That is harmless: positions are told as
they are, not as what was added. A baton and no lease: a worker that dies leaves nothing that others have to wait for.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

from canonical.errors import CrossdockError
from canonical.landscape import EVERY_SHOP
from canonical.ports.stock import StockSource
from canonical.records import Cursor
from flows.handling.stock.arrivals import poll_source, snapshot_source
from flows.runtime import Runtime, stop_requested

BATON = "stock-poll"
LEAST_REST = 0.25
"""Of the pause between two questions, at least so much is left to a source that takes long to answer."""


class StockPolling:
    """The sources of one company, or of all (None). `seconds` is how long to ask at most; 0 asks once.

    Only a run that stays, and asks every company, takes the baton, and passes it on.
    """

    def __init__(self, rt: Runtime, company: str | None, seconds: float, warn: Callable[[str], None]) -> None:
        self._rt, self._company, self._warn = rt, company, warn
        self._until = rt.now() + timedelta(seconds=seconds)
        self._baton = uuid4().hex if seconds and company is None else None
        self.found: Counter[str] = Counter()
        self.going = True

    async def run(self, *, full: bool) -> None:
        """Ask until the time is up, another run has taken over, or this worker is to stop. `full`: first everything.

        A source that cannot be asked now is warned of, and asked again.
        """
        rt = self._rt
        try:
            if self._baton is not None:
                taken = Cursor(scope=EVERY_SHOP, name=BATON, value=self._baton, updated_at=rt.now())
                await rt.store.set_cursor(taken)
            async with asyncio.TaskGroup() as group:
                for name, sources in rt.stock_sources.items():
                    for source in sources if self._company in (None, name) else ():
                        group.create_task(self._keep_asking(source, full=full), name=f"poll-{name}-{source.system}")
        finally:
            self.going = False

    async def _keep_asking(self, source: StockSource, *, full: bool) -> None:
        """The pause runs from one question to the next: how long the answer took is no part of it."""
        pace = self._rt.settings.stock_poll_seconds
        while True:
            asked = time.monotonic()
            await self._ask(source, full=full)
            full = False
            pause = max(asked + pace - time.monotonic(), pace * LEAST_REST)
            if stop_requested() or self._rt.now() + timedelta(seconds=pause) >= self._until:
                return
            await asyncio.sleep(pause)
            if await self._taken_over():
                return

    async def _ask(self, source: StockSource, *, full: bool) -> None:
        try:
            count = await (snapshot_source if full else poll_source)(self._rt, source)
        except CrossdockError as error:
            self._warn(f"Poll of {source.system} for {source.company} failed and is tried again: {error}")
        else:
            self.found[f"{source.company}/{source.system}"] += count

    async def _taken_over(self) -> bool:
        if self._baton is None:
            return False
        try:
            held = await self._rt.store.cursor(EVERY_SHOP, BATON)
        except CrossdockError as error:
            self._warn(f"Who polls cannot be read now, this run goes on: {error}")
            return False
        return held is not None and held.value != self._baton
