"""One store per test, on both databases, through one parametrised fixture."""

from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from connectors.statestore.settings import StoreSettings
from connectors.statestore.store import SqlStateStore, open_store
from tests.postgres import PostgresServer, postgres_server

__all__ = ["postgres_server"]


@pytest.fixture(scope="module")
def postgres_database(postgres_server: PostgresServer) -> str:
    """One database for each test module; `store_url` empties it before each test."""
    return postgres_server.new_database()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite'}"
    url: str = request.getfixturevalue("postgres_database")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


@pytest.fixture
def settings(store_url: str) -> StoreSettings:
    """How the store under test is opened."""
    return StoreSettings(url=SecretStr(store_url))


@pytest.fixture
async def store(settings: StoreSettings) -> AsyncIterator[SqlStateStore]:
    """An open, empty store."""
    opened = await open_store(settings)
    yield opened
    await opened.aclose()
