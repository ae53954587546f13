"""Keeping a claim alive while a slow system works."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from canonical.errors import RetryableError
from canonical.records import Message
from flows.runtime import Runtime


@asynccontextmanager
async def keep_lease(rt: Runtime, owner: str, messages: Sequence[Message]) -> AsyncIterator[None]:
    """Extend the lease every third of its length until the block ends.

    A lease that was lost ends the extending, not the block: the fenced commit then refuses what this worker wants to
    write, and the effect ledger tells the next one what was sent.
    """
    seqs = [m.seq for m in messages]

    async def extend() -> None:
        alive = True
        while alive:
            await asyncio.sleep(rt.settings.lease_seconds / 3)
            with suppress(RetryableError):  # a busy store: two more tries before the lease runs out
                alive = await rt.store.extend(owner, seqs, rt.settings.lease)

    task = asyncio.create_task(extend(), name=f"lease-{owner}")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
