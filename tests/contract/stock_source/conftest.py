"""Both ERPs as stock sources, each its own process for the whole session. Every test has a SKU of its own."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import pytest

from canonical.inventory import AllocatedLine, Incoming, InventoryLevel, StockReport
from canonical.ports import SalesOrders, StockSource
from connectors.lambda_erp.settings import LambdaErpSettings
from connectors.lambda_erp.stock import open_stock as open_lambda_stock
from connectors.tryton.settings import TrytonSettings
from connectors.tryton.stock import open_stock as open_tryton_stock
from deployments.sandbox.catalogue import load_catalogue
from deployments.sandbox.lambda_erp.desk import LambdaDesk
from deployments.sandbox.lambda_erp.seed import API_KEY
from deployments.sandbox.tryton.desk import TrytonDesk
from deployments.sandbox.tryton.seed.access import PASSWORD
from tests.contract.erp.counterpart import LambdaCounterpart, TrytonCounterpart
from tests.counterparts import TRYTON_DATABASE, lambda_erp, tryton
from tests.processes import RunningProcess

SKUS = itertools.cycle(
    ["TEE-WHI-S", "TEE-WHI-M", "TEE-NAV-S", "HOOD-GRE-S", "HOOD-OLI-S", "MUG-WHT", "MUG-BLU", "NOTE-DOT", "NOTE-LIN"]
)


class Desk(Protocol):
    """What a clerk does in either ERP."""

    def plan_receipt(self, sku: str, warehouse: str, quantity: int) -> Any: ...
    def receive_planned(self, shipment: Any) -> None: ...
    def receive(self, sku: str, warehouse: str, quantity: int) -> None: ...
    def transfer(self, sku: str, source: str, target: str, quantity: int) -> None: ...
    def count(self, sku: str, warehouse: str, quantity: int) -> None: ...
    def sell_wholesale(self, sku: str, warehouse: str, quantity: int) -> Any: ...
    def ship(self, key: str) -> None: ...
    def close(self) -> None: ...


@dataclass
class Counterpart:
    """A real ERP: a clerk at it, its connector for orders, and its stock source."""

    name: str
    process: RunningProcess
    desk: Desk
    open: Callable[..., StockSource]
    orders: Callable[[], SalesOrders]


@pytest.fixture(scope="session", params=["tryton", "lambda_erp"])
def counterpart(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterpart]:
    workspace = tmp_path_factory.mktemp(request.param)
    if request.param == "tryton":
        with tryton(workspace) as process:
            desk = TrytonDesk(process.url)
            orders = TrytonCounterpart(process, TRYTON_DATABASE).connect
            yield Counterpart("tryton", process, desk, lambda **changes: open_tryton(process, **changes), orders)
            desk.close()
    else:
        with lambda_erp(workspace) as process:
            clerk = LambdaDesk(process.url)
            orders = LambdaCounterpart(process).connect
            yield Counterpart("lambda_erp", process, clerk, lambda **changes: _lambda(process, **changes), orders)
            clerk.close()


def open_tryton(process: RunningProcess, **changes: Any) -> StockSource:
    transport = changes.pop("transport", None)
    address = {"url": f"{process.url}/{TRYTON_DATABASE}", "login": "connector-north", "password": PASSWORD}
    shops = {"north": load_catalogue().shop("north").domain}
    return open_tryton_stock("erp", "north", TrytonSettings(**(address | changes)), shops, transport)


def _lambda(process: RunningProcess, **changes: Any) -> StockSource:
    transport = changes.pop("transport", None)
    address = {"url": process.url, "company": "NORTH", "api_key": API_KEY}
    return open_lambda_stock("erp", "north", LambdaErpSettings(**(address | changes)), transport)


@pytest.fixture
async def source(counterpart: Counterpart) -> AsyncIterator[StockSource]:
    """The stock of the company that books the shop `north`."""
    opened = counterpart.open()
    yield opened
    await opened.aclose()


@pytest.fixture
def desk(counterpart: Counterpart) -> Desk:
    return counterpart.desk


@pytest.fixture
def sku() -> str:
    """An item that lies in both American distribution centres."""
    return next(SKUS)


@dataclass(frozen=True)
class Shown:
    """A position without when it was seen."""

    on_hand: Decimal = Decimal(0)
    allocated: Decimal = Decimal(0)
    incoming: tuple[Incoming, ...] = ()

    def plus(self, on_hand: int = 0, allocated: int = 0) -> Shown:
        return Shown(self.on_hand + on_hand, self.allocated + allocated, self.incoming)


def at(report: StockReport, sku: str, location: str) -> Shown:
    """What a report says of a place; nothing where it is silent."""
    levels = [level for level in report.levels if (level.sku, level.native_location) == (sku, location)]
    assert len(levels) <= 1, levels
    return shown(levels[0]) if levels else Shown()


def shown(level: InventoryLevel) -> Shown:
    return Shown(level.on_hand, level.allocated, level.incoming)


def of_order(report: StockReport, order: str) -> list[AllocatedLine]:
    return [line for line in report.allocated if line.order_id == order]
