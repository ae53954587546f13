"""An order webhook becomes the canonical order: exactly, or refused by the name of the field."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from canonical.errors import RejectedError
from canonical.money import Money
from canonical.order import DiscountKind, FinancialStatus, Order, RiskAdvice
from connectors.shopify.mapper_rest import order_from_webhook
from tests.unit.connectors.shopify.orders import TIP, line, money, webhook


def mapped(**changes: Any) -> Order:
    return order_from_webhook(webhook(**changes), "north", "#9999")


def refused(**changes: Any) -> RejectedError:
    with pytest.raises(RejectedError) as caught:
        mapped(**changes)
    assert caught.value.document == "#9999"
    assert caught.value.way_out
    return caught.value


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


def test_the_published_sample_is_understood() -> None:
    order = mapped()
    assert (order.shop, order.id, order.name) == ("north", "820982911946154508", "#9999")
    assert order.updated_at == datetime(2022, 1, 1, tzinfo=UTC)
    assert order.financial_status is FinancialStatus.VOIDED
    assert (order.test, order.cancel_reason, order.source) == (True, "customer", "web")
    assert len(order.lines) == 5
    assert order.lines[0].unit_price.shop == usd("89.99")
    assert order.lines[0].product_id == "788032119674292900"
    assert order.lines[0].variant_id is None
    assert order.totals.total.shop == usd("404.95")
    assert order.totals.shipping.shop == usd("10.00")
    assert order.totals.fees is None
    assert order.customer is not None
    assert (order.customer.name, order.customer.email) == ("John Smith", "john@example.com")
    assert order.shipping_address is not None
    assert (order.shipping_address.line1, order.shipping_address.region) == ("123 Shipping Street", "KY")
    assert order.risk is RiskAdvice.NONE
    assert not order.transactions


def test_ids_beyond_what_a_float_can_hold_keep_every_digit() -> None:
    assert mapped(id=9007199254740993).id == "9007199254740993"


def test_a_rate_is_the_decimal_that_was_written() -> None:
    tax = {"title": "County", "rate": 0.0725, "price": "6.52", "price_set": money("6.52")}
    order = mapped(line_items=[line(tax_lines=[tax])])
    assert order.lines[0].taxes[0].rate == Decimal("0.0725")
    assert order.lines[0].taxes[0].code == "County@0.0725"


def test_discounts_of_every_kind_keep_their_place() -> None:
    applications = [
        {"type": "discount_code", "target_type": "line_item", "code": "WELCOME10"},
        {"type": "automatic", "target_type": "shipping_line", "title": "Free delivery"},
        {"type": "manual", "target_type": "line_item", "title": "", "description": "Goodwill"},
        {"type": "script", "target_type": "line_item", "title": "Bundle"},
    ]
    allocation = {"amount_set": money("1.50"), "discount_application_index": 2}
    order = mapped(discount_applications=applications, line_items=[line(discount_allocations=[allocation])])
    assert [d.kind for d in order.discounts] == list(DiscountKind)
    assert [d.label for d in order.discounts] == ["WELCOME10", "Free delivery", "Goodwill", "Bundle"]
    assert order.discounts[1].target == "shipping_line"
    assert order.lines[0].allocations[0].application == 2
    assert order.lines[0].allocations[0].amount.shop == usd("1.50")


def test_a_tip_is_a_line_and_a_total() -> None:
    order = mapped(line_items=[line(), TIP], total_tip_received="3.59")
    assert [entry.is_tip for entry in order.lines] == [False, True]
    assert order.totals.tips.shop == usd("3.59")


def test_a_tip_without_its_mark_is_known_by_its_worth() -> None:
    unmarked = {**TIP, "tip": None, "title": "Trinkgeld"}
    order = mapped(line_items=[line(), unmarked], total_tip_received="3.59")
    assert [entry.is_tip for entry in order.lines] == [False, True]


def test_a_custom_item_of_an_order_without_tips_is_no_tip() -> None:
    custom = {**TIP, "tip": None, "title": "Engraving"}
    assert not mapped(line_items=[custom], total_tip_received="0.00").lines[0].is_tip


def test_tips_are_told_in_the_shoppers_currency_too() -> None:
    tip = {**TIP, "price_set": money("3.59", "3.29", shown="EUR")}
    order = mapped(line_items=[tip], total_tip_received="3.59", presentment_currency="EUR")
    assert order.totals.tips.presentment == Money.of("3.29", "EUR")


def test_a_gift_card_that_is_sold_is_marked() -> None:
    assert mapped(line_items=[line(gift_card=True, requires_shipping=False)]).lines[0].is_gift_card


@pytest.mark.parametrize("wrapped", [False, True], ids=["bare", "as a set"])
def test_duties_are_read_in_both_forms(wrapped: bool) -> None:
    amounts = money("12.00", "11.00", shown="EUR")
    tax = {"title": "VAT", "rate": 0.2, "price_set": money("2.40", "2.20", shown="EUR")}
    duty = {
        "id": "2",
        "harmonized_system_code": "520300",
        "country_code_of_origin": "CA",
        **({"price_set": amounts} if wrapped else amounts),
        "tax_lines": [tax],
    }
    order = mapped(line_items=[line(duties=[duty])], original_total_duties_set=amounts)
    found = order.lines[0].duties[0]
    assert (found.amount.shop, found.customs_code, found.origin_country) == (usd("12.00"), "520300", "CA")
    assert found.taxes[0].amount.presentment == Money.of("2.20", "EUR")
    assert order.totals.duties.shop == usd("12.00")


def test_fees_and_cash_rounding_are_totals_of_their_own() -> None:
    order = mapped(
        original_total_additional_fees_set=money("0.29"), total_cash_rounding_payment_adjustment_set=money("-0.02")
    )
    assert order.totals.fees is not None
    assert order.totals.fees.shop == usd("0.29")
    assert order.totals.cash_rounding.shop == usd("-0.02")


def test_a_business_customer_is_known_by_id_until_completed() -> None:
    order = mapped(company={"id": 77, "location_id": 88}, po_number="PO-5")
    assert order.company is not None
    assert order.company.location is not None
    assert (order.company.id, order.company.location.id, order.po_number) == ("77", "88", "PO-5")


def test_payment_terms_say_when_it_is_due() -> None:
    terms = {
        "payment_terms_name": "Net 30",
        "due_in_days": 30,
        "payment_schedules": [{"due_at": "2026-05-01T00:00:00+02:00", "amount": "10.00"}],
    }
    order = mapped(payment_terms=terms)
    assert order.payment_terms is not None
    assert (order.payment_terms.name, order.payment_terms.due_in_days) == ("Net 30", 30)
    assert order.payment_terms.due_at == datetime(2026, 4, 30, 22, tzinfo=UTC)


def test_an_order_may_lack_customer_addresses_and_shipping() -> None:
    order = mapped(customer=None, billing_address=None, shipping_address=None, shipping_lines=[], email="", note=" ")
    assert (order.customer, order.billing, order.shipping_address, order.shipping) == (None, None, None, ())
    assert (order.email, order.note) == (None, None)


def test_keys_that_shopify_leaves_out_are_not_missed() -> None:
    body = webhook()
    for name in ("customer", "billing_address", "shipping_address", "payment_terms", "company", "po_number", "note"):
        body.pop(name, None)
    assert order_from_webhook(body, "north", "#9999").customer is None


def test_an_order_nobody_paid_yet_is_pending() -> None:
    assert mapped(financial_status=None).financial_status is FinancialStatus.PENDING


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"financial_status": "haggling"}, "financial_status"),
        ({"total_price_set": None}, "total_price_set"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"line_items": [line(quantity="many")]}, "line_items.0.quantity"),
        ({"line_items": [line(price_set=money("ten"))]}, "line_items.0.price_set.shop_money.amount"),
        ({"line_items": [line(id="gid://shopify/LineItem/x")]}, "line_items.0.id"),
        ({"discount_applications": [{"type": "coupon"}]}, "discount_applications.0.type"),
        ({"line_items": [line(duties=[{"id": "2"}])]}, "line_items.duties"),
    ],
)
def test_a_body_that_is_not_understood_is_refused_by_field(changes: dict[str, Any], field: str) -> None:
    assert refused(**changes).field == field


def test_two_amounts_in_one_currency_must_agree() -> None:
    assert "differ in the same currency" in str(refused(total_price_set=money("404.95", "400.00")))


def test_a_refusal_does_not_quote_the_shopper() -> None:
    error = refused(customer={"id": "jane.doe@example.com", "first_name": "Jane"})
    assert "jane" not in str(error).lower()
