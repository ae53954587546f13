"""Workers side by side, dead ones among them: leases and the order of arrival hold."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from canonical.errors import RetryableError
from canonical.rules import example
from canonical.states import OrderState
from flows.draining import Drain
from flows.handling import work
from flows.handling.leases import keep_lease
from flows.settings import FlowSettings
from tests.flows.conftest import House, some_orders


async def test_orders_of_one_customer_post_as_they_arrived_though_the_later_was_accepted_first(house: House) -> None:
    house.erp.down = True
    first, second = example.order(), example.order(id="5124", name="#1002")
    await house.arrive(first)
    await house.store.claim("orders", "a worker that dies", 1, house.rt.settings.lease)
    await house.arrive(second)
    await house.drain()
    house.expire_leases()
    await house.drain()
    house.erp.down, house.ahead = False, timedelta(minutes=5)
    await house.drain()
    assert [name for call in house.erp.calls for name in call] == ["#1001", "#1002"]


async def test_a_store_that_is_busy_once_costs_no_lease_and_nobody_elses_work(house: House) -> None:
    rt = replace(house.rt, settings=FlowSettings(lease_seconds=6))
    await house.arrive(example.order())
    messages = await house.store.claim("orders", "worker", 1, timedelta(seconds=6))
    extending, outcomes = house.store.extend, [RetryableError("the store is busy", code="store_busy")]

    async def busy_once(owner: str, seqs: Sequence[int], lease: timedelta) -> bool:
        if outcomes:
            raise outcomes.pop()
        return await extending(owner, seqs, lease)

    house.store.extend = busy_once  # type: ignore[method-assign]
    async with keep_lease(rt, "worker", messages):
        await asyncio.sleep(7)
        assert await house.store.claim("orders", "another", 1, timedelta(seconds=6)) == []


async def test_two_drains_side_by_side_book_every_order_once(house: House) -> None:
    orders = some_orders(60)
    await house.arrive(*orders)
    await asyncio.gather(*(Drain(house.rt, work, f"run-{n}", linger=0).run() for n in range(3)))
    await house.drain()
    assert len(house.erp.documents) == 60
    assert sorted(name for call in house.erp.calls for name in call) == sorted(o.name for o in orders)
    assert {(await house.record(o)).state for o in orders} == {OrderState.POSTED}


async def test_a_run_that_still_takes_orders_in_posts_again_when_the_erp_is_back(house: House) -> None:
    house.rt = replace(house.rt, settings=FlowSettings(park_seconds=1))
    house.erp.down = True
    orders = some_orders(4)
    await house.arrive(*orders)
    run = asyncio.create_task(Drain(house.rt, work, None, linger=6).run())
    while not await house.store.lanes():  # noqa: ASYNC110 - a table, nobody signals it
        await asyncio.sleep(0.05)
    house.erp.down = False
    tally = await run
    assert tally.counts["posted"] == 4
    assert any("parked" in note for note in tally.notes)
    assert [lane.failures for lane in await house.store.lanes()] == [0]
