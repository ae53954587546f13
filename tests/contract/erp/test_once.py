"""Every ERP: whatever is lost, killed or done at once, there is exactly one document, and it is whole."""

from __future__ import annotations

import asyncio

import pytest

from canonical.errors import RetryableError
from canonical.outcomes import Failed
from canonical.ports import SalesOrders
from tests.contract.erp.conftest import booked, customers_of
from tests.contract.erp.counterpart import Counterpart, Standing, nth_write
from tests.contract.erp.documents import document, line, tax
from tests.contract.erp.faults import FaultyTransport

pytestmark = pytest.mark.counterpart


@pytest.mark.parametrize("which", [1, 2, 3, 4, 5])
async def test_a_reply_lost_after_any_write_leaves_one_whole_document(
    erp: SalesOrders, counterpart: Counterpart, which: int
) -> None:
    orders = [document(line(net="19.99", taxes=(tax("US-NY-STATE", "0.04", "0.79"),))) for _ in range(2)]
    customers = await customers_of(erp, orders)
    network = FaultyTransport()
    worker = counterpart.connect(transport=network, **({"connections": 1} if counterpart.name == "lambda_erp" else {}))
    network.lose_reply(nth_write(counterpart, which))
    for outcome in await worker.create_sales_orders(orders, customers):
        if isinstance(outcome, Failed):
            assert isinstance(outcome.error, RetryableError)
            assert outcome.error.maybe_applied
    results = await booked(erp, *orders)
    await worker.aclose()
    assert [result.total for result in results] == [order.total for order in orders]
    for order in orders:
        assert counterpart.standing(order.key) == [_whole(counterpart, str(order.total.amount), order_lines=1)]


async def test_two_workers_at_once_book_one_whole_document(erp: SalesOrders, counterpart: Counterpart) -> None:
    orders = [document(line(net="19.99", taxes=(tax("US-NY-STATE", "0.04", "0.79"),))) for _ in range(3)]
    customers = await customers_of(erp, orders)
    workers = [erp, counterpart.connect()]
    await asyncio.gather(*(worker.create_sales_orders(orders, customers) for worker in workers))
    results = await booked(erp, *orders)
    await workers[1].aclose()
    assert [result.total for result in results] == [order.total for order in orders]
    for order in orders:
        assert counterpart.standing(order.key) == [_whole(counterpart, str(order.total.amount), order_lines=1)]


async def test_what_an_interrupted_booking_left_counts_as_missing_and_is_finished_by_the_next(
    erp: SalesOrders, counterpart: Counterpart
) -> None:
    order = document()
    customers = await customers_of(erp, [order])
    network = FaultyTransport()
    worker = counterpart.connect(transport=network)
    network.lose_reply(nth_write(counterpart, 1))
    await worker.create_sales_orders([order], customers)
    await worker.aclose()
    assert len(counterpart.standing(order.key)) == 1
    assert await erp.find_by_key([order.key]) == {}
    (result,) = await booked(erp, order)
    assert set(await erp.find_by_key([order.key])) == {order.key}
    assert result.total == order.total


async def test_a_draft_left_behind_gives_way_to_the_repaired_order(erp: SalesOrders, counterpart: Counterpart) -> None:
    order = document()
    customers = await customers_of(erp, [order])
    network = FaultyTransport()
    worker = counterpart.connect(transport=network)
    network.lose_reply(nth_write(counterpart, 1))
    await worker.create_sales_orders([order], customers)
    await worker.aclose()
    repaired = document(line(net="20.00", taxes=()), key=order.key, party=order.party)
    (result,) = await booked(erp, repaired)
    assert result.total == repaired.total
    assert [standing.total for standing in counterpart.standing(order.key)] == ["20.00"]


def _whole(counterpart: Counterpart, total: str, order_lines: int) -> Standing:
    """One line as ordered and, on Tryton, one rounding line (it computes 0.80) and one payment."""
    if counterpart.name == "tryton":
        return Standing(total, order_lines + 1, 1)
    return Standing(total, order_lines, None)
