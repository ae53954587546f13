"""Every ERP: orders are booked in batches, once each, as the channel says, to the cent."""

from __future__ import annotations

from decimal import Decimal

import pytest

from canonical.booking import BookingLineKind, DocumentStatus, Tender
from canonical.errors import ConflictError, RejectedError
from canonical.outcomes import Failed, Settled
from canonical.ports import SalesOrders
from tests.contract.erp.conftest import book, booked, customers_of
from tests.contract.erp.counterpart import Counterpart
from tests.contract.erp.documents import document, german, line, party, plain, tax, usd

pytestmark = pytest.mark.counterpart


async def test_a_batch_is_booked_with_one_result_an_order_in_order(erp: SalesOrders, counterpart: Counterpart) -> None:
    buyer = party()  # of one customer: those are numbered as they arrived
    orders = [document(party=buyer) for _ in range(4)]
    results = await booked(erp, *orders)
    assert [result.key for result in results] == [order.key for order in orders]
    assert [result.total for result in results] == [order.total for order in orders]
    assert all(result.created and result.number for result in results)
    assert {result.status for result in results} == {DocumentStatus.PROCESSING}
    assert len({result.id for result in results}) == 4
    numbers = [int("".join(filter(str.isdigit, result.number or ""))) for result in results]
    assert numbers == sorted(numbers)
    assert [counterpart.standing(order.key)[0].total for order in orders] == ["55.87"] * 4


async def test_booking_again_settles_with_the_document_that_stands(erp: SalesOrders, counterpart: Counterpart) -> None:
    order = document()
    (first,), (second,) = await booked(erp, order), await booked(erp, order)
    assert (second.id, second.number, second.digest) == (first.id, first.number, order.digest)
    assert not second.created
    assert len(counterpart.standing(order.key)) == 1


async def test_documents_are_read_back_by_key_and_a_key_never_booked_is_missing(erp: SalesOrders) -> None:
    order = document()
    (result,) = await booked(erp, order)
    found = await erp.find_by_key([order.key, "north:sales-order.create:never"])
    assert set(found) == {order.key}
    assert found[order.key] == result.model_copy(update={"created": False})


async def test_the_same_key_with_other_content_is_a_conflict_and_nothing_is_written(
    erp: SalesOrders, counterpart: Counterpart
) -> None:
    order = document()
    await booked(erp, order)
    before = counterpart.standing(order.key)
    (outcome,) = await book(erp, document(line(net="20.00"), key=order.key, party=order.party))
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, ConflictError)
    assert counterpart.standing(order.key) == before


async def test_a_key_twice_in_one_batch_is_booked_once(erp: SalesOrders, counterpart: Counterpart) -> None:
    order = document()
    one, two = await booked(erp, order, order)
    assert one.id == two.id
    assert len(counterpart.standing(order.key)) == 1


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({"lines": (line("NO-SUCH-ITEM"),)}, "item"),
        ({"warehouse": "NO-SUCH-PLACE"}, "warehouse"),
        ({"lines": (line(taxes=(tax("NO-SUCH-TAX", "0.04", "1.92"),)),)}, "tax"),
    ],
)
async def test_one_bad_order_in_a_batch_fails_alone_and_can_be_repaired(
    erp: SalesOrders, counterpart: Counterpart, fault: dict[str, object], field: str
) -> None:
    good, other, bad = document(), document(), document(**fault)
    first, refused, third = await book(erp, good, bad, other)
    assert isinstance(first, Settled)
    assert isinstance(third, Settled)
    assert isinstance(refused, Failed)
    assert isinstance(refused.error, RejectedError), field
    assert await erp.find_by_key([bad.key]) == {}
    repaired = document(key=bad.key, party=bad.party)
    (result,) = await booked(erp, repaired)
    assert result.total == repaired.total
    assert len(counterpart.standing(bad.key)) == 1


async def test_an_order_that_the_erp_itself_refuses_fails_alone(erp: SalesOrders) -> None:
    """No look-up of ours sees it coming: its gift card exists already, and its customer is gone."""
    sold = document(plain(BookingLineKind.GIFT_CARD_SOLD, "GIFT-25", "25.00"))
    await booked(erp, sold)
    orders = [document() for _ in range(5)]
    orders[2] = document(*sold.lines, source_id=sold.source_id)
    customers = await customers_of(erp, orders)
    lost = orders[2].party.external_id
    customers[lost] = customers[lost].model_copy(update={"id": "99999999"})
    outcomes = await erp.create_sales_orders(orders, customers)
    assert [isinstance(outcome, Settled) for outcome in outcomes] == [True, True, False, True, True]
    assert isinstance(outcomes[2], Failed)
    assert isinstance(outcomes[2].error, RejectedError)


