"""The sales order document: to the cent what the order says, whatever was bought, discounted, taxed or given."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical.booking import BookingLine, BookingLineKind, SalesOrderDocument
from canonical.errors import HeldError, RejectedError
from canonical.money import Money, MoneyPair, total
from canonical.order import Duty, Order, OrderLine, ShippingLine, TransactionKind, TransactionStatus
from canonical.party import PartyKind
from canonical.rules import example, totals
from canonical.rules.booking import sales_order_document
from canonical.rules.example import pair, payment

RATES = st.sampled_from(["0", "0.05", "0.07", "0.0825", "0.19", "0.25"])
CENT = Decimal("0.01")


class EverythingMapped:
    """Mappings that know every name by itself."""

    def item(self, shop: str, sku: str | None, variant_id: str | None) -> str | None:
        return sku or variant_id

    def tax(self, shop: str, title: str, rate: str | None, country: str | None, region: str | None) -> str | None:
        return f"{title}@{rate}"

    def shipping_method(self, shop: str, code: str | None, title: str) -> str | None:
        return code or title

    def location(self, shop: str, location_id: str | None, name: str | None) -> str | None:
        return name or location_id

    def payment_method(self, shop: str, gateway: str) -> str | None:
        return gateway

    def account_item(self, shop: str, purpose: str) -> str | None:
        return purpose.upper()


def cents(number: int) -> str:
    return str(Decimal(number) / 100)


@st.composite
def sold(draw: st.DrawFn, number: int, *, included: bool) -> OrderLine:
    """A line with up to two taxes and a discount that leaves something between nothing and everything."""
    price, quantity = draw(st.integers(0, 50_000)), draw(st.integers(1, 9))
    whole = price * quantity
    saved = draw(st.integers(0, whole))
    rates = [Decimal(r) for r in draw(st.lists(RATES, max_size=2))]
    inside = 1 + sum(rates) if included else Decimal(1)
    taxes = [((whole - saved) * CENT * r / inside).quantize(CENT, ROUND_HALF_UP) for r in rates]
    return example.line(
        id=str(number),
        price=cents(price),
        quantity=quantity,
        allocations=(example.allocation(cents(saved)),) if saved else (),
        taxes=tuple(
            example.tax(str(amount), f"Tax {i}", str(r)) for i, (amount, r) in enumerate(zip(taxes, rates, strict=True))
        ),
    )


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Any order in one currency: lines, a delivery, perhaps a tip line and a duty; tax on top or inside."""
    included = draw(st.booleans())
    lines = [draw(sold(n, included=included)) for n in range(draw(st.integers(1, 6)))]
    if draw(st.booleans()):
        lines.append(example.line(id="tip", price=cents(draw(st.integers(1, 2000))), is_tip=True, taxes=(), sku=None))
    if draw(st.booleans()):
        lines[0] = lines[0].model_copy(update={"duties": (Duty(amount=pair(cents(draw(st.integers(1, 900))))),)})
    price = draw(st.integers(0, 3000))
    delivery = ShippingLine(
        id="21",
        title="Standard",
        code="STANDARD",
        price=pair(cents(price)),
        allocations=(example.allocation(cents(draw(st.integers(0, price)))),),
    )
    made = example.order(lines=tuple(lines), shipping=(delivery,), taxes_included=included)
    tips = made.totals.model_copy(update={"tips": pair(totals.tip_total(made))})
    return made.model_copy(update={"totals": tips})


def booked(order: Order, mappings: Any = example.MAPPINGS) -> SalesOrderDocument:
    return sales_order_document(order, mappings, example.COMPANY)


def only(document: SalesOrderDocument, kind: BookingLineKind) -> BookingLine:
    (line,) = (line for line in document.lines if line.kind is kind)
    return line


@given(orders())
def test_the_document_comes_to_the_order_total_exactly(order: Order) -> None:
    document = booked(order, EverythingMapped())
    assert document.total == order.totals.total.shop
    assert total((line.gross for line in document.lines), "USD") == document.total
    assert total((t.amount for line in document.lines for t in line.taxes), "USD") == order.totals.tax.shop


