"""What every call budget promises: no call before its points are there, better lanes first, no endless wait."""

import asyncio

import pytest

from canonical.errors import RetryableError
from canonical.ports import CostBudget
from canonical.ports.budget import Lane, Throttle
from tests.contract.budget.conftest import RATE, Bucket


async def test_calls_at_once_on_an_empty_bucket_are_all_served_and_none_is_throttled(
    budget: CostBudget, bucket: Bucket
) -> None:
    await asyncio.gather(*(bucket.call(budget, 20, Lane.INVENTORY, str(number)) for number in range(30)))
    assert len(bucket.served) == 30
    assert bucket.throttled == 0


async def test_orders_go_before_inventory_before_catalogue(budget: CostBudget, bucket: Bucket) -> None:
    await asyncio.gather(
        bucket.call(budget, 100, Lane.CATALOGUE, "catalogue"),
        bucket.call(budget, 100, Lane.INVENTORY, "stock"),
        bucket.call(budget, 100, Lane.ORDERS, "first"),
        bucket.call(budget, 100, Lane.ORDERS, "second"),
    )
    assert bucket.served == ["first", "second", "stock", "catalogue"]


async def test_a_wait_beyond_patience_is_told_with_its_seconds(budget: CostBudget) -> None:
    await budget.settle(0, Throttle(20_000, -35 * RATE, RATE), 0)
    with pytest.raises(RetryableError) as caught:
        await budget.acquire(10, Lane.ORDERS)
    assert caught.value.retry_after is not None
    assert not caught.value.maybe_applied


async def test_a_cancelled_call_leaves_the_line(budget: CostBudget) -> None:
    waiting = asyncio.create_task(budget.acquire(1900, Lane.ORDERS))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait_for(budget.acquire(1, Lane.CATALOGUE), timeout=3)


async def test_what_a_call_was_not_charged_may_be_spent_again(budget: CostBudget) -> None:
    await budget.settle(0, Throttle(2000, 1000, RATE), 0)
    for _ in range(20):
        await budget.acquire(900, Lane.ORDERS)
        await budget.settle(900, Throttle(2000, 1000, RATE), 1)


async def test_a_call_that_asks_for_more_than_the_bucket_holds_goes_when_it_is_full(budget: CostBudget) -> None:
    await budget.settle(0, Throttle(100, 50, RATE), 0)
    await asyncio.wait_for(budget.acquire(150, Lane.ORDERS), timeout=5)
