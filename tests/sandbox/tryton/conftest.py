"""A demo database for the tests: copied from one that is built once and kept between sessions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.counterparts import TRYTON_DATABASE, tryton, tryton_database
from tests.processes import RunningProcess
from tests.sandbox.tryton.rpc import Tryton


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A fresh demo database file, for tests that serve it themselves."""
    return tryton_database(tmp_path)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProcess]:
    """A fresh demo database, served by its own process for one test module."""
    with tryton(tmp_path_factory.mktemp("tryton")) as process:
        yield process


@pytest.fixture
def north(server: RunningProcess) -> Iterator[Tryton]:
    """Logged in as the connector of the company that books the shop `north`."""
    with Tryton(server.url, TRYTON_DATABASE, "connector-north") as client:
        yield client
