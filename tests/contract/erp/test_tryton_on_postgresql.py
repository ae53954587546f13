"""Tryton on PostgreSQL with several workers: there two calls really run at once, so what may race is run again here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.erp.counterpart import Counterpart, TrytonCounterpart
from tests.contract.erp.test_customers import (
    test_a_customer_the_erp_knows_is_found_by_e_mail_in_whatever_case_and_by_id_from_then_on,
    test_two_workers_that_meet_a_new_customer_at_once_create_one,
)
from tests.contract.erp.test_once import (
    test_a_reply_lost_after_any_write_leaves_one_whole_document,
    test_two_workers_at_once_book_one_whole_document,
)
from tests.contract.erp.test_orders import (
    test_a_batch_is_booked_with_one_result_an_order_in_order,
    test_an_order_that_the_erp_itself_refuses_fails_alone,
    test_the_same_key_with_other_content_is_a_conflict_and_nothing_is_written,
)
from tests.contract.erp.test_trouble import test_an_order_is_cancelled_once_however_often_it_is_asked
from tests.counterparts import tryton_on_postgresql
from tests.postgres import PostgresServer

__all__ = [
    "test_a_batch_is_booked_with_one_result_an_order_in_order",
    "test_a_customer_the_erp_knows_is_found_by_e_mail_in_whatever_case_and_by_id_from_then_on",
    "test_a_reply_lost_after_any_write_leaves_one_whole_document",
    "test_an_order_is_cancelled_once_however_often_it_is_asked",
    "test_an_order_that_the_erp_itself_refuses_fails_alone",
    "test_the_same_key_with_other_content_is_a_conflict_and_nothing_is_written",
    "test_two_workers_at_once_book_one_whole_document",
    "test_two_workers_that_meet_a_new_customer_at_once_create_one",
]
pytestmark = [pytest.mark.counterpart, pytest.mark.timeout(600)]  # the first build on a machine takes two minutes


@pytest.fixture(scope="module")
def counterpart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterpart]:
    """The real Tryton, served by two workers."""
    with PostgresServer() as server:
        url = server.new_database().replace("crossdock_1", "erp")
        with tryton_on_postgresql(url, tmp_path_factory.mktemp("tryton")) as process:
            yield TrytonCounterpart(process, "erp")
