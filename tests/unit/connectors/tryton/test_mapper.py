"""A document becomes the values of a sale; what Tryton lacks is refused by name."""

from decimal import Decimal
from typing import Any

import pytest

from canonical.booking import BookingLineKind, SalesOrderDocument, Tender
from canonical.errors import RejectedError
from connectors.tryton.comment import comment_of, digest_in
from connectors.tryton.mapper import address_values, payment_values, sale_values, unknown_country
from connectors.tryton.schemas import Item, References, Tax, WebShop
from tests.contract.erp.documents import NEW_YORK, document, line, plain, tax, usd

KNOWN = References(
    shops={"north": WebShop(1, 10, 20, "USD")},
    items={
        "TEE-WHI-S": Item(100, 1, gift_card=False),
        "SHIPPING": Item(101, 1, gift_card=False),
        "GIFT-25": Item(102, 1, gift_card=True),
    },
    taxes={"US-NY-STATE": Tax(200, Decimal("0.04"))},
    warehouses={"DC-EAST": 300},
    countries={"US": 400},
    regions={"US-NY": 500},
    terms={"30": 600},
    journals={"shopify_payments": 700, "gift_card": 701},
)


def values(order: SalesOrderDocument, known: References = KNOWN) -> dict[str, Any]:
    return sale_values(order, known, party=1, invoice_address=2, shipment_address=3, invoice_method="order")


def lines(order: SalesOrderDocument) -> list[dict[str, Any]]:
    ((_, created),) = values(order)["lines"]
    return list(created)


def test_the_key_goes_where_tryton_keeps_it_unique_and_the_digest_into_the_comment() -> None:
    order = document()
    found = values(order)
    assert (found["web_shop"], found["web_id"]) == (1, order.key)
    assert digest_in(found["comment"]) == order.digest
    assert found["reference"] == order.name
    assert found["sale_date"] == order.ordered_at.date()


def test_a_clerks_own_words_around_the_digest_do_not_hide_it() -> None:
    assert digest_in(f"Call back.\n{comment_of('a' * 64)}\nCalled.") == "a" * 64
    assert digest_in("Call back.") is None


def test_a_price_is_net_of_its_discount_and_the_line_says_so() -> None:
    (found,) = lines(document(line(net="43.20", discount="4.80", taxes=())))
    assert (found["quantity"], found["unit_price"]) == (2, Decimal("21.6000"))
    assert found["description"] == "TEE-WHI-S as sold (48.00 USD less discount 4.80 USD)"


def test_a_price_that_does_not_divide_keeps_four_digits() -> None:
    (found,) = lines(document(line(net="20.00", quantity=3, taxes=())))
    assert found["unit_price"] == Decimal("6.6667")


def test_taxes_are_trytons_own() -> None:
    (found,) = lines(document(line()))
    assert found["taxes"] == [("add", [200])]


def test_a_sold_gift_card_brings_its_cards_so_that_tryton_issues_none() -> None:
    order = document(plain(BookingLineKind.GIFT_CARD_SOLD, "GIFT-25", "50.00").model_copy(update={"quantity": 2}))
    (found,) = lines(order)
    ((_, cards),) = found["gift_cards"]
    assert [card["value"] for card in cards] == [Decimal("25.00")] * 2
    assert len({card["number"] for card in cards}) == 2


def test_tenders_become_payments_on_the_journal_of_their_method_and_change_given_back_is_paid_out() -> None:
    tenders = (
        Tender(key="t1", method="gift_card", amount=usd("60.00"), captured=True),
        Tender(key="t2", method="shopify_payments", amount=usd("-4.13"), captured=True),
    )
    found = payment_values(document(tenders=tenders), KNOWN, party=1)
    assert [(p["journal"], p["kind"], p["amount"], p["reference"]) for p in found] == [
        (701, "receivable", Decimal("60.00"), "t1"),
        (700, "payable", Decimal("4.13"), "t2"),
    ]


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (document(line("NIX")), "item_unknown"),
        (document(line(taxes=(tax("NIX", "0.04", "1.92"),))), "tax_unknown"),
        (document(line(taxes=(tax("US-NY-STATE", "0.05", "2.40"),))), "erp_mismatch"),
        (document(warehouse="NIX"), "warehouse_unknown"),
        (document(shop="east"), "shop_unknown"),
        (document(payment_terms_days=45), "payment_term_unknown"),
        (
            document(tenders=(Tender(key="t", method="NIX", amount=usd("1.00"), captured=True),)),
            "payment_journal_unknown",
        ),
        (document(plain(BookingLineKind.GIFT_CARD_SOLD, "TEE-WHI-S", "25.00")), "erp_mismatch"),
        (document(line(net="1.00", taxes=(), currency="EUR")), "erp_mismatch"),
    ],
)
def test_what_tryton_lacks_or_has_otherwise_is_refused_by_name(order: SalesOrderDocument, code: str) -> None:
    with pytest.raises(RejectedError) as caught:
        values(order)
    assert (caught.value.code, caught.value.document) == (code, order.name)
    assert caught.value.way_out


def test_a_country_that_tryton_lacks_is_refused_and_a_region_is_left_out() -> None:
    abroad = NEW_YORK.model_copy(update={"country": "NZ", "region": None})
    refusal = unknown_country(document(shipping_address=abroad), KNOWN)
    assert refusal is not None
    assert refusal.code == "country_unknown"
    assert unknown_country(document(), KNOWN) is None
    found = address_values(NEW_YORK.model_copy(update={"region": "ZZ"}), KNOWN)
    assert (found["country"], found["subdivision"]) == (400, None)
