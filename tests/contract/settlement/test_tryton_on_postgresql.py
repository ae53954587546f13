"""Tryton on PostgreSQL with several workers, where two calls really run at once: what may race is run again here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.settlement.counterpart import Counterpart, TrytonBooks
from tests.contract.settlement.test_goods import (
    test_both_parts_of_an_order_may_come_in_one_batch_and_a_bad_one_fails_alone,
)
from tests.contract.settlement.test_money import (
    test_a_memo_credits_goods_shipping_and_keeps_a_fee_and_the_refund_follows_it,
)
from tests.contract.settlement.test_once import test_two_workers_at_once_post_documents_of_different_sales
from tests.counterparts import TRYTON_DATABASE, tryton_on_postgresql
from tests.postgres import PostgresServer

__all__ = [
    "test_a_memo_credits_goods_shipping_and_keeps_a_fee_and_the_refund_follows_it",
    "test_both_parts_of_an_order_may_come_in_one_batch_and_a_bad_one_fails_alone",
    "test_two_workers_at_once_post_documents_of_different_sales",
]
pytestmark = [pytest.mark.counterpart, pytest.mark.timeout(600)]  # the first build on a machine takes two minutes


@pytest.fixture(scope="module")
def counterpart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterpart]:
    """The real Tryton, served by two workers."""
    with PostgresServer() as server:
        url = server.new_database().replace("crossdock_1", TRYTON_DATABASE)
        with tryton_on_postgresql(url, tmp_path_factory.mktemp("tryton")) as process:
            yield TrytonBooks(process, TRYTON_DATABASE)
