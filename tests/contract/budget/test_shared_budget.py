"""What workers that share a store share of its budget."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from canonical.ports.budget import Lane, Throttle
from connectors.statestore import budgets
from connectors.statestore.shared_budget import SharedBudget
from connectors.statestore.tables import CALL_BUDGET
from tests.contract.budget.conftest import RATE, Bucket, NewWorker

both = pytest.mark.parametrize("store_url", ["sqlite", "postgresql"], indirect=True)


async def told(worker: SharedBudget, available: float, maximum: float = 2000.0) -> SharedBudget:
    """A worker whose last answer said so, and whose database knows."""
    await worker.settle(0, Throttle(maximum, available, RATE), 0)
    await worker.acquire(1, Lane.ORDERS)
    await worker.settle(1, None, 1)
    return worker


@both
async def test_workers_together_never_take_more_than_there_is(new_worker: NewWorker, bucket: Bucket) -> None:

    async def work(worker: SharedBudget) -> None:
        for _ in range(10):
            await bucket.call(worker, 20, Lane.INVENTORY, "done")

    await asyncio.gather(*(work(new_worker()) for _ in range(4)))
    assert len(bucket.served) == 40
    assert bucket.throttled == 0


@both
async def test_a_better_lane_of_another_worker_goes_first(new_worker: NewWorker, bucket: Bucket) -> None:
    catalogue, orders = new_worker(), new_worker()
    waiting = [asyncio.create_task(bucket.call(catalogue, 60, Lane.CATALOGUE, "catalogue")) for _ in range(3)]
    await asyncio.sleep(0.02)
    await bucket.call(orders, 60, Lane.ORDERS, "order")
    await asyncio.gather(*waiting)
    assert bucket.served.index("order") < 2
    assert bucket.throttled == 0


async def test_a_bucket_nobody_was_told_of_counts_as_empty(new_worker: NewWorker, bucket: Bucket) -> None:
    await asyncio.gather(*(bucket.call(new_worker(), 10, Lane.ORDERS) for _ in range(3)))
    assert bucket.throttled == 0


async def test_what_one_worker_was_told_the_others_know(new_worker: NewWorker) -> None:
    await told(new_worker(), 1500)
    await asyncio.wait_for(new_worker(patience=1.0).acquire(1000, Lane.ORDERS), timeout=1)


async def test_what_a_dead_worker_took_comes_back(new_worker: NewWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "HOLDING", timedelta(seconds=0.5))
    dead = await told(new_worker(), 1000, maximum=1000)
    await dead.acquire(800, Lane.ORDERS)  # and is never heard of again
    living = new_worker(patience=2.0)
    await asyncio.wait_for(living.acquire(900, Lane.ORDERS), timeout=3)


async def test_a_worker_spends_its_portion_without_asking_the_store(
    new_worker: NewWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = await told(new_worker(), 2000)
    asked = 0
    exchange = budgets.exchange

    def counted(*arguments: object) -> budgets.Grant:
        nonlocal asked
        asked += 1
        return exchange(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("connectors.statestore.shared_budget.exchange", counted)
    for _ in range(60):
        await worker.acquire(10, Lane.INVENTORY)
        await worker.settle(10, None, 10)
    assert asked < 10


async def test_a_bucket_is_not_another_bucket(new_worker: NewWorker) -> None:
    await told(new_worker("north"), 5)
    await told(new_worker("south"), 2000)
    await asyncio.wait_for(new_worker("south", patience=1.0).acquire(1500, Lane.ORDERS), timeout=1)


async def test_an_answer_older_than_what_is_known_only_lowers_the_level(new_worker: NewWorker) -> None:
    first, second = await told(new_worker(), 1000), new_worker()
    await first.acquire(300, Lane.ORDERS)  # begins here, and ends after the second worker's call
    await second.acquire(50, Lane.ORDERS)
    await second.settle(50, Throttle(2000, 700, RATE), 50)
    await second.acquire(200, Lane.ORDERS)
    await first.settle(300, Throttle(2000, 1999, RATE), 300)
    assert await level(first) < 1500


async def level(worker: SharedBudget) -> float:
    """What the store counts in the bucket after this worker's next word."""
    await worker.acquire(250, Lane.ORDERS)
    query = select(CALL_BUDGET.c.available)
    found: float = await worker._database.read(lambda connection: connection.execute(query).scalar_one())
    return found
