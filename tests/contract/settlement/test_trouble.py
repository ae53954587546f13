"""Every ERP: trouble has the class that says what to do next, and a cancellation made in the ERP is heard of."""

from __future__ import annotations

import socket

import pytest

from canonical.booking import SalesOrderDocument
from canonical.errors import RetryableError
from canonical.ports import SalesOrders, Settlement
from tests.contract.erp.faults import FaultyTransport
from tests.contract.settlement.counterpart import Counterpart
from tests.contract.settlement.postings import authorisation, error_of, invoice, posted, shipment

pytestmark = pytest.mark.counterpart


async def test_an_erp_that_is_down_is_retried_and_nothing_was_applied(
    order: SalesOrderDocument, counterpart: Counterpart
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    away = counterpart.settle(url=f"http://127.0.0.1:{port}/erp")
    error = await error_of(away.post_shipments([shipment(order)]))
    await away.aclose()
    assert isinstance(error, RetryableError)
    assert not error.maybe_applied


@pytest.mark.parametrize("status", [500, 503])
async def test_a_server_error_is_retried_and_the_next_attempt_posts_one(
    order: SalesOrderDocument, settle: Settlement, counterpart: Counterpart, status: int
) -> None:
    posting = invoice(order)
    network = FaultyTransport()
    worker = counterpart.settle(transport=network)
    await worker.check()
    network.answer(status, counterpart.writes)
    error = await error_of(worker.post_invoices([posting]))
    await worker.aclose()
    assert isinstance(error, RetryableError)
    assert error.maybe_applied
    await posted(settle.post_invoices([posting]))
    assert counterpart.standing(posting.key) == 1


async def test_an_erp_too_slow_to_answer_is_retried_and_posts_one(
    order: SalesOrderDocument, settle: Settlement, counterpart: Counterpart
) -> None:
    posting = authorisation(order)
    hasty = counterpart.settle(timeout=1.5)
    await hasty.check()
    counterpart.process.pause()
    try:
        error = await error_of(hasty.authorise_returns([posting]))
    finally:
        counterpart.process.resume()
    await hasty.aclose()
    assert isinstance(error, RetryableError)
    await posted(settle.authorise_returns([posting]))
    assert counterpart.standing(posting.key) == 1


async def test_a_sale_cancelled_in_the_erp_is_told_once_it_happened(
    order: SalesOrderDocument, second: SalesOrderDocument, erp: SalesOrders, settle: Settlement
) -> None:
    before, cursor = await settle.cancelled_sales(None)
    assert before == ()
    await erp.cancel(second.key, "customer")
    told, after = await settle.cancelled_sales(cursor)
    assert second.key in told
    assert order.key not in told
    assert after is not None
