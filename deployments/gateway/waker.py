"""Tells the flows that messages wait, as seldom as that can be said.

One Prefect event is one flow run, so events are coalesced before they are sent: one when the first message of a kind
arrives, then at most one an interval while more arrive and nobody takes them. The store decides whether an event is
owed: none while nothing waits, none while a drain holds the kind (`canonical.drains`). While events go unanswered, as
when no worker is up, the pauses grow, so that a night without workers does not leave ten thousand late runs. A lost
event strands nothing: the sweep schedule comes by anyway.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from canonical.drains import drain_name, is_draining
from canonical.errors import CrossdockError
from canonical.landscape import EVERY_SHOP
from canonical.records import Cursor
from deployments.gateway.journal import Journal
from deployments.gateway.metrics import Metrics


class Bell(Protocol):
    """Rings once for the messages that wait. Raises `CrossdockError` when nobody could hear it."""

    async def ring(self, kind: str, pending: int) -> None: ...

    async def aclose(self) -> None: ...


class Waiting(Protocol):
    """What the waker asks the store."""

    async def pending(self, kind: str) -> int: ...

    async def cursor(self, scope: str, name: str) -> Cursor | None: ...


UNRUNG: Final = ("stock-echo.",)
"""Kinds that nobody is woken for: every write of ours comes back as one. A stock drain that is awake hears them, and
the sweep every minute."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two events of one kind: at least `interval`, growing to `patience` while nobody answers."""

    interval: float = 1.0
    patience: float = 10.0


class Waker:
    """Rings the bell for kinds of messages. `notify` only leaves a note; a task per busy kind does the rest."""

    def __init__(self, store: Waiting, bell: Bell, pace: Pace, metrics: Metrics, journal: Journal) -> None:
        self._store, self._bell, self._pace, self._metrics, self._journal = store, bell, pace, metrics, journal
        self._arrived: set[str] = set()
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._bell_broken = False

    def notify(self, kind: str) -> None:
        """A message of this kind was committed. Returns at once, never raises."""
        if kind.startswith(UNRUNG):
            return
        self._arrived.add(kind)
        if kind not in self._watches:
            self._watches[kind] = asyncio.create_task(self._watch(kind), name=f"wake-{kind}")

    async def aclose(self) -> None:
        """Stop watching. What was not rung for is found by the sweep."""
        watches = list(self._watches.values())
        for watch in watches:
            watch.cancel()
        for watch in watches:
            with suppress(asyncio.CancelledError):
                await watch
        await self._bell.aclose()

    async def _watch(self, kind: str) -> None:
        """Lives while an event is owed for the kind, so that a quiet gateway does nothing at all."""
        clock, pause, next_ring, owed = asyncio.get_running_loop().time, self._pace.interval, 0.0, False
        try:
            while kind in self._arrived or owed:
                owed = True
                self._arrived.discard(kind)
                pending = await self._unclaimed(kind)
                if pending == 0:
                    owed = False
                if pending is None or pending == 0:
                    pause = self._pace.interval  # somebody is at work
                elif clock() >= next_ring:
                    owed = not await self._ring(kind, pending)
                    next_ring, pause = clock() + pause, min(pause * 2, self._pace.patience)
                await asyncio.sleep(self._pace.interval)
        finally:
            del self._watches[kind]

    async def _unclaimed(self, kind: str) -> int | None:
        """How many messages nobody has taken; None while a drain holds the kind and will take them."""
        try:
            if is_draining(await self._store.cursor(EVERY_SHOP, drain_name(kind)), datetime.now(UTC)):
                return None
            return await self._store.pending(kind)
        except CrossdockError as error:
            self._journal.warn("wake_without_store", kind=kind, error=error.code)
            return 1  # it was committed a moment ago, so at least one waits

    async def _ring(self, kind: str, pending: int) -> bool:
        """Whether somebody could hear it. A broken bell is told of once, and once when it works again."""
        try:
            await self._bell.ring(kind, pending)
        except CrossdockError as error:
            self._metrics.woken(kind, "failed")
            if not self._bell_broken:
                self._journal.warn("wake_failed", kind=kind, error=error.code, words=error.words)
            self._bell_broken = True
            return False
        self._metrics.woken(kind, "sent")
        if self._bell_broken:
            self._journal.note("wake_works_again", kind=kind)
        self._bell_broken = False
        return True
