"""The warehouses, each a counterpart of its own for the whole session. Every test has an order of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from canonical.ports.warehouse import Warehouse
from tests.contract.warehouse.file_floor import folder_floor, sftp_floor
from tests.contract.warehouse.floor import Floor
from tests.contract.warehouse.store_floor import store_floor
from tests.contract.warehouse.tryton_floor import tryton_floor

FLOORS = {"file_3pl": folder_floor, "sftp_3pl": sftp_floor, "store": store_floor, "tryton_wms": tryton_floor}


@pytest.fixture(scope="session", params=sorted(FLOORS))
def floor(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    """The warehouse and its workers."""
    with FLOORS[request.param](tmp_path_factory.mktemp(request.param)) as opened:
        yield opened


@pytest.fixture
async def warehouse(floor: Floor) -> AsyncIterator[Warehouse]:
    """Its connector."""
    opened = floor.connect()
    yield opened
    await opened.aclose()
