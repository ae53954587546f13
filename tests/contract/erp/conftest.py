"""Both ERPs, each its own process on a fresh demo database, for the whole session; every test has its own keys."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from canonical.booking import BookedDocument, CustomerRef, SalesOrderDocument
from canonical.outcomes import Failed, Outcome, Settled
from canonical.ports import SalesOrders
from tests.contract.erp.counterpart import Counterpart, LambdaCounterpart, TrytonCounterpart
from tests.contract.erp.documents import parties
from tests.counterparts import TRYTON_DATABASE, lambda_erp, tryton


@pytest.fixture(scope="session", params=["tryton", "lambda_erp"])
def counterpart(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterpart]:
    """The real ERP."""
    workspace = tmp_path_factory.mktemp(request.param)
    if request.param == "tryton":
        with tryton(workspace) as process:
            yield TrytonCounterpart(process, TRYTON_DATABASE)
    else:
        with lambda_erp(workspace) as process:
            yield LambdaCounterpart(process)


@pytest.fixture
async def erp(counterpart: Counterpart) -> AsyncIterator[SalesOrders]:
    """The connector of the company that books the shop `north`."""
    port = counterpart.connect()
    yield port
    await port.aclose()


async def customers_of(erp: SalesOrders, documents: list[SalesOrderDocument]) -> dict[str, CustomerRef]:
    """The customers of some documents, found or created."""
    people = parties(documents)
    outcomes = await erp.ensure_customers(people)
    assert all(isinstance(outcome, Settled) for outcome in outcomes), outcomes
    return {p.external_id: o.value for p, o in zip(people, outcomes, strict=True) if isinstance(o, Settled)}


async def book(erp: SalesOrders, *documents: SalesOrderDocument) -> list[Outcome[BookedDocument]]:
    """Customers and orders, as a flow does it."""
    return await erp.create_sales_orders(list(documents), await customers_of(erp, list(documents)))


async def booked(erp: SalesOrders, *documents: SalesOrderDocument) -> list[BookedDocument]:
    """The same, where every document has to settle."""
    outcomes = await book(erp, *documents)
    assert [outcome.error for outcome in outcomes if isinstance(outcome, Failed)] == []
    return [outcome.value for outcome in outcomes if isinstance(outcome, Settled)]
