"""An order node becomes the canonical order, whole or as what a webhook lacked."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from canonical.errors import RejectedError
from canonical.fulfillment import FulfillmentOrderStatus
from canonical.order import DiscountKind, FinancialStatus, RiskAdvice, TransactionKind, TransactionStatus
from connectors.shopify.mapper_graphql import completed, edited_since, order_from_node
from connectors.shopify.mapper_rest import order_from_webhook
from tests.unit.connectors.shopify.nodes import bag, beyond, fulfillment_order, line, page, whole
from tests.unit.connectors.shopify.orders import webhook

COMPANY = {
    "company": {"id": "gid://shopify/Company/11", "name": "Acme Ltd", "externalId": "C-11"},
    "location": {"id": "gid://shopify/CompanyLocation/12", "name": "Acme Leeds", "externalId": None},
    "contact": {"id": "gid://shopify/CompanyContact/13"},
}


def test_a_whole_order_is_understood() -> None:
    order = order_from_node(whole(), "north")
    assert (order.shop, order.id, order.name, order.source) == ("north", "5", "#1005", "web")
    assert order.financial_status is FinancialStatus.PAID
    assert order.risk is RiskAdvice.ACCEPT
    assert order.customer is not None
    assert (order.customer.id, order.customer.name, order.customer.email) == ("60", "Ada Byron", "ada@example.com")
    assert order.shipping_address is not None
    assert (order.shipping_address.line1, order.shipping_address.country) == ("1 Mill Lane", "US")
    assert (order.lines[0].variant_id, order.lines[0].product_id, order.lines[0].sku) == ("41", "40", "PARKA-M")
    assert (order.shipping[0].id, order.shipping[0].code) == ("90", "STANDARD")
    assert order.totals.total.shop.amount == Decimal("25.00")


def test_transactions_and_fulfillment_orders_come_with_it() -> None:
    order = order_from_node(whole(), "north")
    paid, asked = order.transactions[0], order.fulfillment_orders[0]
    assert (paid.kind, paid.status, paid.gateway) == (
        TransactionKind.SALE,
        TransactionStatus.SUCCESS,
        "shopify_payments",
    )
    assert (asked.status, asked.location_id, asked.method) == (FulfillmentOrderStatus.OPEN, "31", "shipping")
    assert (asked.lines[0].line_id, asked.lines[0].quantity, asked.lines[0].remaining) == ("70", 2, 1)


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("EMV_AUTHORIZATION", "AWAITING_RESPONSE", (TransactionKind.AUTHORIZATION, TransactionStatus.PENDING)),
        ("SUGGESTED_REFUND", "UNKNOWN", (TransactionKind.OTHER, TransactionStatus.UNKNOWN)),
        ("BARTER", "MAYBE", (TransactionKind.OTHER, TransactionStatus.UNKNOWN)),
    ],
)
def test_transactions_of_odd_kinds_have_a_place(kind: str, status: str, expected: tuple[Any, Any]) -> None:
    entry = {**beyond()["transactions"][0], "kind": kind, "status": status, "gateway": None}
    paid = order_from_node(whole(transactions=[entry]), "north").transactions[0]
    assert (paid.kind, paid.status) == expected
    assert paid.gateway == "unknown"


def test_discounts_are_found_by_their_index() -> None:
    applications = [
        {"index": 3, "__typename": "DiscountCodeApplication", "targetType": "LINE_ITEM", "code": "WELCOME10"},
        {"index": 7, "__typename": "AutomaticDiscountApplication", "targetType": "SHIPPING_LINE", "title": "Free"},
    ]
    allocation = {"allocatedAmountSet": bag("2.00"), "discountApplication": {"index": 7}}
    node = whole(discountApplications={"nodes": applications}, lineItems=page(line(discountAllocations=[allocation])))
    order = order_from_node(node, "north")
    assert [(d.kind, d.label, d.target) for d in order.discounts] == [
        (DiscountKind.CODE, "WELCOME10", "line_item"),
        (DiscountKind.AUTOMATIC, "Free", "shipping_line"),
    ]
    assert order.lines[0].allocations[0].application == 1


def test_a_business_customer_comes_with_names_and_account() -> None:
    company = order_from_node(whole(purchasingEntity=COMPANY), "north").company
    assert company is not None
    assert (company.id, company.name, company.account, company.contact_id) == ("11", "Acme Ltd", "C-11", "13")
    assert company.location is not None
    assert (company.location.id, company.location.name, company.location.account) == ("12", "Acme Leeds", None)


def test_fees_duties_and_terms_are_read() -> None:
    terms = {
        "paymentTermsName": "Net 30",
        "dueInDays": 30,
        "paymentSchedules": {"nodes": [{"dueAt": "2026-12-23T00:00:00Z"}]},
    }
    duty = {"harmonizedSystemCode": "6201", "countryCodeOfOrigin": "PT", "price": bag("3.00"), "taxLines": []}
    node = whole(
        paymentTerms=terms,
        lineItems=page(line(duties=[duty])),
        originalTotalDutiesSet=bag("3.00"),
        originalTotalAdditionalFeesSet=bag("0.29"),
    )
    order = order_from_node(node, "north")
    assert order.payment_terms is not None
    assert order.payment_terms.due_at == datetime(2026, 12, 23, tzinfo=UTC)
    assert order.lines[0].duties[0].origin_country == "PT"
    assert order.totals.duties.shop.amount == Decimal("3.00")
    assert order.totals.fees is not None


def test_a_tax_rate_that_came_as_a_number_is_exact() -> None:
    tax = {"title": "NY", "rate": 0.08875, "priceSet": bag("1.78")}
    assert order_from_node(whole(lineItems=page(line(taxLines=[tax]))), "north").lines[0].taxes[0].rate == Decimal(
        "0.08875"
    )


def test_risk_advice_that_is_new_to_us_is_looked_at_by_a_person() -> None:
    assert order_from_node(whole(risk={"recommendation": "PONDER"}), "north").risk is RiskAdvice.INVESTIGATE


def test_a_completed_order_keeps_its_lines_and_learns_the_rest() -> None:
    order = order_from_webhook(webhook(financial_status="pending", cancelled_at=None), "north", "#9999")
    node = beyond(
        820982911946154508, cancelledAt="2026-11-23T11:00:00Z", cancelReason="FRAUD", purchasingEntity=COMPANY
    )
    full = completed(order, node)
    assert (full.lines, full.totals, full.updated_at) == (order.lines, order.totals, order.updated_at)
    assert (full.financial_status, full.cancel_reason) == (FinancialStatus.PAID, "fraud")
    assert full.cancelled_at == datetime(2026, 11, 23, 11, tzinfo=UTC)
    assert (full.risk, len(full.transactions), len(full.fulfillment_orders)) == (RiskAdvice.ACCEPT, 1, 1)
    assert full.company is not None
    assert full.company.name == "Acme Ltd"


def test_only_an_edit_after_the_webhook_makes_its_lines_old() -> None:
    order = order_from_node(whole(), "north")
    assert not edited_since(order, beyond(edited=True))
    assert not edited_since(order, beyond(updatedAt="2026-11-23T10:00:05Z"))
    assert edited_since(order, beyond(edited=True, updatedAt="2026-11-23T10:00:05Z"))


COUPON = {"index": 0, "__typename": "Coupon", "targetType": "LINE_ITEM"}
STRAY = {"allocatedAmountSet": bag("1"), "discountApplication": {"index": 9}}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"totalPriceSet": None}, "totalPriceSet"),
        ({"displayFinancialStatus": "HAGGLING"}, "financial_status"),
        ({"fulfillmentOrders": page(fulfillment_order(status="LOST"))}, "fulfillmentOrders.status"),
        ({"discountApplications": {"nodes": [COUPON]}}, "discountApplications.0"),
        ({"lineItems": page(line(discountAllocations=[STRAY]))}, "discountAllocations"),
    ],
)
def test_a_node_that_is_not_understood_is_refused_by_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RejectedError) as caught:
        order_from_node(whole(**changes), "north")
    assert (caught.value.document, caught.value.field) == ("#1005", field)