@given(orders())
def test_every_line_is_whole_cents_and_list_price_less_discount_is_net(order: Order) -> None:
    for line in booked(order, EverythingMapped()).lines:
        assert line.list_net - line.discount == line.net
        for amount in (line.list_net, line.discount, line.net, *(t.amount for t in line.taxes)):
            assert amount.rounded() == amount
        assert line.discount.amount >= 0


@given(orders())
def test_the_same_order_gives_the_same_document_and_digest(order: Order) -> None:
    once, again = booked(order, EverythingMapped()), booked(Order.model_validate(order), EverythingMapped())
    assert (once, once.digest) == (again, again.digest)
    assert len({line.key for line in once.lines}) == len(once.lines)


@given(orders())
def test_a_sound_order_has_no_difference_in_any_figure(order: Order) -> None:
    assert totals.differences(order) == ()
    assert totals.tax_difference(order) is None


@given(orders(), st.integers(1, 10_000))
def test_a_total_that_is_off_is_found_and_refused(order: Order, off: int) -> None:
    wrong = order.totals.total + pair(cents(off))
    bad = order.model_copy(update={"totals": order.totals.model_copy(update={"total": wrong})})
    assert [d.figure for d in totals.differences(bad)] == ["total"]
    with pytest.raises(RejectedError, match="is missing"):
        booked(bad, EverythingMapped())


def test_a_price_with_tax_inside_is_taken_apart() -> None:
    line = example.line(price="119.00", taxes=(example.tax("17.10", rate="0.09"),), allocations=())
    document = booked(example.order(lines=(line,), taxes_included=True))
    item = only(document, BookingLineKind.ITEM)
    assert [str(m) for m in (item.list_net, item.discount, item.net, item.gross)] == [
        "101.90 USD",
        "0.00 USD",
        "101.90 USD",
        "119.00 USD",
    ]


def test_a_line_given_away_keeps_its_list_price_without_tax() -> None:
    line = example.line(price="109.00", taxes=(example.tax("0.00"),), allocations=(example.allocation("109.00"),))
    item = only(booked(example.order(lines=(line,), taxes_included=True)), BookingLineKind.ITEM)
    assert [str(m) for m in (item.list_net, item.discount, item.net)] == ["100.00 USD", "100.00 USD", "0.00 USD"]
    assert item.taxes == ()


def test_a_gift_card_sold_is_a_liability_without_tax() -> None:
    card = example.line(id="12", sku="GIFT-25", price="25.00", is_gift_card=True, taxes=(), requires_shipping=False)
    document = booked(example.order(lines=(example.line(), card)))
    line = only(document, BookingLineKind.GIFT_CARD_SOLD)
    assert (line.item, str(line.net), line.taxes) == ("GIFT-25", "25.00 USD", ())


def test_a_gift_card_sold_with_tax_is_refused_by_name() -> None:
    card = example.line(sku="GIFT-25", price="25.00", is_gift_card=True)
    with pytest.raises(RejectedError, match=r"#1001 total: .*1\.80 USD is missing"):
        booked(example.order(lines=(card,)))


def test_a_gift_card_redeemed_is_a_tender_and_the_price_stays() -> None:
    paid = (payment("10.00", "gift_card", id="1"), payment("13.80", id="2"))
    document = booked(example.order(transactions=paid))
    assert [(t.method, str(t.amount), t.captured) for t in document.tenders] == [
        ("GIFT", "10.00 USD", True),
        ("CARD", "13.80 USD", True),
    ]
    assert str(document.total) == "23.80 USD"


