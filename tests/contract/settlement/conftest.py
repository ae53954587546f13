"""Both ERPs, each its own process on a fresh demo database, for the whole session; every test has its own orders.

Orders are booked by the dozen and handed out one by one: booked singly, they would be half of what the suite costs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator

import pytest

from canonical.booking import SalesOrderDocument
from canonical.ports import SalesOrders, Settlement
from tests.contract.erp.conftest import booked
from tests.contract.erp.documents import document
from tests.contract.settlement.counterpart import Counterpart, LambdaBooks, TrytonBooks
from tests.counterparts import TRYTON_DATABASE, lambda_erp, tryton

AT_ONCE = 12


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


class Shelf:
    """Orders of two tees and shipping that are booked at one ERP, and that no test has had."""

    def __init__(self) -> None:
        self._booked: list[SalesOrderDocument] = []

    async def take(self, erp: SalesOrders) -> SalesOrderDocument:
        """One of them, never handed out again."""
        if not self._booked:
            made = [document() for _ in range(AT_ONCE)]
            await booked(erp, *made)
            self._booked = made
        return self._booked.pop()


@pytest.fixture(scope="session")
def shelves() -> defaultdict[str, Shelf]:
    """A shelf for each ERP, by its address."""
    return defaultdict(Shelf)


@pytest.fixture
async def order(counterpart: Counterpart, erp: SalesOrders, shelves: defaultdict[str, Shelf]) -> SalesOrderDocument:
    """A booked order: two tees and shipping, 55.87 USD."""
    return await shelves[counterpart.process.url].take(erp)


@pytest.fixture
async def second(counterpart: Counterpart, erp: SalesOrders, shelves: defaultdict[str, Shelf]) -> SalesOrderDocument:
    """Another one, of somebody else."""
    return await shelves[counterpart.process.url].take(erp)
