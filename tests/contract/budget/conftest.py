"""A bucket as Shopify keeps it, and the budgets that must fit it: one process's own, and the one all workers share."""

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from canonical.ports import CostBudget
from canonical.ports.budget import Lane, Throttle
from connectors.shopify.budget import LocalBudget
from connectors.statestore.settings import StoreSettings
from connectors.statestore.shared_budget import SharedBudget
from connectors.statestore.store import SqlStateStore, open_store
from tests.postgres import PostgresServer, postgres_server

__all__ = ["postgres_server"]

RATE = 400.0
NewWorker = Callable[..., SharedBudget]


class Bucket:
    """Points that refill with time; a call that does not find its points is throttled."""

    def __init__(self, available: float = 0.0, maximum: float = 2000.0) -> None:
        self._available, self._maximum, self._at = available, maximum, time.monotonic()
        self.throttled = 0
        self.served: list[str] = []

    def take(self, cost: float, name: str = "") -> Throttle:
        """One call; what its answer tells of the bucket."""
        now = time.monotonic()
        self._available = min(self._maximum, self._available + (now - self._at) * RATE)
        self._at = now
        if cost > self._available:
            self.throttled += 1
        else:
            self._available -= cost
            self.served.append(name)
        return Throttle(self._maximum, int(self._available), RATE)

    async def call(self, budget: CostBudget, cost: float, lane: Lane, name: str = "") -> None:
        """One call within a budget."""
        await budget.acquire(cost, lane)
        await budget.settle(cost, self.take(cost, name), cost)


@pytest.fixture
def bucket() -> Bucket:
    """An empty bucket. It is older than any budget that is told of it, so it holds at least what they think."""
    return Bucket()


@pytest.fixture
async def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store on the database the test is about."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_database()


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[SqlStateStore]:
    opened = await open_store(StoreSettings(url=SecretStr(store_url)))
    yield opened
    await opened.aclose()


@pytest.fixture
def new_worker(store: SqlStateStore) -> NewWorker:
    """A further worker's budget of the same bucket: each has its own share, as processes have."""

    def made(bucket: str = "north", **options: float) -> SharedBudget:
        return SharedBudget(store._database, bucket, **options)  # type: ignore[arg-type]

    return made


@pytest.fixture(params=["local", "sqlite", "postgresql"])
async def budget(bucket: Bucket, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CostBudget]:
    """A budget that was told of the empty bucket."""
    assert not bucket.served
    if request.param == "local":
        local = LocalBudget()
        await local.settle(0, Throttle(2000, 0, RATE))
        yield local
        return
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    else:
        url = request.getfixturevalue("postgres_server").new_database()
    opened = await open_store(StoreSettings(url=SecretStr(url)))
    shared = opened.budget("north")
    await shared.settle(0, Throttle(2000, 0, RATE), 0)
    yield shared
    await opened.aclose()
