"""A process of its own for the race and crash tests.

`python -m tests.contract.statestore.worker claim|put|figures URL NAME`

It prints `ready`, waits for a line, and then prints one line for each thing it did, flushed at once.
"""

import asyncio
import sys
import time
from datetime import timedelta

from pydantic import SecretStr

from canonical.records import Batch
from connectors.statestore.settings import StoreSettings
from connectors.statestore.store import SqlStateStore, open_store
from tests.contract.statestore.making import delivery, done
from tests.contract.statestore.stocking import acknowledged

_GIVE_UP_AFTER = 60.0


def _say(*words: object) -> None:
    sys.stdout.write(" ".join(str(word) for word in words) + "\n")
    sys.stdout.flush()


async def _claim(store: SqlStateStore, owner: str) -> None:
    """Claim, work a little, commit, until a message of the kind `stop` says that nothing more comes."""
    until = time.monotonic() + _GIVE_UP_AFTER
    while time.monotonic() < until:
        messages = await store.claim("order", owner, 3, timedelta(seconds=30))
        if not messages:
            if await store.pending("stop"):
                return
            await asyncio.sleep(0.002)
            continue
        start = time.monotonic_ns()
        await asyncio.sleep(0.005)
        end = time.monotonic_ns()
        await store.commit(Batch(owner=owner, messages=done(messages)))
        for message in messages:
            _say(message.aggregate_key, message.seq, start, end)


async def _put(store: SqlStateStore, name: str) -> None:
    """Store without end, 16 at a time, and say each key only after it was acknowledged."""

    async def one(lane: int) -> None:
        number = 0
        while True:
            number += 1
            sent = delivery(webhook=f"{name}-{lane}-{number}", body=b"x" * 10_000)
            await store.put([sent])
            _say(sent.delivery_key)

    await asyncio.gather(*(one(lane) for lane in range(16)))


async def _figures(store: SqlStateStore, owner: str) -> None:
    """Claim figures, hold them a little, settle them, until none is free."""
    lease = timedelta(seconds=3)
    while claimed := await store.claim_figures("north", owner, 7, lease):
        start = time.monotonic_ns()
        await asyncio.sleep(0.005)
        await store.settle_figures("north", owner, [acknowledged(figure) for figure in claimed])
        for figure in claimed:
            _say(figure.place.item_id, start, time.monotonic_ns())


_WORK = {"claim": _claim, "put": _put, "figures": _figures}


async def _main(what: str, url: str, name: str) -> None:
    store = await open_store(StoreSettings(url=SecretStr(url)))
    try:
        _say("ready")
        await asyncio.to_thread(sys.stdin.readline)
        await _WORK[what](store, name)
    finally:
        await store.aclose()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
