"""Tryton on PostgreSQL with several workers, where reads and writes really meet: what depends on that is run again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployments.sandbox.tryton.desk import TrytonDesk
from tests.contract.erp.counterpart import TrytonCounterpart
from tests.contract.stock_source.conftest import Counterpart, open_tryton
from tests.contract.stock_source.test_polling import (
    test_nothing_is_told_twice_under_a_cursor_that_was_kept,
)
from tests.contract.stock_source.test_positions import (
    test_a_snapshot_says_what_positions_say_and_names_what_is_complete,
    test_an_order_of_ours_is_allocated_once_by_its_id_and_gone_when_it_has_left,
)
from tests.counterparts import TRYTON_DATABASE, tryton_on_postgresql
from tests.postgres import PostgresServer

__all__ = [
    "test_a_snapshot_says_what_positions_say_and_names_what_is_complete",
    "test_an_order_of_ours_is_allocated_once_by_its_id_and_gone_when_it_has_left",
    "test_nothing_is_told_twice_under_a_cursor_that_was_kept",
]
pytestmark = [pytest.mark.counterpart, pytest.mark.timeout(600)]  # the first build on a machine takes two minutes


@pytest.fixture(scope="module")
def counterpart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterpart]:
    """The real Tryton, served by two workers."""
    with PostgresServer() as server:
        url = server.new_database().replace("crossdock_1", TRYTON_DATABASE)
        with tryton_on_postgresql(url, tmp_path_factory.mktemp("tryton")) as process, TrytonDesk(process.url) as desk:
            orders = TrytonCounterpart(process, TRYTON_DATABASE).connect
            yield Counterpart("tryton", process, desk, lambda **changes: open_tryton(process, **changes), orders)
