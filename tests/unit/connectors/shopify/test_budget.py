"""The call budget: wait before the call, orders first, never longer than patience allows."""

import asyncio

import pytest

from canonical.errors import RetryableError
from canonical.ports.budget import Lane, Throttle
from connectors.shopify.budget import LocalBudget, process_budget


class Time:
    """A clock that only sleeping moves; it yields, so that others get their turn."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


async def budget(available: float, time: Time, patience: float = 60.0) -> LocalBudget:
    made = LocalBudget(patience=patience, now=time, sleep=time.sleep)
    await made.settle(0, Throttle(maximum=2000, available=available, restore_rate=100))
    return made


async def test_with_points_enough_nobody_waits() -> None:
    time = Time()
    await (await budget(500, time)).acquire(500, Lane.ORDERS)
    assert time.now == 0.0


async def test_a_call_waits_until_its_points_are_restored() -> None:
    time = Time()
    await (await budget(50, time)).acquire(153, Lane.ORDERS)
    assert time.now == pytest.approx(1.03, abs=0.02)


async def test_the_bucket_never_holds_more_than_it_can() -> None:
    time = Time()
    mine = await budget(1990, time)
    time.now = 3600.0
    assert mine.level == 2000


async def test_orders_go_before_inventory_before_catalogue() -> None:
    time, served = Time(), list[str]()
    mine = await budget(0, time)

    async def ask(name: str, lane: Lane) -> None:
        await mine.acquire(100, lane)
        served.append(name)

    await asyncio.gather(
        ask("catalogue", Lane.CATALOGUE),
        ask("stock", Lane.INVENTORY),
        ask("first", Lane.ORDERS),
        ask("second", Lane.ORDERS),
    )
    assert served == ["first", "second", "stock", "catalogue"]


async def test_a_wait_beyond_patience_is_told_with_its_seconds_and_leaves_the_queue() -> None:
    time = Time()
    mine = await budget(0, time, patience=5.0)
    with pytest.raises(RetryableError) as caught:
        await mine.acquire(1000, Lane.ORDERS)
    assert caught.value.retry_after == pytest.approx(10.0)
    await mine.acquire(100, Lane.CATALOGUE)
    assert time.now == pytest.approx(1.0, abs=0.02)


async def test_points_of_calls_under_way_are_not_given_twice() -> None:
    time = Time()
    mine = await budget(1000, time)
    await mine.acquire(600, Lane.ORDERS)
    await mine.acquire(300, Lane.ORDERS)
    await mine.settle(300, Throttle(maximum=2000, available=980, restore_rate=100))
    assert mine.level == 380


async def test_a_cancelled_waiter_leaves_the_queue() -> None:
    mine = LocalBudget()
    await mine.settle(0, Throttle(maximum=2000, available=-50, restore_rate=100))
    waiter = asyncio.create_task(mine.acquire(100, Lane.ORDERS))
    await asyncio.sleep(0)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    await asyncio.wait_for(mine.acquire(1, Lane.CATALOGUE), timeout=5)


def test_one_app_on_one_shop_has_one_budget() -> None:
    assert process_budget("a.myshopify.com", "app") is process_budget("a.myshopify.com", "app")
    assert process_budget("a.myshopify.com", "app") is not process_budget("b.myshopify.com", "app")
