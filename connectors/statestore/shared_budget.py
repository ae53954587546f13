"""The shared call budget, the part in the process: a portion of points in hand, spent without asking again.

Calls queue here by lane and arrival. The first in the queue takes from what is in hand; when that is short, it has
words with the database (`budgets.exchange`), which knows the other workers. What is in hand runs out after a while,
in the database too: an idle worker keeps nothing, a dead one neither. Waiters poll, so that any event loop may wait.
"""

import asyncio
import itertools
import threading
import time
import uuid
from bisect import insort
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from canonical.errors import RetryableError
from canonical.ports.budget import Lane, Throttle
from connectors.statestore.budgets import HOLDING, Grant, Request, Told, exchange
from connectors.statestore.database import Database

UNKNOWN = Throttle(maximum=2000, available=0, restore_rate=100)
"""A bucket nobody was told of yet counts as an empty one of the smallest plan, until the first answer."""

_KEPT = HOLDING.total_seconds() / 2
"""Seconds after which points in hand are given up; the database counts them for twice as long."""
_LONGEST_PAUSE = 0.25
_SHORTEST_PAUSE = 0.005

Ticket = tuple[Lane, int, float]


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that ended: when it began and ended (monotonic), what it was charged, what its answer told."""

    began: float
    ended: float
    charged: float
    throttle: Throttle | None


class SharedBudget:
    """`CostBudget` over the state store. `patience` (seconds) is how long a call may wait for its points."""

    def __init__(
        self,
        database: Database,
        bucket: str,
        *,
        patience: float = 30.0,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database, self._bucket, self._owner = database, bucket, uuid.uuid4().hex
        self._patience, self._now, self._sleep = patience, now, sleep
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._queue: list[Ticket] = []
        self._in_hand, self._until = 0.0, 0.0
        self._under_way: list[tuple[float, float]] = []  # (points, when it began)
        self._ended: list[_Call] = []
        self._asking, self._asked_for, self._ask_at = False, Lane.CATALOGUE, 0.0

    async def acquire(self, cost: float, lane: Lane) -> None:
        """As `CostBudget.acquire`. Within a lane the first come is the first served, here and between workers."""
        ticket: Ticket = (lane, next(self._numbers), cost)
        with self._lock:
            insort(self._queue, ticket)
        began = self._now()
        try:
            while (pause := self._take_or_wait(ticket)) > 0:
                if self._may_ask(ticket):
                    await self._ask(ticket)
                    continue
                if self._now() + pause - began > self._patience:
                    raise RetryableError(
                        f"the call budget of {self._bucket} is used up for {pause:.0f} s",
                        code="budget_wait",
                        retry_after=max(pause, 1.0),
                    )
                await self._sleep(min(pause, _LONGEST_PAUSE))
        finally:
            with self._lock:
                self._queue.remove(ticket)

    async def settle(self, cost: float, throttle: Throttle | None, actual: float | None = None) -> None:
        """As `CostBudget.settle`. What was not charged is in hand again; the rest is told with the next request."""
        now = self._now()
        charged = cost if actual is None else actual
        with self._lock:
            began = next((at for points, at in self._under_way if points == cost), now)
            if (cost, began) in self._under_way:
                self._under_way.remove((cost, began))
            if now < self._until:
                self._in_hand += max(0.0, cost - charged)
            self._ended.append(_Call(began, now, charged, throttle))

    def _take_or_wait(self, ticket: Ticket) -> float:
        """Zero when the points were taken, else the seconds until it is worth looking again."""
        with self._lock:
            now = self._now()
            if now >= self._until:
                self._in_hand = 0.0
            if self._queue[0] == ticket and ticket[2] <= self._in_hand:
                self._in_hand -= ticket[2]
                self._under_way.append((ticket[2], now))
                return 0.0
            return max(self._ask_at - now, _SHORTEST_PAUSE)

    def _may_ask(self, ticket: Ticket) -> bool:
        """Whether this call is the one to ask the database now: the first in the queue, one at a time."""
        with self._lock:
            due = self._now() >= self._ask_at or ticket[0] < self._asked_for
            if self._asking or not due or self._queue[0] != ticket:
                return False
            self._asking, self._asked_for = True, ticket[0]
            return True

    async def _ask(self, ticket: Ticket) -> None:
        """Tell the database what happened since the last word, and take what it gives."""
        with self._lock:
            told, self._ended = self._ended, []
            request = self._request(ticket, told, self._now())
        try:
            grant = await self._database.write(lambda connection: exchange(connection, request, UNKNOWN))
        except BaseException:
            with self._lock:
                self._ended, self._asking = told + self._ended, False
            raise
        self._accept(grant)

    def _request(self, ticket: Ticket, ended: list[_Call], now: float) -> Request:
        latest = max((call for call in ended if call.throttle), key=lambda call: call.began, default=None)
        told, overlapping = None, 0.0
        if latest is not None and latest.throttle is not None:
            told = Told(latest.throttle, began=now - latest.began, ended=now - latest.ended)
            overlapping = sum(call.charged for call in ended if call is not latest and call.ended > latest.began)
        return Request(
            bucket=self._bucket,
            owner=self._owner,
            held=self._in_hand + sum(points for points, _ in self._under_way),
            charged=sum(call.charged for call in ended),
            overlapping=overlapping,
            ended=now - max(call.ended for call in ended) if ended else None,
            told=told,
            lane=ticket[0],
            needed=ticket[2] - self._in_hand,
        )

    def _accept(self, grant: Grant) -> None:
        with self._lock:
            now = self._now()
            self._asking = False
            self._ask_at = now + grant.wait
            if grant.points > 0:
                self._in_hand += grant.points
                self._until = now + _KEPT
                self._asked_for = Lane.CATALOGUE