def test_an_authorisation_is_a_tender_not_captured_until_a_capture_takes_its_place() -> None:
    held = payment("23.80", id="1", kind=TransactionKind.AUTHORIZATION)
    open_only = booked(example.order(transactions=(held,), financial_status="authorized"))
    assert [(t.key, t.captured) for t in open_only.tenders] == [("1", False)]
    taken = payment("20.00", id="2", kind=TransactionKind.CAPTURE, parent_id="1")
    both = booked(example.order(transactions=(held, taken)))
    assert [(t.key, str(t.amount), t.captured) for t in both.tenders] == [
        ("1", "3.80 USD", False),
        ("2", "20.00 USD", True),
    ]
    voided = payment("23.80", id="3", kind=TransactionKind.VOID, parent_id="1")
    assert booked(example.order(transactions=(held, voided))).tenders == ()


def test_failed_and_pending_transactions_are_no_tenders_and_change_counts_back() -> None:
    paid = (
        payment("23.80", id="1", status=TransactionStatus.FAILURE),
        payment("23.80", id="2", status=TransactionStatus.PENDING),
        payment("30.00", id="3"),
        payment("6.20", id="4", kind=TransactionKind.CHANGE),
        payment("5.00", id="5", kind=TransactionKind.REFUND),
    )
    document = booked(example.order(transactions=paid))
    assert [str(t.amount) for t in document.tenders] == ["30.00 USD", "-6.20 USD"]


@pytest.mark.parametrize(
    ("figure", "kind", "item", "amount"),
    [
        ("tips", BookingLineKind.TIP, "TIP", "5.00"),
        ("fees", BookingLineKind.FEE, "FEE", "1.50"),
        ("cash_rounding", BookingLineKind.CASH_ROUNDING, "CASH_ROUNDING", "-0.02"),
    ],
)
def test_what_only_the_totals_state_is_booked_on_its_own_line(
    figure: str, kind: BookingLineKind, item: str, amount: str
) -> None:
    order = example.order()
    stated = order.totals.model_copy(update={figure: pair(amount)})
    whole = stated.model_copy(update={"total": pair(totals.order_total(order.model_copy(update={"totals": stated})))})
    document = booked(order.model_copy(update={"totals": whole}), EverythingMapped())
    line = only(document, kind)
    assert (line.item, line.net) == (item, Money.of(amount, "USD"))
    assert document.total == Money.of("23.80", "USD") + line.net


def test_a_line_of_no_unit_is_not_booked() -> None:
    nothing = example.line(id="12", quantity=0, taxes=())
    assert [line.key for line in booked(example.order(lines=(example.line(), nothing))).lines] == ["11", "shipping-21"]


def test_duties_are_lines_of_their_own() -> None:
    line = example.line(duties=(Duty(amount=pair("1.60"), customs_code="610910"),))
    document = booked(example.order(lines=(line,)))
    duty = only(document, BookingLineKind.DUTY)
    assert (duty.item, str(duty.net), duty.description) == ("DUTY", "1.60 USD", "Duty on TEE-1")


def test_the_warehouse_is_where_most_units_ship_from_else_that_of_the_company() -> None:
    def place(number: str, units: int) -> Any:
        asked = example.fulfillment_order().lines[0].model_copy(update={"quantity": units})
        return example.fulfillment_order(id=number, location_id=number, lines=(asked,))

    assert booked(example.order(fulfillment_orders=(place("7", 1), place("8", 3)))).warehouse == "DC-WEST"
    assert booked(example.order(fulfillment_orders=(place("8", 2), place("7", 2)))).warehouse == "DC-WEST"
    assert booked(example.order(fulfillment_orders=())).warehouse == "MAIN"


def test_a_decided_warehouse_goes_before_that_of_the_requests_and_makes_no_other_document() -> None:
    asked = example.order(fulfillment_orders=(example.fulfillment_order(location_id="8"),))
    by_request = booked(asked)
    decided = sales_order_document(asked, example.MAPPINGS, example.COMPANY, "DC-EAST")
    assert (by_request.warehouse, decided.warehouse) == ("DC-WEST", "DC-EAST")
    assert by_request.digest == decided.digest
    assert decided.digest != decided.model_copy(update={"po_number": "PO-7"}).digest


