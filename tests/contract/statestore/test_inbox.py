"""Accepted means kept: each delivery once, its bytes unaltered, the commits grouped, overload refused."""

import asyncio
import fcntl
import threading
import time
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from canonical.errors import RejectedError, RetryableError
from canonical.records import Delivery
from connectors.statestore.settings import StoreSettings
from connectors.statestore.store import SqlStateStore, open_store
from tests.contract.statestore.making import MINUTE, NOW, delivery


async def test_a_delivery_is_new_once_and_known_ever_after(store: SqlStateStore) -> None:
    first = delivery(webhook="a")
    assert await store.put([first]) == [True]
    assert await store.put([first, delivery(webhook="b"), first]) == [False, True, False]


async def test_two_shops_may_use_the_same_webhook_id(store: SqlStateStore) -> None:
    assert await store.put([delivery(webhook="a"), delivery(scope="south", webhook="a")]) == [True, True]


async def test_what_was_sent_comes_back_byte_by_byte(store: SqlStateStore) -> None:
    sent = delivery(
        body=bytes(range(256)) * 50, headers={"X-Name": "Zoë", "X-Empty": ""}, event_id="ev-1", occurred_at=NOW
    )
    await store.put([sent])
    (message,) = await store.claim("order", "w", 1, MINUTE)
    assert (message.body, message.headers) == (sent.body, sent.headers)
    assert (message.event_id, message.occurred_at, message.topic) == ("ev-1", NOW, "orders/updated")
    assert message.received_at.tzinfo is UTC


async def test_an_empty_put_stores_nothing(store: SqlStateStore) -> None:
    assert await store.put([]) == []
    assert await store.summary() == []


async def test_puts_that_arrive_together_share_commits(store: SqlStateStore) -> None:
    before = store.intake.commits
    answers = await asyncio.gather(*(store.put([delivery(str(n))]) for n in range(300)))
    assert answers == [[True]] * 300
    assert store.intake.commits - before <= 10


async def test_one_delivery_alone_is_not_kept_waiting_for_company(store: SqlStateStore) -> None:
    await store.put([delivery()])
    before = store.intake.commits
    for _ in range(5):
        await store.put([delivery()])
    assert store.intake.commits - before == 5


async def test_a_full_queue_refuses_at_once_and_loses_nothing(settings: StoreSettings) -> None:
    store = await open_store(settings.model_copy(update={"intake_queue": 10}))
    try:
        puts = [store.put([delivery(webhook=f"full-{n}")]) for n in range(40)]
        answers = await asyncio.gather(*puts, return_exceptions=True)
        refused = [a for a in answers if isinstance(a, RetryableError)]
        assert refused
        assert {e.code for e in refused} == {"store_busy"}
        kept = answers.count([True])
        assert kept >= 10
        assert kept + len(refused) == 40
        again = [await store.put([delivery(webhook=f"full-{n}")]) for n in range(40)]
        assert again.count([False]) == kept
    finally:
        await store.aclose()


async def test_a_row_that_cannot_be_stored_fails_alone(store: SqlStateStore, store_url: str) -> None:
    good, better = delivery(webhook="good"), delivery(webhook="better")
    poison = _poison(store_url)
    answers = await asyncio.gather(*(store.put([d]) for d in (good, poison, better)), return_exceptions=True)
    assert answers[0] == answers[2] == [True]
    assert isinstance(answers[1], RejectedError)
    assert answers[1].code == "store_refused"
    assert "customer" not in str(answers[1])
    assert await store.put([good, better]) == [False, False]


def _poison(url: str) -> Delivery:
    """PostgreSQL has no NUL in text; SQLite takes any text, but no object as body."""
    if url.startswith("postgresql"):
        return delivery(topic="customer\0")
    whole = delivery()
    return Delivery.model_construct(**(dict(whole) | {"body": object(), "topic": "customer"}))


async def test_a_client_that_goes_away_takes_nobody_with_it(store: SqlStateStore) -> None:
    gone = asyncio.create_task(store.put([delivery(webhook="gone")]))
    await asyncio.sleep(0)
    gone.cancel()
    assert await store.put([delivery(webhook="stays")]) == [True]
    assert await store.put([delivery(webhook="gone")]) == [False]


async def test_closing_stores_and_answers_what_waits_and_refuses_what_comes(settings: StoreSettings) -> None:
    store = await open_store(settings.model_copy(update={"intake_batch": 8}))
    waiting = [asyncio.create_task(store.put([delivery(webhook=f"c-{n}")])) for n in range(100)]
    await asyncio.sleep(0)
    await store.aclose()
    assert await asyncio.gather(*waiting) == [[True]] * 100
    with pytest.raises(RetryableError) as caught:
        await store.put([delivery()])
    assert caught.value.code == "store_closed"


async def test_a_store_may_be_used_from_another_event_loop(store: SqlStateStore) -> None:
    answers = await asyncio.to_thread(lambda: asyncio.run(store.put([delivery(webhook="x"), delivery(webhook="y")])))
    assert answers == [True, True]
    assert await store.put([delivery(webhook="x")]) == [False]


async def test_messages_keep_the_order_in_which_they_arrived(store: SqlStateStore) -> None:
    await store.put([delivery(str(n), webhook=f"o-{n}") for n in range(60)])
    messages = await store.claim("order", "w", 60, MINUTE)
    assert [m.delivery_key for m in messages] == [f"north:web:o-{n}" for n in range(60)]


@given(keys=st.lists(st.integers(0, 12), min_size=1, max_size=30), cut=st.integers(0, 30))
@examples(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_however_puts_are_cut_and_repeated_each_key_is_new_once(
    store: SqlStateStore, keys: list[int], cut: int
) -> None:
    example = time.monotonic_ns()
    deliveries = [delivery(webhook=f"h-{example}-{key}") for key in keys]
    first, second = await asyncio.gather(store.put(deliveries[:cut]), store.put(deliveries[cut:]))
    assert (first + second).count(True) == len(set(keys))
    assert await store.put(deliveries) == [False] * len(keys)


async def test_the_event_loop_runs_on_while_another_process_holds_the_write_lock(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    store = await open_store(StoreSettings.model_validate({"url": f"sqlite:///{file}"}))
    holder = file.with_name("store.sqlite.lock").open("w")
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        put = asyncio.create_task(store.put([delivery()]))
        ticks = 0
        while ticks < 20:
            await asyncio.sleep(0.005)
            ticks += 1
        assert not put.done()
        assert await store.pending("order") == 0  # readers do not wait either
        threading.Timer(0.01, holder.close).start()
        assert await put == [True]
    finally:
        await store.aclose()


async def test_the_summary_counts_what_waits_and_since_when(store: SqlStateStore) -> None:
    await store.put([delivery("1"), delivery("2"), delivery("3", scope="south"), delivery("4", kind="posting")])
    rows = {(row.scope, row.kind): row for row in await store.summary()}
    assert {place: row.count for place, row in rows.items()} == {
        ("north", "order"): 2,
        ("north", "posting"): 1,
        ("south", "order"): 1,
    }
    assert all(row.oldest is not None for row in rows.values())
