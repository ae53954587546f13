"""A document becomes the values of an order; amounts travel as exact text."""

from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from canonical.booking import BookingLineKind, SalesOrderDocument, Tender
from canonical.money import Money
from connectors.lambda_erp.mapper import order_values
from connectors.lambda_erp.remarks import digest_in
from connectors.lambda_erp.schemas import StandingOrder
from connectors.lambda_erp.settings import LambdaErpSettings
from tests.contract.erp.documents import document, line, plain, tax, usd

SETTINGS = LambdaErpSettings(url="http://127.0.0.1:1", api_key=SecretStr("hidden"), company="NORTH")


def values(order: SalesOrderDocument, rounding: Money | None = None) -> dict[str, Any]:
    return order_values(order, SETTINGS, "C001", rounding)


def test_source_and_key_make_the_pair_that_is_kept_unique() -> None:
    order = document()
    found = values(order)
    assert (found["external_source"], found["external_reference"]) == ("crossdock", order.key)
    assert digest_in(found["remarks"]) == order.digest


def test_prices_are_net_with_the_list_price_beside_them_and_warehouses_are_the_companys() -> None:
    (item,) = values(document(line(net="20.00", discount="4.00", quantity=3, taxes=())))["items"]
    assert (item["rate"], item["price_list_rate"]) == ("6.666667", "8.000000")
    assert item["warehouse"] == "DC-EAST - NORT"


def test_a_service_needs_no_warehouse() -> None:
    found = values(document(plain(BookingLineKind.SHIPPING, "SHIPPING", "5.95")))
    assert "warehouse" not in found["items"][0]


def test_each_tax_is_one_row_with_all_that_was_charged_of_it() -> None:
    state, city = tax("US-NY-STATE", "0.04", "1.92"), tax("US-NY-CITY", "0.045", "2.16")
    found = values(document(line(taxes=(state, city)), line(taxes=(state,))))
    assert [(row["account_head"], row["tax_amount"]) for row in found["taxes"]] == [
        ("US-NY-STATE - NORT", "3.84"),
        ("US-NY-CITY - NORT", "2.16"),
    ]


def test_a_cash_rounding_below_zero_is_a_row_beside_the_taxes() -> None:
    found = values(document(line(taxes=()), plain(BookingLineKind.CASH_ROUNDING, "ROUNDING", "-0.02")))
    assert len(found["items"]) == 1
    assert [(row["account_head"], row["tax_amount"]) for row in found["taxes"]] == [("Round Off - NORT", "-0.02")]


def test_the_remarks_tell_tenders_terms_and_where_it_goes() -> None:
    tenders = (Tender(key="t1", method="gift_card", amount=usd("30.00"), captured=True),)
    remarks = values(document(tenders=tenders, payment_terms_days=30, po_number="PO-7"))["remarks"]
    assert "Paid 30.00 USD by gift_card (t1)" in remarks
    assert "Payment within 30 days" in remarks
    assert "Purchase order PO-7" in remarks
    assert "1 Pier" in remarks


def test_an_order_read_back_has_cents_its_digest_and_our_rounding_apart_from_the_cash_rounding() -> None:
    order = document(line(taxes=()), plain(BookingLineKind.CASH_ROUNDING, "ROUNDING", "-0.02"))
    row = values(order, usd("0.01")) | {
        "name": "SO-1",
        "docstatus": 1,
        "status": "To Deliver and Bill",
        "grand_total": Decimal("47.990000000000002"),
    }
    row["taxes"] = [entry | {"tax_amount": Decimal(entry["tax_amount"])} for entry in row["taxes"]]
    told = StandingOrder.of(row).told()
    assert (told.total, told.digest, told.rounding) == (usd("47.99"), order.digest, usd("0.01"))