def converted(**presentment: str) -> Order:
    """The order in two currencies, whose shop side is a cent short of its lines."""
    order = example.order()
    pairs = {
        name: MoneyPair(shop=amount.shop, presentment=Money(amount=amount.shop.amount, currency="CAD"))
        for name, amount in order.totals
        if amount is not None
    }

    def foreign(amount: MoneyPair) -> MoneyPair:
        return MoneyPair(shop=amount.shop, presentment=Money(amount=amount.shop.amount, currency="CAD"))

    line = order.lines[0]
    tax = line.taxes[0].model_copy(update={"amount": foreign(line.taxes[0].amount)})
    lines = (line.model_copy(update={"unit_price": foreign(line.unit_price), "taxes": (tax,)}),)
    shipping = (order.shipping[0].model_copy(update={"price": foreign(order.shipping[0].price)}),)
    short = MoneyPair(shop=Money.of("23.79", "USD"), presentment=Money.of(presentment.get("total", "23.80"), "CAD"))
    return order.model_copy(
        update={
            "presentment_currency": "CAD",
            "lines": lines,
            "shipping": shipping,
            "totals": order.totals.model_copy(update=pairs | {"total": short}),
        }
    )


def test_a_cent_lost_by_conversion_goes_to_a_rounding_line() -> None:
    order = converted()
    assert totals.differences(order) == ()
    document = booked(order, EverythingMapped())
    line = only(document, BookingLineKind.CASH_ROUNDING)
    assert (str(line.net), str(document.total)) == ("-0.01 USD", "23.79 USD")
    with pytest.raises(RejectedError):
        booked(order)  # no item is mapped to book a rounding on


def test_what_the_shopper_saw_adds_up_to_the_cent() -> None:
    found = totals.differences(converted(total="23.81"))
    assert [(d.figure, d.side, str(d.amount)) for d in found] == [("total", totals.Side.PRESENTMENT, "0.01 CAD")]


def test_a_company_of_another_currency_is_refused() -> None:
    company = example.COMPANY.model_copy(update={"currency": "EUR"})
    with pytest.raises(RejectedError, match="the order is in USD, company north in EUR"):
        sales_order_document(example.order(), example.MAPPINGS, company)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda: {"lines": (example.line(sku="NEW"),)}, "item_unmapped"),
        (lambda: {"shipping_code": "DRONE"}, "shipping_method_unmapped"),
        (lambda: {"gateway": "barter"}, "payment_method_unmapped"),
        (lambda: {"location_name": "Attic"}, "location_unmapped"),
        (lambda: {"lines": (example.line(tax_title="Levy"),)}, "tax_unknown"),
        (lambda: {"tip": "3.00"}, "account_item_unmapped"),
    ],
)
def test_a_missing_mapping_holds_the_booking(change: Callable[[], dict[str, Any]], code: str) -> None:
    with pytest.raises(HeldError) as caught:
        booked(example.order(**change()))
    assert caught.value.code == code
    assert caught.value.document == "#1001"


def test_a_company_is_booked_on_its_own_account_and_never_by_email() -> None:
    party = booked(example.on_terms()).party
    assert (party.kind, party.external_id, party.account, party.email) == (
        PartyKind.COMPANY,
        "north:company:900",
        "B001",
        None,
    )
    assert booked(example.on_terms()).payment_terms_days == 30


def test_a_guest_is_known_by_the_order_and_by_email() -> None:
    party = booked(example.order(customer=None)).party
    assert (party.kind, party.external_id, party.email, party.name) == (
        PartyKind.GUEST,
        "north:guest:5123",
        "ada@example.com",
        "Ada Marsh",
    )


def test_a_walk_in_released_by_hand_is_booked_on_a_guest_named_after_the_order() -> None:
    order = example.order(customer=None, email=None, billing=None, shipping_address=None)
    assert booked(order).party.name == "Guest of #1001"


def test_two_shops_book_the_same_order_number_under_two_keys() -> None:
    north = booked(example.order(), EverythingMapped())
    south = booked(example.order(shop="south"), EverythingMapped())
    assert north.key != south.key
    assert north.party.external_id != south.party.external_id
