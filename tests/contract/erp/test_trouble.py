"""Every ERP: trouble has the class that says what to do next."""

from __future__ import annotations

import socket

import pytest

from canonical.booking import DocumentStatus
from canonical.errors import HeldError, MisconfiguredError, RejectedError, RetryableError
from canonical.outcomes import Failed, Settled
from canonical.ports import SalesOrders
from tests.contract.erp.conftest import booked, customers_of
from tests.contract.erp.counterpart import Counterpart, nth_write
from tests.contract.erp.documents import document, party
from tests.contract.erp.faults import FaultyTransport

pytestmark = pytest.mark.counterpart


async def test_an_erp_that_is_down_is_retried_and_nothing_was_applied(
    erp: SalesOrders, counterpart: Counterpart
) -> None:
    order = document()
    customers = await customers_of(erp, [order])
    away = counterpart.connect(url=f"http://127.0.0.1:{_closed_port()}/erp")
    with pytest.raises(RetryableError) as caught:
        await away.check()
    assert not caught.value.maybe_applied
    error = await _error_of(away, order, customers)
    assert isinstance(error, RetryableError)
    assert not error.maybe_applied
    await away.aclose()


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_error_is_retried_and_may_have_been_applied(
    erp: SalesOrders, counterpart: Counterpart, status: int
) -> None:
    order = document()
    customers = await customers_of(erp, [order])
    network = FaultyTransport()
    worker = counterpart.connect(transport=network)
    network.answer(status, nth_write(counterpart, 1))
    error = await _error_of(worker, order, customers)
    assert isinstance(error, RetryableError)
    assert error.maybe_applied
    await worker.aclose()
    assert await booked(erp, order)


async def test_an_erp_too_slow_to_answer_is_retried_and_the_order_is_booked_once(
    erp: SalesOrders, counterpart: Counterpart
) -> None:
    order = document()
    customers = await customers_of(erp, [order])
    hasty = counterpart.connect(timeout=1.0)
    await hasty.check()
    counterpart.process.pause()
    try:
        error = await _error_of(hasty, order, customers)
    finally:
        counterpart.process.resume()
    await hasty.aclose()
    assert isinstance(error, RetryableError)
    assert await booked(erp, order)
    assert len(counterpart.standing(order.key)) == 1


async def test_a_log_in_that_is_refused_stops_the_lane(counterpart: Counterpart) -> None:
    wrong = {"password": "wrong"} if counterpart.name == "tryton" else {"api_key": "wrong"}
    stranger = counterpart.connect(**wrong)
    with pytest.raises(MisconfiguredError) as caught:
        await stranger.check()
    assert "wrong" not in str(caught.value)
    await stranger.aclose()


async def test_the_check_passes_when_all_is_well(erp: SalesOrders) -> None:
    await erp.check()


async def test_errors_carry_neither_the_customers_name_nor_their_e_mail(erp: SalesOrders) -> None:
    person = party(name="Secretive Shopper", email="secretive.shopper@example.com", phone="+12125550123")
    order = document(party=person, warehouse="NO-SUCH-PLACE")
    error = await _error_of(erp, order, await customers_of(erp, [order]))
    assert isinstance(error, RejectedError)
    assert "ecretive" not in str(error)
    assert order.name in str(error)


async def test_an_order_is_cancelled_once_however_often_it_is_asked(erp: SalesOrders) -> None:
    order = document()
    (result,) = await booked(erp, order)
    first, second = await erp.cancel(order.key, "customer"), await erp.cancel(order.key, "customer")
    assert isinstance(first, Settled)
    assert isinstance(second, Settled)
    assert (first.value.status, first.value.id) == (DocumentStatus.CANCELLED, result.id)
    assert second.value.id == result.id
    found = await erp.find_by_key([order.key])
    assert found[order.key].status == DocumentStatus.CANCELLED
    assert found[order.key].digest == order.digest


async def test_booking_a_cancelled_order_again_settles_with_the_cancelled_document(erp: SalesOrders) -> None:
    order = document()
    await booked(erp, order)
    await erp.cancel(order.key, "customer")
    (again,) = await booked(erp, order)
    assert (again.status, again.created) == (DocumentStatus.CANCELLED, False)


async def test_cancelling_what_was_never_booked_is_refused(erp: SalesOrders) -> None:
    outcome = await erp.cancel("north:sales-order.create:never", "customer")
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, RejectedError)
    assert not isinstance(outcome.error, HeldError)


async def _error_of(erp: SalesOrders, order: object, customers: object) -> Exception | None:
    """The error of booking one order, raised for the whole call or answered for the one."""
    try:
        (outcome,) = await erp.create_sales_orders([order], customers)  # type: ignore[list-item,arg-type]
    except (RetryableError, MisconfiguredError) as error:
        return error
    return outcome.error if isinstance(outcome, Failed) else None


def _closed_port() -> int:
    """A port that nobody listens on: one that was just free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