async def test_more_orders_than_one_call_may_carry_are_all_booked(erp: SalesOrders, counterpart: Counterpart) -> None:
    person = document().party
    orders = [document(party=person, tenders=()) for _ in range(53)]
    results = await booked(erp, *orders)
    assert [result.key for result in results] == [order.key for order in orders]


async def test_discount_shipping_tip_duty_and_cash_rounding_come_to_the_orders_total(erp: SalesOrders) -> None:
    order = document(
        line(net="43.20", discount="4.80", taxes=(tax("US-NY-STATE", "0.04", "1.73"),)),
        plain(BookingLineKind.SHIPPING, "SHIPPING", "5.95"),
        plain(BookingLineKind.TIP, "TIP", "3.00"),
        plain(BookingLineKind.DUTY, "DUTY", "7.10"),
        plain(BookingLineKind.CASH_ROUNDING, "ROUNDING", "-0.03"),
    )
    (result,) = await booked(erp, order)
    assert result.total == order.total == usd("60.95")
    assert result.rounding is None


async def test_a_line_given_away_is_booked_for_nothing(erp: SalesOrders) -> None:
    order = document(line(), line(net="0.00", discount="24.00", quantity=1, taxes=()))
    (result,) = await booked(erp, order)
    assert result.total == usd("49.92")


async def test_a_price_that_does_not_divide_by_the_quantity_is_booked_to_the_cent(erp: SalesOrders) -> None:
    order = document(line(net="20.00", quantity=3, taxes=(tax("US-NY-STATE", "0.04", "0.80"),)))
    (result,) = await booked(erp, order)
    assert result.total == usd("20.80")
    assert result.rounding is None


async def test_a_gift_card_sold_and_another_redeemed_leave_the_total_as_it_is(erp: SalesOrders) -> None:
    order = document(line(), plain(BookingLineKind.GIFT_CARD_SOLD, "GIFT-25", "25.00"))
    tenders = (
        Tender(key="t1", method="gift_card", amount=usd("30.00"), captured=True),
        Tender(key="t2", method="shopify_payments", amount=usd("44.92"), captured=False),
    )
    order = order.model_copy(update={"tenders": tenders})
    (result,) = await booked(erp, order)
    assert result.total == order.total == usd("74.92")


async def test_cents_that_the_erps_own_rounding_forces_go_to_one_rounding_line(
    erp: SalesOrders, counterpart: Counterpart
) -> None:
    rates = (("US-NY-STATE", "0.04"), ("US-NY-CITY", "0.045"), ("US-NY-MCTD", "0.00375"))
    lines = [
        line(
            net=net,
            quantity=1,
            taxes=tuple(
                tax(code, rate, str((Decimal(net) * Decimal(rate)).quantize(Decimal("0.01")))) for code, rate in rates
            ),
        )
        for net in ("19.99", "7.49", "33.33", "101.01", "12.37", "5.55")
    ]
    order = document(*lines)
    (result,) = await booked(erp, order)
    assert result.total == order.total
    assert Decimal(counterpart.standing(order.key)[0].total) == order.total.amount
    if result.rounding is not None:
        assert abs(result.rounding.amount) <= Decimal("0.01") * len(lines)


async def test_a_total_further_off_than_rounding_is_refused_by_name_and_nothing_is_booked(
    erp: SalesOrders, counterpart: Counterpart
) -> None:
    order = document(line(taxes=(tax("US-NY-STATE", "0.04", "1.92"),)))
    wrong = order.model_copy(update={"total": usd("50.92")})
    (outcome,) = await book(erp, wrong)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, RejectedError)
    assert outcome.error.code == "total_differs"
    assert outcome.error.field == "total"
    assert counterpart.standing(order.key) == []
    assert await booked(erp, order)


async def test_two_companies_book_the_same_order_name_apart_each_in_its_currency(
    erp: SalesOrders, counterpart: Counterpart
) -> None:
    northern, southern = document(name="#1001"), german(name="#1001")
    south = counterpart.connect("south")
    (one,), (two,) = await booked(erp, northern), await booked(south, southern)
    assert (one.total.currency, two.total.currency) == ("USD", "EUR")
    assert two.total == southern.total
    assert await erp.find_by_key([southern.key]) == {}
    assert set(await south.find_by_key([northern.key, southern.key])) == {southern.key}
    await south.aclose()


async def test_an_order_on_account_is_booked_with_its_terms_and_purchase_order(erp: SalesOrders) -> None:
    order = document(payment_terms_days=30, po_number="PO-77", tenders=())
    (result,) = await booked(erp, order)
    assert result.total == order.total


async def test_an_order_without_addresses_is_booked(erp: SalesOrders) -> None:
    order = document(
        plain(BookingLineKind.GIFT_CARD_SOLD, "GIFT-25", "25.00"), invoice_address=None, shipping_address=None
    )
    (result,) = await booked(erp, order)
    assert result.total == usd("25.00")
