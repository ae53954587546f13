"""The cost budget of one app on one shop, for one process: we wait before a call, and are not throttled after it.

Workers that share a state store share the budget it keeps (`CostBudget` of the same port); this one is for a process
alone. Shopify's bucket holds points, refills at a steady rate, and every answer tells its level
(`extensions.cost.throttleStatus`). Lanes decide who goes first when points are short. Waiters poll a few times a
second: waiting is the exception, and so the budget works across event loops and threads.
"""

import asyncio
import itertools
import threading
import time
from bisect import insort
from collections.abc import Awaitable, Callable
from functools import cache

from canonical.errors import RetryableError
from canonical.ports.budget import Lane, Throttle

SMALLEST_PLAN = Throttle(maximum=2000, available=2000, restore_rate=100)
"""What a Standard shop has; taken until the first answer says otherwise."""


class LocalBudget:
    """The budget for one process. `patience` (seconds) is how long a call may wait for its points."""

    def __init__(
        self,
        *,
        patience: float = 30.0,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._bucket, self._at = SMALLEST_PLAN, now()
        self._in_flight = 0.0
        self._queue: list[tuple[Lane, int, float]] = []
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._patience, self._now, self._sleep = patience, now, sleep

    async def acquire(self, cost: float, lane: Lane) -> None:
        """As `CostBudget.acquire`; tickets of a lane are served in order, a better lane overtakes."""
        ticket = (lane, next(self._numbers), cost)
        with self._lock:
            insort(self._queue, ticket)
        waited = 0.0
        try:
            while wait := self._take_or_wait(ticket):
                if waited + wait > self._patience:
                    raise RetryableError(
                        f"the shop's call budget is used up for {wait:.0f} s", code="budget_wait", retry_after=wait
                    )
                pause = min(wait, 0.25)
                await self._sleep(pause)
                waited += pause
        finally:
            with self._lock:
                self._queue.remove(ticket)

    async def settle(self, cost: float, throttle: Throttle | None, actual: float | None = None) -> None:
        """As `CostBudget.settle`. Calls still under way are taken off, in case the answer did not count them.

        `actual` is not needed: what was not charged is in the level the answer told.
        """
        with self._lock:
            self._in_flight = max(0.0, self._in_flight - cost)
            if throttle is not None:
                self._bucket, self._at = throttle, self._now()
                self._set_level(throttle.available - self._in_flight)

    @property
    def level(self) -> float:
        """Points that should be there now."""
        with self._lock:
            self._refill()
            return self._bucket.available

    def _take_or_wait(self, ticket: tuple[Lane, int, float]) -> float:
        """Zero when the points were taken, else the seconds until they should be there."""
        with self._lock:
            self._refill()
            ahead = sum(cost for lane, number, cost in self._queue if (lane, number) < ticket[:2])
            cost = min(ticket[2], self._bucket.maximum)
            short = ahead + cost - self._bucket.available
            if short > 0 or ahead:
                return max(short / self._bucket.restore_rate, 0.01)
            self._set_level(self._bucket.available - cost)
            self._in_flight += ticket[2]
            return 0.0

    def _refill(self) -> None:
        now = self._now()
        gained = (now - self._at) * self._bucket.restore_rate
        self._at = now
        self._set_level(min(self._bucket.maximum, self._bucket.available + gained))

    def _set_level(self, available: float) -> None:
        self._bucket = Throttle(self._bucket.maximum, available, self._bucket.restore_rate)


@cache
def process_budget(domain: str, client_id: str) -> LocalBudget:
    """The one budget this process has for an app on a shop: Shopify counts per app and shop, so must we."""
    return LocalBudget()
