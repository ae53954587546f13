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
ORDERS = 6


@pytest.mark.parametrize("name", ["tryton", "lambda_erp"])
@pytest.mark.parametrize("share", [0.2, 0.6])
async def test_killed_while_it_ships_and_invoices_it_ends_with_each_document_once(
    name: str, share: float, tmp_path: Path
) -> None:
    module = TRYTON if name == "tryton" else LAMBDA_ERP
    file = tryton_database(tmp_path) if name == "tryton" else lambda_database(tmp_path)
    process = start(module, "serve", "--database", str(file), workspace=tmp_path)
    try:
        counterpart = _counterpart(name, process)
        before = counterpart.on_hand("TEE-WHI-S", "DC-EAST")
        person = document().party
        orders = [document(party=person) for _ in range(2 * ORDERS)]
        erp = counterpart.connect()
        await booked(erp, *orders)
        await erp.aclose()
        seconds = await _seconds_of_a_batch(counterpart, orders[ORDERS:])
        ships, invoices = [shipment(order) for order in orders[:ORDERS]], [invoice(o) for o in orders[:ORDERS]]
        settle = counterpart.settle()
        posting = asyncio.create_task(_both(settle, ships, invoices))
        await asyncio.sleep(seconds * share)
        process.kill()
        outcomes = await posting
        await settle.aclose()
        errors = [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]
        assert all(isinstance(error, RetryableError) for error in errors), errors

        process = start(module, "serve", "--database", str(file), workspace=tmp_path, port=process.port)
        again = counterpart.settle()
        await posted(again.post_shipments(ships))
        made = await posted(again.post_invoices(invoices))
        await again.aclose()
        assert [entry.total for entry in made] == [order.total for order in orders[:ORDERS]]
        assert [counterpart.standing(entry.key) for entry in (*ships, *invoices)] == [1] * (2 * ORDERS)
        assert counterpart.on_hand("TEE-WHI-S", "DC-EAST") == before - 2 * 2 * ORDERS
    finally:
        process.stop()
        process.kill()


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
