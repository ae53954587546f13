"""What is to be sent when: a heap by due time that can be paused, waited on, and emptied."""

import asyncio
import heapq
import time
from dataclasses import dataclass, field
from itertools import count

from deployments.sandbox.shopify.webhooks.deliveries import Delivery


@dataclass(order=True, slots=True)
class Errand:
    """One POST to make. `extra` is the second copy of a doubled webhook: it is not retried."""

    due: float
    place: int
    delivery: Delivery = field(compare=False)
    extra: bool = field(compare=False, default=False)


class Schedule:
    """Errands by due time, in seconds of the monotonic clock; equal times keep the order of arrival."""

    def __init__(self) -> None:
        self._heap: list[Errand] = []
        self._places = count()
        self._changed = asyncio.Event()
        self._running = asyncio.Event()
        self._running.set()
        self._open = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def push(self, delivery: Delivery, after: float, *, extra: bool = False) -> None:
        """Plan a POST some seconds from now."""
        heapq.heappush(self._heap, Errand(time.monotonic() + after, next(self._places), delivery, extra))
        self._open += 1
        self._idle.clear()
        self._changed.set()

    async def next(self) -> Errand:
        """The next errand, when it is due and the schedule is not paused. Call `done` after it."""
        while True:
            await self._running.wait()
            wait = self._heap[0].due - time.monotonic() if self._heap else None
            if wait is not None and wait <= 0:
                return heapq.heappop(self._heap)
            self._changed.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def done(self) -> None:
        """An errand taken with `next` is over."""
        self._open -= 1
        if not self._open:
            self._idle.set()

    def pause(self) -> None:
        """Start no further errand."""
        self._running.clear()
        self._changed.set()

    def resume(self) -> None:
        """Go on."""
        self._running.set()

    @property
    def paused(self) -> bool:
        """Whether nothing is started."""
        return not self._running.is_set()

    @property
    def open(self) -> int:
        """Errands planned or under way."""
        return self._open

    async def idle(self) -> None:
        """Wait until nothing is planned or under way."""
        await self._idle.wait()

    def empty(self) -> list[Errand]:
        """Take out everything planned."""
        errands, self._heap = self._heap, []
        self._open -= len(errands)
        if not self._open:
            self._idle.set()
        return errands
