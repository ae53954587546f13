"""One bad row among a hundred: ninety-nine go on, the bad one is quarantined in words. Once for each gate."""

from typing import Any

import pytest

from canonical.booking import SalesOrderDocument
from canonical.money import Money
from canonical.order import Order
from canonical.records import Case, CaseKind
from canonical.rules import example
from canonical.states import OrderState
from flows.handling import posting, verdicts
from tests.fakes.systems import delivery
from tests.flows.conftest import House, some_orders

BAD = 42
BAD_NAME = f"#{2000 + BAD}"


async def the_one_quarantined(house: House) -> Case:
    """Checks that 99 of the 100 were booked, and returns the case of the other."""
    assert len(house.erp.documents) == 99
    assert BAD_NAME not in {document.name for document, _ in house.erp.documents.values()}
    (case,) = await house.store.cases()
    assert case.kind == CaseKind.QUARANTINED
    return case


async def test_a_bad_message_is_stopped_as_received_and_ninety_nine_are_booked(house: House) -> None:
    orders = some_orders(100)
    good = [o for i, o in enumerate(orders) if i != BAD]
    await house.arrive(*good[:BAD])
    await house.store.put([delivery(orders[BAD], webhook="bad", body=b"<html>not an order</html>")])
    await house.arrive(*good[BAD:])
    await house.drain()
    case = await the_one_quarantined(house)
    assert (case.reason_code, case.words) == ("body_not_json", "the body is not a JSON document")


async def test_a_bad_order_is_stopped_as_canonical_and_ninety_nine_are_booked(house: House) -> None:
    orders = some_orders(100)
    orders[BAD] = example.order(id=orders[BAD].id, name=BAD_NAME, customer=orders[BAD].customer, total="99.99")
    await house.arrive(*orders)
    await house.drain()
    case = await the_one_quarantined(house)
    assert (case.document, case.reason_code) == (f"order {BAD_NAME}", "totals_do_not_add_up")
    assert "the order does not add up" in case.words
    assert (await house.record(orders[BAD])).state == OrderState.QUARANTINED


async def test_a_bad_document_is_stopped_before_posting_and_ninety_nine_are_booked(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def off_by_a_cent(rt: Any, order: Order, warehouse: str | None = None) -> SalesOrderDocument:
        document = verdicts.booking_of(rt, order, warehouse)
        if order.name != BAD_NAME:
            return document
        return document.model_copy(update={"total": document.total + Money.of("0.01", document.currency)})

    monkeypatch.setattr(posting, "booking_of", off_by_a_cent)
    orders = some_orders(100)
    await house.arrive(*orders)
    await house.drain()
    case = await the_one_quarantined(house)
    assert case.document == f"order {BAD_NAME}"
    assert len(case.words) > 10
    assert (await house.record(orders[BAD])).state == OrderState.QUARANTINED
