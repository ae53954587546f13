"""Every ERP: invoices come to the order's total, payments are matched, memos come to the refund, to the cent."""

from __future__ import annotations

from decimal import Decimal

import pytest

from canonical.booking import SalesOrderDocument, Tender
from canonical.errors import HeldError, RejectedError
from canonical.money import total
from canonical.ports import SalesOrders, Settlement
from tests.contract.erp.conftest import booked
from tests.contract.erp.documents import document, line, number, tax, usd
from tests.contract.settlement.counterpart import Counterpart
from tests.contract.settlement.postings import (
    credit,
    credit_line,
    error_of,
    goods,
    invoice,
    payment,
    posted,
    shipment,
)

pytestmark = pytest.mark.counterpart


async def test_an_invoice_has_the_orders_total_and_a_payment_settles_it(
    order: SalesOrderDocument, settle: Settlement, counterpart: Counterpart
) -> None:
    (made,) = await posted(settle.post_invoices([invoice(order)]))
    assert made.number
    assert (made.total, counterpart.owed(order.key)) == (order.total, order.total.amount)
    await posted(settle.post_payments([payment(order)]))
    assert counterpart.owed(order.key) == 0


async def test_invoices_by_shipment_come_to_the_orders_total_to_the_cent(
    settle: Settlement, counterpart: Counterpart
) -> None:
    odd = line(net="19.99", taxes=(tax("US-NY-STATE", "0.04", "0.80"),))
    order = document(odd, line("MUG-WHT", "10.01", taxes=(tax("US-NY-STATE", "0.04", "0.40"),), quantity=1))
    erp = counterpart.by_shipment()
    await booked(erp, order)
    await erp.aclose()
    parts = [shipment(order, 1), shipment(order, lines={goods(order): 1, order.lines[1].key: 1})]
    await posted(settle.post_shipments(parts))
    early = await error_of(settle.post_invoices([invoice(order, shipment_key="north:shipment.post:none")]))
    assert isinstance(early, HeldError)
    made = await posted(settle.post_invoices([invoice(order, shipment_key=part.key) for part in parts]))
    totals = [entry.total for entry in made if entry.total is not None]
    assert total(totals, "USD") == order.total
    assert all(part.amount > 0 for part in totals)
    await posted(settle.post_payments([payment(order)]))
    assert counterpart.owed(order.key) == 0


async def test_card_and_gift_card_pay_one_invoice_between_them(
    erp: SalesOrders, settle: Settlement, counterpart: Counterpart
) -> None:
    card, gift = number(), number()
    tenders = (
        Tender(key=card, method="shopify_payments", amount=usd("35.87"), captured=False),
        Tender(key=gift, method="gift_card", amount=usd("20.00"), captured=True),
    )
    order = document(tenders=tenders)
    await booked(erp, order)
    await posted(settle.post_invoices([invoice(order)]))
    await posted(settle.post_payments([payment(order, "20.00", method="gift_card", reference=gift)]))
    await posted(settle.post_payments([payment(order, "15.00", captures=card)]))
    assert counterpart.owed(order.key) == Decimal("20.87")
    await posted(settle.post_payments([payment(order, "20.87", captures=card)]))
    assert counterpart.owed(order.key) == 0


async def test_a_memo_credits_goods_shipping_and_keeps_a_fee_and_the_refund_follows_it(
    order: SalesOrderDocument, settle: Settlement, counterpart: Counterpart
) -> None:
    await posted(settle.post_invoices([invoice(order)]))
    await posted(settle.post_payments([payment(order)]))
    early = await error_of(settle.post_payments([payment(order, "-22.91")]))
    assert isinstance(early, HeldError)
    assert early.code == "credit_missing"
    memo = credit(
        order,
        credit_line(line_id=goods(order), quantity=1),
        credit_line("shipping", "2.95", "0"),
        credit_line("restocking_fee", "-5.00", "0"),
    )
    (made,) = await posted(settle.post_credits([memo]))
    assert made.total == memo.total == usd("22.91")
    (back,) = await posted(settle.post_payments([payment(order, "-22.91")]))
    assert back.total == usd("-22.91")
    assert counterpart.owed(order.key) == 0


async def test_a_cent_of_rounding_is_on_the_memo_and_more_is_refused_by_name(
    order: SalesOrderDocument, settle: Settlement, counterpart: Counterpart
) -> None:
    await posted(settle.post_invoices([invoice(order)]))
    off = credit(order, credit_line(line_id=goods(order), quantity=1, net="24.00", tax="0.96"), total=usd("30.00"))
    error = await error_of(settle.post_credits([off]))
    assert isinstance(error, RejectedError)
    assert error.code == "total_differs"
    assert counterpart.standing(off.key) == 0
    cent = credit(order, credit_line(line_id=goods(order), quantity=1, net="24.00", tax="0.95"))
    (made,) = await posted(settle.post_credits([cent]))
    assert made.total == usd("24.95")


async def test_an_amount_without_goods_is_credited_and_leaves_the_goods_to_come_back(
    order: SalesOrderDocument, settle: Settlement
) -> None:
    await posted(settle.post_invoices([invoice(order)]))
    goodwill = credit(order, credit_line(line_id=goods(order), net="3.00", tax="0"))
    adjusted = credit(order, credit_line("adjustment", "1.00", "0"))
    whole = credit(order, credit_line(line_id=goods(order), quantity=2, net="40.00", tax="1.60"))
    made = await posted(settle.post_credits([goodwill, adjusted, whole]))
    assert [entry.total for entry in made] == [usd("3.00"), usd("1.00"), usd("41.60")]
