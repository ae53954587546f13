"""Polls with a cursor: what changed is told, what did not is not, and a change during a read never raises a figure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import httpx
import pytest

from canonical.errors import MisconfiguredError, RetryableError
from canonical.inventory import StockReport
from canonical.ports import StockSource
from tests.contract.erp.conftest import booked
from tests.contract.erp.documents import document, line
from tests.contract.stock_source.conftest import Counterpart, Desk, at, of_order

pytestmark = pytest.mark.counterpart


async def test_nothing_is_told_twice_under_a_cursor_that_was_kept(source: StockSource, desk: Desk, sku: str) -> None:
    start = await source.changes(None)
    quiet = await source.changes(start.cursor)
    assert (quiet.levels, quiet.cursor) == ((), start.cursor)
    desk.receive(sku, "DC-WEST", 1)
    told = await source.changes(start.cursor)
    assert {level.sku for level in told.levels} == {sku}
    assert (await source.changes(told.cursor)).levels == ()


async def test_what_was_told_under_a_cursor_that_was_lost_is_told_again(
    source: StockSource, desk: Desk, sku: str
) -> None:
    start = await source.changes(None)
    desk.receive(sku, "DC-WEST", 1)
    first = await source.changes(start.cursor)
    again = await source.changes(start.cursor)
    assert at(again, sku, "DC-WEST") == at(first, sku, "DC-WEST")
    assert sku in {level.sku for level in again.levels}


async def test_another_worker_goes_on_from_the_cursor_and_overlaps(
    source: StockSource, counterpart: Counterpart, desk: Desk, sku: str
) -> None:
    start = await source.changes(None)
    desk.receive(sku, "DC-WEST", 1)
    told = await source.changes(start.cursor)
    other = counterpart.open()
    overlap = await other.changes(told.cursor)
    assert at(overlap, sku, "DC-WEST") == at(told, sku, "DC-WEST")
    await other.aclose()


async def test_a_cursor_that_is_none_is_refused_with_the_way_out(source: StockSource) -> None:
    with pytest.raises(MisconfiguredError, match="Delete the cursor"):
        await source.changes("yesterday")


class Meanwhile(httpx.AsyncBaseTransport):
    """A real connection; just before the request with this number leaves, something else happens in the ERP."""

    def __init__(self, number: int, act: Callable[[], None]) -> None:
        self._real = httpx.AsyncHTTPTransport()
        self._number, self._act = number, act
        self.count, self.armed = 0, False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.armed:
            self.count += 1
            if self.count == self._number:
                self._act()
        return await self._real.handle_async_request(request)

    async def aclose(self) -> None:
        await self._real.aclose()


def _free(report: StockReport, sku: str, *, incoming: bool = False) -> int:
    """What could be sold from both centres by what a report says."""
    places = [at(report, sku, place) for place in ("DC-EAST", "DC-WEST")]
    coming = sum(one.quantity for place in places for one in place.incoming) if incoming else 0
    return int(sum(place.on_hand - place.allocated for place in places) + coming)


async def test_a_change_during_the_read_never_makes_a_figure_too_high(
    counterpart: Counterpart, desk: Desk, sku: str
) -> None:
    """Before each request of a read in turn: first orders of ours are shipped, then planned receipts arrive."""
    quiet = Meanwhile(0, lambda: None)
    source = counterpart.open(transport=quiet)
    erp, orders = counterpart.orders(), [document(line(sku)) for _ in range(3)]
    await booked(erp, *orders)
    await source.positions([sku])
    quiet.armed = True
    await source.positions([sku])
    await source.aclose()
    for number in range(1, quiet.count + 1):
        order = orders[min(number, len(orders)) - 1]
        if number <= len(orders):
            act = partial(counterpart.desk.ship, order.key)
        else:
            act = partial(counterpart.desk.receive_planned, desk.plan_receipt(sku, "DC-EAST", 3))
        transport = Meanwhile(number, act)
        source = counterpart.open(transport=transport)
        before = await source.positions([sku])
        transport.armed = True
        during = await source.positions([sku])
        transport.armed = False
        if transport.count < number:
            act()
        after = await source.positions([sku])
        assert _free(during, sku) <= max(_free(before, sku), _free(after, sku))
        assert _free(during, sku, incoming=True) <= _free(after, sku, incoming=True)
        if of_order(during, order.source_id):  # its reservation ends: then the figure counts it
            assert _free(during, sku) <= _free(after, sku)
        await source.aclose()
    await erp.aclose()


async def test_while_the_erp_is_down_a_poll_is_to_be_tried_again(counterpart: Counterpart) -> None:
    source = counterpart.open(url="http://127.0.0.1:9/erp")
    for call in (source.changes(None), source.positions(["MUG-WHT"]), source.check()):
        with pytest.raises(RetryableError) as caught:
            await call
        assert not caught.value.maybe_applied
    with pytest.raises(RetryableError):
        await anext(aiter(source.snapshot()))
    await source.aclose()


async def test_a_check_passes(source: StockSource) -> None:
    await source.check()
