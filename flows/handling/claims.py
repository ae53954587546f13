"""What every drain does beside handling messages: leave its mark, hand back, set the worn out aside, wait."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from canonical.drains import drain_mark
from canonical.errors import ConflictError, CrossdockError, RetryableError
from canonical.records import Batch, Message, MessageVerdict
from canonical.states import MessageState
from flows.handling.dead_letters import bury
from flows.runtime import Runtime

Ring = Callable[[str], Awaitable[None]]
"""Wakes the drain of a kind of messages."""


class DrainMark:
    """The mark of one drain on one kind (`canonical.drains`): nobody wakes another run while it stands."""

    def __init__(self, rt: Runtime, kind: str) -> None:
        self._rt, self._kind, self._marked_at = rt, kind, rt.now()

    async def leave(self) -> None:
        """Until a lease from now."""
        await self._until(self._rt.settings.lease)

    async def renew(self) -> None:
        """With the batches, but at most every third of its length: it is a write."""
        if self._rt.now() - self._marked_at > self._rt.settings.lease / 3:
            await self.leave()

    async def clear(self) -> None:
        """Before the last look at the inbox: what arrives after it wakes a new drain."""
        await self._until(timedelta(0))

    async def _until(self, length: timedelta) -> None:
        self._marked_at = now = self._rt.now()
        await self._rt.store.set_cursor(drain_mark(self._kind, now, now + length))


async def hand_back(rt: Runtime, owner: str, messages: Sequence[Message], error: BaseException, *, count: bool) -> None:
    """Hand messages back: uncounted and later when the other side is away, counted after a defect of ours.

    Counted, so that they cannot go round for ever. A lease that was lost is no error: somebody else has them already.
    """
    reason = error.code if isinstance(error, CrossdockError) else f"defect: {type(error).__name__}"
    later = None if count else rt.now() + timedelta(seconds=rt.settings.park_seconds)
    verdicts = tuple(
        MessageVerdict(seq=m.seq, state=MessageState.READY, reason=reason, not_before=later, count_attempt=count)
        for m in messages
    )
    if verdicts:
        with suppress(ConflictError):
            await rt.store.commit(Batch(owner=owner, messages=verdicts))


async def without_worn_out(rt: Runtime, owner: str, messages: list[Message], counts: Counter[str]) -> list[Message]:
    """Dead-letter what was claimed too often without an end, count it, and return the rest."""
    worn = [m for m in messages if m.attempts > rt.settings.attempts]
    if worn:
        await bury(rt, owner, worn)
        counts["dead_lettered"] += len(worn)
    return [m for m in messages if m.attempts <= rt.settings.attempts]


async def ring_for_waiting(rt: Runtime, ring: Ring | None, kind: str, released: Sequence[Message]) -> None:
    """After a batch of one kind let its aggregates go: ring for the other kinds that waited for them.

    Their own drains counted nothing that could be claimed and ended. A store that is busy leaves it to the sweep.
    """
    if ring is None or not released:
        return
    with suppress(RetryableError):
        for other in await rt.store.kinds_waiting({message.aggregate_key for message in released}):
            if other != kind:
                await ring(other)


async def wait_for_any(*events: asyncio.Event, within: float = 1.0) -> None:
    """Until one of the events is set, at most so many seconds: work may also come from another process."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
