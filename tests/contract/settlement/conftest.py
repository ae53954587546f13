"""Both ERPs, each its own process on a fresh demo database, for the whole session; every test has its own orders."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from canonical.ports import SalesOrders, Settlement
from tests.contract.settlement.counterpart import Counterpart, LambdaBooks, TrytonBooks
from tests.counterparts import TRYTON_DATABASE, lambda_erp, tryton


@pytest.fixture(scope="session", params=["tryton", "lambda_erp"])
def counterpart(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterpart]:
    """The real ERP."""
    workspace = tmp_path_factory.mktemp(request.param)
    if request.param == "tryton":
        with tryton(workspace) as process:
            yield TrytonBooks(process, TRYTON_DATABASE)
    else:
        with lambda_erp(workspace) as process:
            yield LambdaBooks(process)


@pytest.fixture
async def erp(counterpart: Counterpart) -> AsyncIterator[SalesOrders]:
    """Who books the orders of the shop `north`."""
    port = counterpart.connect()
    yield port
    await port.aclose()


@pytest.fixture
async def settle(counterpart: Counterpart) -> AsyncIterator[Settlement]:
    """Who posts what follows them."""
    port = counterpart.settle()
    yield port
    await port.aclose()
