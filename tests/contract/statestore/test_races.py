"""Real processes at once: no aggregate is shared, nobody starves, and what was acknowledged survives a kill."""

import asyncio
import contextlib
import itertools
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from canonical.errors import RetryableError
from connectors.statestore.settings import StoreSettings
from connectors.statestore.store import SqlStateStore, open_store
from tests.contract.statestore.making import MINUTE, delivery
from tests.postgres import PostgresServer

ROOT = Path(__file__).parents[3]


@contextlib.contextmanager
def _workers(what: str, url: str, *names: str) -> Iterator[list["subprocess.Popen[str]"]]:
    """Started, opened and waiting at the line; killed at the end, whatever happens."""
    command = [sys.executable, "-m", "tests.contract.statestore.worker", what, url]
    processes = [
        subprocess.Popen([*command, name], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name in names
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait(10)
            for stream in (process.stdin, process.stdout):
                assert stream is not None
                stream.close()


def _go(processes: list["subprocess.Popen[str]"]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


@pytest.mark.crash
async def test_four_claiming_processes_share_no_aggregate_and_all_get_work(
    store: SqlStateStore, store_url: str
) -> None:
    orders = [f"o-{n % 80}" for n in range(400)]
    await store.put([delivery(order) for order in orders[:300]])
    with _workers("claim", store_url, "w1", "w2", "w3", "w4") as processes:
        _go(processes)
        for order in orders[300:]:  # more arrives for the same aggregates while they work
            await store.put([delivery(order)])
        await store.put([delivery(kind="stop")])
        outputs = await asyncio.gather(*(asyncio.to_thread(p.communicate) for p in processes))
        assert [p.returncode for p in processes] == [0] * 4
    work = [[line.split() for line in out.splitlines()] for out, _ in outputs]
    handled = [(key, int(seq), int(start), int(end)) for lines in work for key, seq, start, end in lines]
    assert len(handled) == 400
    assert len({seq for _, seq, _, _ in handled}) == 400
    for key in {key for key, *_ in handled}:
        mine = sorted((start, end, seq) for name, seq, start, end in handled if name == key)
        assert [seq for *_, seq in mine] == sorted(seq for *_, seq in mine), f"{key} was handled out of order"
        spans = sorted({(start, end) for start, end, _ in mine})
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans)), f"{key} had two workers at once"
    shares = Counter({number: len({line[2] for line in lines}) for number, lines in enumerate(work)})
    assert min(shares.values()) * 4 >= max(shares.values()), f"unfair: {shares}"


@pytest.mark.crash
async def test_what_was_acknowledged_before_a_kill_is_there_after_it(store: SqlStateStore, store_url: str) -> None:
    acknowledged: list[str] = []
    with _workers("put", store_url, "p") as (process,):
        assert process.stdout is not None
        _go([process])
        acknowledged += [process.stdout.readline().strip() for _ in range(400)]
        process.kill()
        acknowledged += [line.strip() for line in process.stdout if line.endswith("\n")]
    assert len(acknowledged) >= 400
    again = [delivery(webhook=key.rsplit(":", 1)[1]) for key in acknowledged]
    assert await store.put(again) == [False] * len(again)
    assert await store.put([delivery()]) == [True]  # the dead process holds no lock


@pytest.mark.crash
async def test_what_was_acknowledged_survives_a_crash_of_postgresql() -> None:
    with PostgresServer(durable=True) as server:
        settings = StoreSettings.model_validate({"url": server.new_database()})
        store = await open_store(settings)
        try:
            kept = [delivery(webhook=f"k-{n}") for n in range(200)]
            await asyncio.gather(*(store.put([d]) for d in kept))
            leased = await store.claim("order", "w", 1, MINUTE)
            crash = asyncio.create_task(asyncio.to_thread(server.restart_hard))
            refusals = []
            while not crash.done():
                late = delivery()
                try:
                    await store.put([late])
                except RetryableError as error:
                    refusals.append(error.code)
                    await asyncio.sleep(0.01)
                else:
                    kept.append(late)
            await crash
            assert set(refusals) == {"store_unavailable"}
            assert await store.put(kept) == [False] * len(kept)
            assert leased
        finally:
            await store.aclose()
