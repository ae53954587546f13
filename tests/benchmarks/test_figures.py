"""What the benchmarks make of their measurements."""

import httpx
import pytest

from tests.benchmarks.backlog import steady
from tests.benchmarks.calls import operation_of
from tests.benchmarks.lifecycle import (
    ERP_SHARED,
    ERP_WARNINGS,
    SHOP_SHARED,
    SHOP_WRITES,
    least_erp_calls,
    least_shop_calls,
)


def test_the_first_call_only_fills_the_pipe() -> None:
    """Six orders in three calls, two seconds apart: two orders every two seconds."""
    assert steady([1.0, 1.01, 3.0, 3.01, 5.0, 5.01]) == {"per_second": pytest.approx(1.0), "calls": 3}


def test_a_call_that_came_in_many_small_steps_is_one_call() -> None:
    assert steady([1.0, 1.15, 1.3, 9.3])["calls"] == 2


def test_the_fewest_calls_are_each_write_once_and_a_share_of_what_many_orders_share() -> None:
    alone, together = least_shop_calls(1, 1), least_shop_calls(50, 25)
    assert alone == len(SHOP_WRITES) + 1 + len(SHOP_SHARED)
    assert together == pytest.approx(len(SHOP_WRITES) + 0.5 + (2 + 1 + 6 + 2 + 2) / 50)
    assert least_erp_calls(50) == pytest.approx(ERP_WARNINGS + sum(ERP_SHARED.values()) / 50)


@pytest.mark.parametrize(
    ("request_", "operation"),
    [
        (httpx.Request("POST", "http://shop/graphql.json", json={"query": "# cost\nquery ReadOrders($i: ID!) { x }"}),
         "ReadOrders"),
        (httpx.Request("POST", "http://erp/rpc/", json={"id": 1, "method": "model.sale.sale.quote", "params": []}),
         "sale.sale.quote"),
        (httpx.Request("POST", "http://wms/db/rest/model/stock.shipment.out/12/wait", content=b"{}"),
         "POST stock.shipment.out/*/wait"),
        (httpx.Request("GET", "http://wms/db/rest/model/party.party?d=x"), "GET party.party"),
    ],
)  # fmt: skip
def test_a_call_is_counted_by_what_it_asks_for(request_: httpx.Request, operation: str) -> None:
    assert operation_of(request_) == operation
