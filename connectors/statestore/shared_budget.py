"""The shared call budget, the part in the process: a portion of points in hand, spent without asking again.

Calls queue here by lane and arrival. The first in the queue takes from what is in hand; when that is short, it has
words with the database (`budgets.exchange`), which knows the other workers. What is in hand runs out after a while,
in the database too: an idle worker keeps nothing, a dead one neither. Waiters poll, so that any event loop may wait.
"""

import asyncio
import itertools
import sys
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
_ASKED_AGAIN = 0.5
"""Seconds after which a worker that waits asks again, whatever it was told: others may have left the line."""
_SHORTEST_PAUSE = 0.005

Ticket = tuple[Lane, int, float]
_NOBODY: Ticket = (Lane.CATALOGUE, sys.maxsize, 0.0)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A call under way: what it asked for, the points taken for it, when it began (monotonic)."""

    cost: float
    points: float
    began: float


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
        self._under_way: list[_Taken] = []
        self._ended: list[_Call] = []
        self._asking, self._asker = False, _NOBODY
        self._ask_at, self._ready_at, self._most = 0.0, 0.0, UNKNOWN.maximum

    async def acquire(self, cost: float, lane: Lane) -> None:
        """As `CostBudget.acquire`. Within a lane the first come is the first served, here and between workers."""
        ticket: Ticket = (lane, next(self._numbers), cost)
        with self._lock:
            insort(self._queue, ticket)
        began = self._now()
        try:
            while not self._take(ticket):
                if self._may_ask(ticket):
                    await self._ask(ticket)
                    continue
                wait = max(self._ready_at - self._now(), _SHORTEST_PAUSE)
                if self._now() + wait - began > self._patience:
                    raise RetryableError(
                        f"the call budget of {self._bucket} is used up for {wait:.0f} s",
                        code="budget_wait",
                        retry_after=max(wait, 1.0),
                    )
                await self._sleep(min(max(self._ask_at - self._now(), _SHORTEST_PAUSE), _LONGEST_PAUSE))
        finally:
            self._leave(ticket)

    async def settle(self, cost: float, throttle: Throttle | None, actual: float | None = None) -> None:
        """As `CostBudget.settle`. What was not charged is in hand again; the rest is told with the next request."""
        now = self._now()
        charged = cost if actual is None else actual
        with self._lock:
            taken = next((call for call in self._under_way if call.cost == cost), None)
            if taken is not None:
                self._under_way.remove(taken)
            began = taken.began if taken is not None else now
            if now < self._until:
                self._in_hand += max(0.0, cost - charged)
            self._ended.append(_Call(began, now, charged, throttle))

    def _take(self, ticket: Ticket) -> bool:
        """Take the points when it is this call's turn and they are in hand."""
        with self._lock:
            now = self._now()
            if now >= self._until:
                self._in_hand = 0.0
            points = min(ticket[2], self._most)
            if self._queue[0] != ticket or points > self._in_hand:
                return False
            self._in_hand -= points
            self._under_way.append(_Taken(ticket[2], points, now))
            return True

    def _leave(self, ticket: Ticket) -> None:
        """Served or given up: whoever is next asks for itself."""
        with self._lock:
            self._queue.remove(ticket)
            if ticket == self._asker:
                self._asker, self._ask_at, self._ready_at = _NOBODY, 0.0, 0.0

    def _may_ask(self, ticket: Ticket) -> bool:
        """Whether this call is the one to ask the database now: the first in the queue, one at a time."""
        with self._lock:
            due = self._now() >= self._ask_at or ticket < self._asker
            if self._asking or not due or self._queue[0] != ticket:
                return False
            self._asking, self._asker = True, ticket
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
            held=self._in_hand + sum(call.points for call in self._under_way),
            charged=sum(call.charged for call in ended),
            overlapping=overlapping,
            ended=now - max(call.ended for call in ended) if ended else None,
            told=told,
            lane=ticket[0],
            needed=min(ticket[2], self._most) - self._in_hand,
        )

    def _accept(self, grant: Grant) -> None:
        with self._lock:
            now = self._now()
            self._asking, self._most = False, grant.maximum
            self._ready_at = now + grant.wait
            self._ask_at = now + min(grant.wait, _ASKED_AGAIN)
            if grant.points > 0:
                self._in_hand += grant.points
                self._until = now + _KEPT
