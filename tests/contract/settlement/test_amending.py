"""Every ERP: a booked sale is made what the order is now, once; what it cannot change it holds by line, unchanged."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from canonical.booking import BookingLine, SalesOrderDocument
from canonical.errors import ConflictError, HeldError, RejectedError, RetryableError
from canonical.money import total
from canonical.outcomes import Failed
from canonical.ports import SalesOrders, Settlement
from canonical.rules.lifecycle.amending import amended
from canonical.settlement import SaleAmendment
from tests.contract.erp.conftest import booked
from tests.contract.erp.documents import document, line, number
from tests.contract.erp.faults import FaultyTransport
from tests.contract.settlement.counterpart import Counterpart
from tests.contract.settlement.postings import error_of, goods, invoice, posted, shipment

pytestmark = pytest.mark.counterpart
TEE, MUG = "TEE-WHI-S", "MUG-WHT"


def amendment(order: SalesOrderDocument, pieces: int, *more: BookingLine, **changes: Any) -> SaleAmendment:
    """The order with so many tees, and with more lines."""
    changed = amended(order, {goods(order): pieces})
    lines = (*changed.lines, *more)
    whole = total((one.gross for one in lines), order.currency)
    given: dict[str, Any] = {
        "key": f"north:sales-order.amend:{number()}:r1:b2",
        "sale_key": order.key,
        "document": changed.model_copy(update={"lines": lines, "total": whole}),
    }
    return SaleAmendment(**(given | changes))


async def test_a_sale_that_is_the_order_already_is_left_alone(order: SalesOrderDocument, settle: Settlement) -> None:
    (same,) = await posted(settle.amend_sales([amendment(order, 2)]))
    assert not same.created
    assert same.total == order.total


async def test_what_an_erp_cannot_change_is_held_by_its_line_and_the_sale_stays(
    order: SalesOrderDocument, settle: Settlement
) -> None:
    await posted(settle.post_shipments([shipment(order)]))
    error = await error_of(settle.amend_sales([amendment(order, 1)]))
    assert isinstance(error, HeldError)
    assert (error.code, bool(error.way_out)) == ("sale_not_amended", True)
    (whole,) = await posted(settle.post_invoices([invoice(order)]))
    assert whole.total == order.total


async def test_a_sale_of_an_unknown_key_comes_later(order: SalesOrderDocument, settle: Settlement) -> None:
    error = await error_of(settle.amend_sales([amendment(order, 1, sale_key="north:sales-order.create:none")]))
    assert isinstance(error, HeldError)
    assert error.code == "sale_missing"


@pytest.mark.parametrize("counterpart", ["tryton"], indirect=True)
class TestInTryton:
    """The ERP that amends."""

    async def test_fewer_more_and_new_pieces_are_what_ships_and_is_invoiced(
        self, order: SalesOrderDocument, settle: Settlement, counterpart: Counterpart
    ) -> None:
        mugs = line(MUG, "20.00", taxes=())
        ask = amendment(order, 1, mugs)
        tees, cups = (counterpart.on_hand(sku, "DC-EAST") for sku in (TEE, MUG))
        first, again = [(await posted(settle.amend_sales([ask])))[0] for _ in range(2)]
        assert (first.total, first.external_id) == (ask.document.total, again.external_id)
        assert list(await settle.find_documents([ask.key])) == [ask.key]
        error = await error_of(settle.amend_sales([amendment(order, 3, key=ask.key)]))
        assert isinstance(error, ConflictError)
        more = amendment(order, 3, line(MUG, "10.00", taxes=(), quantity=1, key=mugs.key))
        await posted(settle.amend_sales([more]))
        await posted(settle.post_shipments([shipment(order, lines={goods(order): 3, mugs.key: 1})]))
        (bill,) = await posted(settle.post_invoices([invoice(order)]))
        assert bill.total == more.document.total
        assert (counterpart.on_hand(TEE, "DC-EAST"), counterpart.on_hand(MUG, "DC-EAST")) == (tees - 3, cups - 1)

    async def test_the_rest_of_a_partly_shipped_sale_is_taken_out_and_what_left_is_invoiced_in_full(
        self, counterpart: Counterpart, settle: Settlement
    ) -> None:
        erp, order = counterpart.by_shipment(), document()
        await booked(erp, order)
        await erp.aclose()
        left = shipment(order, 1)
        await posted(settle.post_shipments([left]))
        await posted(settle.post_invoices([invoice(order, shipment_key=left.key)]))
        ask = amendment(order, 1)
        (closed,) = await posted(settle.amend_sales([ask]))
        assert (closed.state, closed.total) == ("processing", ask.document.total)
        assert counterpart.owed(order.key) == ask.document.total.amount
        error = await error_of(settle.post_shipments([shipment(order, 1)]))
        assert isinstance(error, RejectedError)
        error = await error_of(settle.amend_sales([amendment(order, 0)]))
        assert isinstance(error, HeldError)
        assert TEE in error.words

    async def test_an_answer_lost_at_any_write_leaves_one_amendment_and_the_right_total(
        self, erp: SalesOrders, settle: Settlement, counterpart: Counterpart
    ) -> None:
        order, place = document(line(net="47.99")), 0
        await booked(erp, order)
        while True:
            place += 1
            ask = amendment(order, 1 + place % 2, line(MUG, "9.99", taxes=(), quantity=1))
            network, seen = FaultyTransport(), 0
            worker = counterpart.settle(transport=network)
            await worker.check()

            def picked(request: Any, place: int = place) -> bool:
                nonlocal seen
                seen += counterpart.writes(request)
                return seen == place and counterpart.writes(request)

            network.lose_reply(picked)
            (outcome,) = await worker.amend_sales([ask])
            await worker.aclose()
            (made,) = await posted(settle.amend_sales([ask]))
            assert made.total == ask.document.total, place
            if not isinstance(outcome, Failed):
                break
            assert isinstance(outcome.error, RetryableError)
        assert place > 4
        (bill,) = await posted(settle.post_invoices([invoice(order)]))
        assert bill.total == ask.document.total
        assert bill.total.amount > Decimal(9)
