"""Every ERP: killed while it ships and invoices a batch and started again, it ends with each document once, whole."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from canonical.booking import SalesOrderDocument
from canonical.errors import RetryableError
from canonical.outcomes import Failed, Outcome
from canonical.ports import Settlement
from canonical.settlement import ErpDocument, InvoicePosting, ShipmentPosting
from tests.contract.erp.conftest import booked
from tests.contract.erp.documents import document
from tests.contract.settlement.counterpart import Counterpart, LambdaBooks, TrytonBooks
from tests.contract.settlement.postings import invoice, posted, shipment
from tests.counterparts import LAMBDA_ERP, TRYTON, TRYTON_DATABASE, lambda_database, tryton_database
from tests.processes import RunningProcess, start

pytestmark = [pytest.mark.counterpart, pytest.mark.crash]
ORDERS = 4
MOMENTS = (0.2, 0.6)
"""When it is killed, as shares of what such a batch takes."""


@pytest.mark.parametrize("name", ["tryton", "lambda_erp"])
async def test_killed_while_it_ships_and_invoices_it_ends_with_each_document_once(name: str, tmp_path: Path) -> None:
    module = TRYTON if name == "tryton" else LAMBDA_ERP
    file = tryton_database(tmp_path) if name == "tryton" else lambda_database(tmp_path)
    process = start(module, "serve", "--database", str(file), workspace=tmp_path)
    try:
        counterpart = _counterpart(name, process)
        trial, *rounds = await _booked_groups(counterpart, 1 + len(MOMENTS))
        seconds = await _seconds_of_a_batch(counterpart, trial)
        for share, orders in zip(MOMENTS, rounds, strict=True):
            before = counterpart.on_hand("TEE-WHI-S", "DC-EAST")
            ships, invoices = [shipment(order) for order in orders], [invoice(order) for order in orders]
            await _killed_while_it_posts(counterpart, ships, invoices, after=seconds * share)

            process = start(module, "serve", "--database", str(file), workspace=tmp_path, port=process.port)
            counterpart = _counterpart(name, process)
            again = counterpart.settle()
            await posted(again.post_shipments(ships))
            made = await posted(again.post_invoices(invoices))
            await again.aclose()
            assert [entry.total for entry in made] == [order.total for order in orders]
            assert [counterpart.standing(entry.key) for entry in (*ships, *invoices)] == [1] * (2 * ORDERS)
            assert counterpart.on_hand("TEE-WHI-S", "DC-EAST") == before - 2 * ORDERS
    finally:
        process.stop()
        process.kill()


async def _booked_groups(counterpart: Counterpart, groups: int) -> list[list[SalesOrderDocument]]:
    person = document().party
    orders = [[document(party=person) for _ in range(ORDERS)] for _ in range(groups)]
    erp = counterpart.connect()
    await booked(erp, *(order for group in orders for order in group))
    await erp.aclose()
    return orders


async def _killed_while_it_posts(
    counterpart: Counterpart, ships: Sequence[ShipmentPosting], invoices: Sequence[InvoicePosting], *, after: float
) -> None:
    """Everything that failed may be tried again."""
    settle = counterpart.settle()
    posting = asyncio.create_task(_both(settle, ships, invoices))
    await asyncio.sleep(after)
    counterpart.process.kill()
    outcomes = await posting
    await settle.aclose()
    errors = [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]
    assert all(isinstance(error, RetryableError) for error in errors), errors


def _counterpart(name: str, process: RunningProcess) -> Counterpart:
    return TrytonBooks(process, TRYTON_DATABASE) if name == "tryton" else LambdaBooks(process)


async def _both(
    settle: Settlement, ships: Sequence[ShipmentPosting], invoices: Sequence[InvoicePosting]
) -> list[Outcome[ErpDocument]]:
    return [*await settle.post_shipments(ships), *await settle.post_invoices(invoices)]


async def _seconds_of_a_batch(counterpart: Counterpart, orders: Sequence[SalesOrderDocument]) -> float:
    """How long such a batch takes here and now, so that the kill strikes in the middle on any machine."""
    settle = counterpart.settle()
    started = asyncio.get_running_loop().time()
    await _both(settle, [shipment(order) for order in orders], [invoice(order) for order in orders])
    await settle.aclose()
    return asyncio.get_running_loop().time() - started
