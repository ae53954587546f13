"""The poll that stays: each source at its own pace, without a gap between two runs and without two that stay; and what
the pause and the window add to the way of a change."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from canonical.inventory import StockReport
from flows.handling.stock import work
from flows.handling.stock.messages import stock_kind, told
from flows.handling.stock.papers import StockBatch
from flows.handling.stock.polling import StockPolling
from tests.fakes.stock import FakeStock
from tests.flows.stock.conftest import StockHouse

PACE = 0.1


class SlowStock(FakeStock):
    """A source that takes its time; notes when it was asked."""

    def __init__(self, company: str, system: str, takes: float) -> None:
        super().__init__(company, system)
        self.takes, self.asked_at = takes, list[float]()

    async def changes(self, cursor: str | None) -> StockReport:
        self.asked_at.append(time.monotonic())
        await asyncio.sleep(self.takes)
        return await super().changes(cursor)


def polling(
    stock: StockHouse, seconds: float, company: str | None = None, words: list[str] | None = None
) -> StockPolling:
    rt = replace(stock.rt, settings=stock.rt.settings.model_copy(update={"stock_poll_seconds": PACE}))
    return StockPolling(rt, company, seconds, ([] if words is None else words).append)


@asynccontextmanager
async def staying(*runs: StockPolling) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """Runs that go on beside the test, started one after the other."""
    tasks = []
    for run in runs:
        tasks.append(asyncio.create_task(run.run(full=False)))
        await asyncio.sleep(PACE / 2)
    yield tasks
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def until(true: Callable[[], bool], within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110 - what is waited for are fakes
            await asyncio.sleep(0.01)


async def test_how_long_a_source_takes_is_no_part_of_the_pause_and_holds_up_no_other_source(stock: StockHouse) -> None:
    slow, quick = SlowStock("north", "wms", takes=5.0), SlowStock("north", "erp", takes=PACE * 0.6)
    stock.rt = replace(stock.rt, stock_sources={"north": (slow, quick)})
    async with staying(polling(stock, 60)):
        await until(lambda: len(quick.asked_at) == 9)
    assert len(slow.asked_at) == 1
    between = [after - before for before, after in zip(quick.asked_at, quick.asked_at[1:], strict=False)]
    assert min(between) > PACE * 0.8
    assert sorted(between)[len(between) // 2] < PACE * 1.5  # were the answer a part of the pause, it would be 1.6


async def test_a_run_asks_until_the_next_one_takes_over_and_then_ends(stock: StockHouse) -> None:
    first, second = polling(stock, 60), polling(stock, 60)
    async with staying(first) as (one,):
        await until(lambda: stock.source.polls >= 3)
        async with staying(second) as (two,):
            await asyncio.wait_for(one, 10)
            assert not first.going
            asked = stock.source.polls
            await until(lambda: stock.source.polls >= asked + 3)
            assert second.going
            assert not two.done()


async def test_who_asks_once_or_one_company_only_takes_nothing_over(stock: StockHouse) -> None:
    stock.source.set("S-1", "DC-EAST", 5)
    stays, once, lone = polling(stock, 60), polling(stock, 0), polling(stock, 60, company="north")
    async with staying(stays, lone) as (task, _):
        await once.run(full=True)
        asked = stock.source.polls
        await until(lambda: stock.source.polls >= asked + 6)
        assert not task.done()
        assert stays.going
        assert lone.going
    assert once.found == {"north/erp": 1}


async def test_a_source_that_is_away_is_warned_of_and_asked_again(stock: StockHouse) -> None:
    words: list[str] = []
    stock.source.set("S-1", "DC-EAST", 5)
    stock.source.down = True
    run = polling(stock, 60, words=words)
    async with staying(run):
        await until(lambda: bool(words))
        stock.source.down = False
        await until(lambda: run.found["north/erp"] == 1)
    assert "the ERP does not answer" in words[0]


async def test_the_window_in_which_changes_are_collected_begins_with_the_change(stock: StockHouse) -> None:
    now = stock.rt.now()
    stock.rt = replace(
        stock.rt, now=lambda: now, settings=stock.rt.settings.model_copy(update={"coalesce_seconds": 1.0})
    )
    for sku, begun, left in (("TEE-1", 0.4, 0.6), ("TEE-2", 7.0, 0.0)):
        stock.shop.add(sku, "7")
        level = stock.source.set(sku, "DC-EAST", 500)
        level = level.model_copy(update={"as_of": now - timedelta(seconds=begun)})
        report = StockReport(source="erp", company="north", levels=(level,))
        await stock.store.put([told(report, now, sku)])
        messages = await stock.store.claim(stock_kind("north"), "w", 10, timedelta(seconds=60))
        batch = StockBatch("w", "north", messages)
        await work.take_in(stock.rt, batch)
        await work.recompute(stock.rt, batch)
        assert (await stock.figure(sku)).not_before == now + timedelta(seconds=left)
