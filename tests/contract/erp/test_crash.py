"""Every ERP: killed in the middle of a batch and started again, it ends with each order once, whole, and processed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from canonical.booking import DocumentStatus
from canonical.errors import RetryableError
from canonical.outcomes import Failed
from tests.contract.erp.conftest import booked, customers_of
from tests.contract.erp.counterpart import Counterpart, LambdaCounterpart, TrytonCounterpart
from tests.contract.erp.documents import document, line, tax
from tests.counterparts import LAMBDA_ERP, TRYTON, TRYTON_DATABASE, lambda_database, tryton_database
from tests.processes import RunningProcess, start

pytestmark = [pytest.mark.counterpart, pytest.mark.crash]


@pytest.mark.parametrize("name", ["tryton", "lambda_erp"])
@pytest.mark.parametrize("share", [0.1, 0.4, 0.7, 0.9])
async def test_killed_in_the_middle_of_a_batch_it_ends_with_each_order_once(
    name: str, share: float, tmp_path: Path
) -> None:
    module = TRYTON if name == "tryton" else LAMBDA_ERP
    file = tryton_database(tmp_path) if name == "tryton" else lambda_database(tmp_path)
    process = start(module, "serve", "--database", str(file), workspace=tmp_path)
    try:
        counterpart = _counterpart(name, process)
        erp = counterpart.connect()
        person = document().party
        orders = [
            document(line(net="19.99", taxes=(tax("US-NY-STATE", "0.04", "0.79"),)), party=person) for _ in range(12)
        ]
        customers = await customers_of(erp, orders)
        seconds = await _seconds_of_a_batch(counterpart)
        booking = asyncio.create_task(erp.create_sales_orders(orders, customers))
        await asyncio.sleep(seconds * share)
        process.kill()
        await _is_retryable(booking)
        await erp.aclose()

        process = start(module, "serve", "--database", str(file), workspace=tmp_path, port=process.port)
        again = counterpart.connect()
        results = await booked(again, *orders)
        found = await again.find_by_key([order.key for order in orders])
        await again.aclose()
        assert [result.total for result in results] == [order.total for order in orders]
        assert {result.status for result in found.values()} == {DocumentStatus.PROCESSING}
        for order in orders:
            (standing,) = counterpart.standing(order.key)
            assert standing.total == str(order.total.amount)
            assert standing.payments in (1, None)
    finally:
        process.stop()
        process.kill()


def _counterpart(name: str, process: RunningProcess) -> Counterpart:
    return TrytonCounterpart(process, TRYTON_DATABASE) if name == "tryton" else LambdaCounterpart(process)


async def _seconds_of_a_batch(counterpart: Counterpart) -> float:
    """How long such a batch takes here and now, so that the kill strikes in the middle on any machine."""
    erp = counterpart.connect()
    orders = [document() for _ in range(12)]
    customers = await customers_of(erp, orders)
    started = asyncio.get_running_loop().time()
    await erp.create_sales_orders(orders, customers)
    taken = asyncio.get_running_loop().time() - started
    await erp.aclose()
    return taken


async def _is_retryable(booking: asyncio.Task[list[object]]) -> None:
    """Whatever the batch came to when the ERP died, every order that failed may be tried again."""
    (answer,) = await asyncio.gather(booking, return_exceptions=True)
    outcomes = answer if isinstance(answer, list) else [Failed(answer)]
    errors = [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]
    assert all(isinstance(error, RetryableError) for error in errors), errors
