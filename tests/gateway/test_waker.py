"""How seldom the flows are woken, and that they are woken."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest

from canonical.drains import drain_mark
from canonical.errors import RetryableError
from deployments.gateway.journal import Journal
from deployments.gateway.metrics import Metrics
from deployments.gateway.waker import Pace, Waker
from tests.fakes.inbox import MemoryInbox, WordSource
from tests.gateway.in_hand import CountingBell, Gateway, Webhook


class House:
    """A waker over an inbox and a bell, at a pace a test can wait for."""

    def __init__(self, interval: float = 0.05, patience: float = 0.2) -> None:
        self.inbox, self.bell, self.metrics = MemoryInbox(), CountingBell(), Metrics()
        self.waker = Waker(self.inbox, self.bell, Pace(interval, patience), self.metrics, Journal())
        self._number = 0

    async def arrive(self) -> None:
        self._number += 1
        headers = {"x-shop": "north", "x-topic": "orders/create", "x-order": "1", "x-id": str(self._number)}
        await self.inbox.put([WordSource().delivery(headers, b"{}")])
        self.waker.notify("orders")

    def take_all(self) -> None:
        self.inbox.kept.clear()


@pytest.fixture
async def house() -> House:
    return House()


async def test_the_first_message_rings_at_once(house: House) -> None:
    await house.arrive()
    await asyncio.sleep(0.01)
    assert house.bell.rings == [("orders", 1)]
    await house.waker.aclose()


async def test_a_hundred_webhooks_ring_a_few_times(gateway: Gateway) -> None:
    started = asyncio.get_running_loop().time()
    for number in range(100):
        await Webhook(id=f"w-{number}").send(gateway.client)
    await asyncio.sleep(0.06)
    intervals = (asyncio.get_running_loop().time() - started) / 0.01
    assert 1 <= len(gateway.bell.rings) <= min(intervals + 1, 50)
    assert gateway.bell.rings[-1][1] > 1


async def test_a_hundred_at_once_ring_twice_at_most(house: House) -> None:
    for _ in range(100):
        await house.arrive()
    await asyncio.sleep(0.08)
    house.take_all()
    await asyncio.sleep(0.1)
    assert len(house.bell.rings) <= 2
    await house.waker.aclose()


async def test_what_was_taken_before_the_ring_rings_nobody(house: House) -> None:
    await house.arrive()
    house.take_all()
    await asyncio.sleep(0.01)
    assert house.bell.rings == []
    await house.waker.aclose()


async def test_a_drain_at_work_is_not_woken_but_its_leftovers_are(house: House) -> None:
    now = datetime.now(UTC)
    await house.inbox.set_cursor(drain_mark("orders", now, now + timedelta(seconds=60)))
    await house.arrive()
    await asyncio.sleep(0.08)
    assert house.bell.rings == []
    await house.inbox.set_cursor(drain_mark("orders", now, now))
    await asyncio.sleep(0.08)
    assert house.bell.rings == [("orders", 1)]
    await house.waker.aclose()


async def test_a_mark_that_ran_out_holds_nobody_back(house: House) -> None:
    now = datetime.now(UTC)
    await house.inbox.set_cursor(drain_mark("orders", now, now - timedelta(seconds=1)))
    await house.arrive()
    await asyncio.sleep(0.01)
    assert len(house.bell.rings) == 1
    await house.waker.aclose()


async def test_the_pauses_grow_while_nobody_answers() -> None:
    house = House(0.02, 0.16)
    for _ in range(30):
        await house.arrive()
        await asyncio.sleep(0.02)
    assert 3 <= len(house.bell.rings) <= 12, "without a worker the events get rarer: about 7 in 30 intervals"
    await house.waker.aclose()


async def test_a_quiet_gateway_watches_nothing(house: House) -> None:
    await house.arrive()
    await asyncio.sleep(0.01)
    house.take_all()
    await asyncio.sleep(0.12)
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("wake-")] == []
    await house.arrive()
    await asyncio.sleep(0.01)
    assert len(house.bell.rings) == 2


async def test_a_broken_bell_is_told_of_once_and_rung_again_when_it_works(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.bell.broken = RetryableError("the Prefect API does not answer", code="prefect_down")
    with caplog.at_level(logging.INFO, logger="crossdock.gateway"):
        await house.arrive()
        await asyncio.sleep(0.3)
        house.bell.broken = None
        await asyncio.sleep(0.3)
    assert house.bell.rings == [("orders", 1)]
    assert [record.getMessage() for record in caplog.records] == ["wake_failed", "wake_works_again"]
    assert (
        house.metrics.registry.get_sample_value("crossdock_wake_events_total", {"kind": "orders", "outcome": "failed"})
        or 0
    ) >= 2
    await house.waker.aclose()


async def test_intake_goes_on_while_the_bell_is_broken(gateway: Gateway) -> None:
    gateway.bell.broken = RetryableError("down", code="prefect_down")
    answers = [await Webhook(id=f"w-{number}").send(gateway.client) for number in range(20)]
    assert {answer.status_code for answer in answers} == {200}


async def test_a_store_that_cannot_be_asked_does_not_silence_the_bell(house: House) -> None:
    await house.arrive()
    house.inbox.fails_with = RetryableError("gone", code="store_down")
    await asyncio.sleep(0.01)
    assert house.bell.rings == [("orders", 1)]
    await house.waker.aclose()


async def test_kinds_ring_apart(house: House) -> None:
    await house.arrive()
    house.waker.notify("returns")
    await asyncio.sleep(0.01)
    assert house.bell.rings == [("orders", 1)], "no return waits, so nobody is woken for returns"
    await house.waker.aclose()
    assert house.bell.closed
