"""Both ways to route, under one suite: our rules, and the engine of the sandbox as a process of its own."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from canonical.ports.routing import Router
from canonical.routing import RoutingLine, RoutingRequest
from canonical.rules.routing import RoutingRules, RoutingStock, RulesRouter, StockReader, read_rules
from connectors.routing_engine.router import EngineRouter
from connectors.routing_engine.settings import EngineSettings
from deployments.sandbox.routing.server import TOKEN
from tests.processes import RunningProcess, running

NOW = datetime(2026, 5, 4, 15, tzinfo=UTC)
RULES = """
[policy]
restricted = ["hazmat"]
[[locations]]
code = "EAST"
handles = ["hazmat"]
serves = ["US"]
[[locations]]
code = "WEST"
serves = ["US"]
[[locations]]
code = "EU"
serves = ["DE"]
[[locations]]
code = "SHOP"
kind = "store"
pickup = true
ships = false
"""


@pytest.fixture(scope="session")
def engine_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProcess]:
    with running("deployments.sandbox.routing", workspace=tmp_path_factory.mktemp("routing")) as process:
        yield process


@pytest.fixture
def faults(engine_process: RunningProcess) -> Iterator[Callable[..., int]]:
    """Makes the engine fail; returns how often it was asked. It is well again afterwards."""

    def set_faults(**kinds: Any) -> int:
        answer = httpx.post(f"{engine_process.url}/_sandbox/faults", json=kinds, trust_env=False)
        return int(answer.json()["asked"])

    yield set_faults
    set_faults()


@pytest.fixture
def rules() -> RoutingRules:
    return read_rules(RULES)


@pytest.fixture
async def open_engine(
    engine_process: RunningProcess, rules: RoutingRules
) -> AsyncIterator[Callable[..., EngineRouter]]:
    """Opens a connector to the engine; it is closed afterwards."""
    opened: list[EngineRouter] = []

    def make(read_stock: StockReader, **changes: Any) -> EngineRouter:
        settings = EngineSettings(**({"url": engine_process.url, "token": SecretStr(TOKEN)} | changes))
        opened.append(EngineRouter("router", settings, rules, read_stock, lambda: NOW))
        return opened[-1]

    yield make
    for engine in opened:
        await engine.aclose()


@pytest.fixture(params=["rules", "engine"])
def router_over(
    request: pytest.FixtureRequest, rules: RoutingRules, open_engine: Callable[..., EngineRouter]
) -> Callable[[RoutingStock], Router]:
    """A router over this stock; the stock itself is left as it is."""

    def make(stock: RoutingStock) -> Router:
        if request.param == "engine":
            return open_engine(reader(stock))
        return RulesRouter(rules, reader(stock), lambda: NOW)

    return make


def reader(stock: RoutingStock) -> StockReader:
    """Reads a fresh copy each time, as from a store."""

    async def read(_requests: Sequence[RoutingRequest]) -> RoutingStock:
        return stock.copy()

    return read


def line(item: str, quantity: int = 1, **more: Any) -> RoutingLine:
    return RoutingLine(**({"line_id": f"l-{item}", "item": item, "quantity": quantity} | more))


def order(*lines: RoutingLine, **more: Any) -> RoutingRequest:
    where = {"country": "US", "region": "NY", "placed_at": NOW, "order_id": "1", "order_name": "#1001"}
    return RoutingRequest(**({"shop": "north", "lines": lines} | where | more))
