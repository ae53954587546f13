"""Checks and decisions: what holds, what is quarantined, what is skipped, and what a person may overrule."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from canonical.landscape import Shop
from canonical.order import DiscountAllocation, Order, ShippingLine
from canonical.rules import example
from canonical.rules.example import NOW, allocation, line, order, pair, payment
from canonical.rules.order_checks import CHECKS, decide
from canonical.rules.verdicts import Decision, DecisionOutcome, Owner, Release
from canonical.states import OrderState


def decision_on(
    the_order: Order, *, waived: frozenset[str] = frozenset(), after: timedelta = timedelta(0), **policy: Any
) -> Decision:
    shop: Shop = example.context(**policy).shop
    return decide(the_order, example.MAPPINGS, shop, now=NOW + after, waived=waived)


def codes(decision: Decision) -> list[str]:
    return [finding.code for finding in decision.findings]


def test_a_sound_order_is_accepted_without_findings() -> None:
    decision = decision_on(order())
    assert (decision.outcome, decision.findings, decision.state) == (DecisionOutcome.ACCEPTED, (), OrderState.ACCEPTED)


@pytest.mark.parametrize(
    ("make", "outcome", "code", "owner"),
    [
        (lambda: order(customer=None, email=None, billing=None, shipping_address=None, shipping=(),
                       fulfillment_orders=()), "held", "customer_missing", "operations"),
        (lambda: order(shipping_address=None), "held", "shipping_address_missing", "operations"),
        (lambda: order(financial_status="pending"), "held", "payment_pending", "finance"),
        (lambda: order(financial_status="partially_paid"), "held", "payment_pending", "finance"),
        (lambda: order(financial_status="voided"), "held", "payment_voided", "finance"),
        (lambda: order(financial_status="expired"), "held", "payment_expired", "finance"),
        (lambda: order(financial_status="refunded"), "held", "payment_refunded", "finance"),
        (lambda: order(risk="investigate"), "held", "fraud_review", "fraud"),
        (lambda: order(risk="cancel"), "held", "fraud_review", "fraud"),
        (lambda: order(lines=(line(sku="NEW"),)), "held", "item_unmapped", "master data"),
        (lambda: order(lines=(line(tax_title="Levy"),)), "held", "tax_unknown", "finance"),
        (lambda: order(lines=(line(taxes=(example.tax("1.80").model_copy(update={"rate": None}),)),)), "held",
         "tax_unknown", "finance"),
        (lambda: order(shipping_code="DRONE"), "held", "shipping_method_unmapped", "master data"),
        (lambda: order(location_name="Attic"), "held", "location_unmapped", "master data"),
        (lambda: order(gateway="barter"), "held", "payment_method_unmapped", "finance"),
        (lambda: order(tip="1.00"), "held", "account_item_unmapped", "finance"),
        (lambda: order(lines=(line(quantity=2, current_quantity=1),)), "held", "edited_before_booking", "operations"),
        (lambda: order(total="23.81"), "quarantined", "totals_do_not_add_up", "operations"),
        (lambda: order(tax="1.79"), "quarantined", "tax_lines_do_not_add_up", "operations"),
        (lambda: order(lines=(line(allocations=(allocation("1.00", 4),)),)), "quarantined",
         "discounts_do_not_add_up", "operations"),
        (lambda: order(lines=(line(sku="", variant_id=None),)), "quarantined", "blank_sku", "operations"),
        (lambda: order(lines=(line(quantity=10_001),)), "quarantined", "quantity_implausible", "operations"),
        (lambda: order(test=True), "skipped", "test_order", "operations"),
        (lambda: order(cancelled_at=NOW), "skipped", "cancelled_before_booking", "operations"),
    ],
)  # fmt: skip
def test_one_thing_wrong_is_one_finding_with_owner_and_way_out(
    make: Callable[[], Order], outcome: str, code: str, owner: str
) -> None:
    decision = decision_on(make())
    assert (decision.outcome.value, codes(decision)) == (outcome, [code])
    finding = decision.findings[0]
    assert finding.owner.value == owner
    assert len(finding.words.split()) > 2
    assert len(finding.way_out.split()) > 2
    assert bool(finding.release) == (outcome == "held")


def test_all_findings_are_told_not_only_the_first() -> None:
    decision = decision_on(order(risk="cancel", financial_status="pending", lines=(line(sku="NEW"),)))
    assert decision.outcome is DecisionOutcome.HELD
    assert codes(decision) == ["payment_pending", "fraud_review", "item_unmapped"]


def test_wrong_data_goes_before_a_hold_and_skipping_before_both() -> None:
    assert decision_on(order(total="1.00", risk="cancel")).outcome is DecisionOutcome.QUARANTINED
    skipped = decision_on(order(total="1.00", risk="cancel", test=True))
    assert skipped.outcome is DecisionOutcome.SKIPPED
    assert [finding.code for finding in skipped.blocking] == ["test_order"]
    assert len(skipped.findings) == 3


def test_an_order_cancelled_before_booking_goes_to_cancelled() -> None:
    assert decision_on(order(cancelled_at=NOW)).state is OrderState.CANCELLED
    assert decision_on(order(test=True)).state is OrderState.SKIPPED


def test_a_person_overrules_a_hold_by_its_code_only() -> None:
    risky = order(risk="cancel", financial_status="pending")
    one = decision_on(risky, waived=frozenset({"fraud_review"}))
    assert (one.outcome, codes(one), one.waived) == (DecisionOutcome.HELD, ["payment_pending"], ("fraud_review",))
    both = decision_on(risky, waived=frozenset({"fraud_review", "payment_pending"}))
    assert both.outcome is DecisionOutcome.ACCEPTED


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: order(lines=(line(sku="NEW"),)), "item_unmapped"),
        (lambda: order(total="23.81"), "totals_do_not_add_up"),
    ],
)
def test_neither_a_missing_mapping_nor_wrong_data_can_be_overruled(make: Callable[[], Order], code: str) -> None:
    decision = decision_on(make(), waived=frozenset({code}))
    assert codes(decision) == [code]
    assert decision.waived == ()


def test_a_company_on_terms_books_before_it_pays_and_a_person_does_not() -> None:
    assert decision_on(example.on_terms(financial_status="pending")).outcome is DecisionOutcome.ACCEPTED
    terms = example.on_terms().payment_terms
    assert codes(decision_on(order(financial_status="pending", payment_terms=terms))) == ["payment_pending"]
    assert codes(decision_on(example.on_terms(financial_status="voided"))) == ["payment_voided"]


def test_an_authorised_order_books_as_the_policy_says() -> None:
    authorised = order(financial_status="authorized")
    assert decision_on(authorised).outcome is DecisionOutcome.ACCEPTED
    assert codes(decision_on(authorised, book_authorized=False)) == ["payment_authorized"]


def test_test_orders_and_test_money_are_booked_only_when_the_policy_says() -> None:
    test_money = order(transactions=(payment("23.80", test=True),))
    assert codes(decision_on(test_money)) == ["test_order"]
    assert decision_on(test_money, book_test_orders=True).outcome is DecisionOutcome.ACCEPTED
    assert decision_on(order(test=True), waived=frozenset({"test_order"})).outcome is DecisionOutcome.ACCEPTED


def test_guests_are_booked_unless_the_policy_says_no() -> None:
    guest = order(customer=None)
    assert decision_on(guest).outcome is DecisionOutcome.ACCEPTED
    assert codes(decision_on(guest, book_guests=False)) == ["customer_missing"]


def test_an_order_without_fraud_advice_waits_until_the_time_is_up() -> None:
    unjudged = order(risk="none")
    assert decision_on(unjudged).outcome is DecisionOutcome.ACCEPTED
    waiting = decision_on(unjudged, wait_for_risk_minutes=15, after=timedelta(minutes=14))
    assert codes(waiting) == ["risk_pending"]
    assert waiting.findings[0].release_at == NOW + timedelta(minutes=15)
    assert Release.BY_TIME in waiting.findings[0].release
    assert decision_on(unjudged, wait_for_risk_minutes=15, after=timedelta(minutes=15)).findings == ()


def test_a_payment_hold_ends_by_a_webhook_or_by_hand_and_a_mapping_hold_by_the_mapping() -> None:
    payment_hold = decision_on(order(financial_status="pending")).findings[0]
    assert set(payment_hold.release) == {Release.BY_WEBHOOK, Release.BY_HAND}
    mapping_hold = decision_on(order(shipping_code="DRONE")).findings[0]
    assert (mapping_hold.release, mapping_hold.owner) == ((Release.BY_MAPPING,), Owner.MASTER_DATA)


@pytest.mark.parametrize("method", ["pick_up", "PICK_UP", "retail"])
def test_goods_picked_up_need_no_shipping_address(method: str) -> None:
    place = example.fulfillment_order(method=method, location_id="7")
    assert decision_on(order(shipping_address=None, fulfillment_orders=(place,))).outcome is DecisionOutcome.ACCEPTED


def test_digital_goods_need_no_shipping_address() -> None:
    digital = order(lines=(line(requires_shipping=False),), shipping_address=None, shipping=(), fulfillment_orders=())
    assert decision_on(digital).outcome is DecisionOutcome.ACCEPTED


def test_a_removed_shipping_line_and_a_cancelled_fulfillment_order_need_no_mapping() -> None:
    gone = ShippingLine(id="22", title="Drone", code="DRONE", price=pair("9.00"), removed=True)
    place = example.fulfillment_order(id="42", location_id="99", location_name="Attic")
    cancelled = type(place).model_validate({**dict(place), "status": type(place.status).CANCELLED})
    changed = order(shipping=(*order().shipping, gone), fulfillment_orders=(*order().fulfillment_orders, cancelled))
    assert decision_on(changed).outcome is DecisionOutcome.ACCEPTED


def test_a_tax_of_nothing_needs_no_mapping() -> None:
    exempt = order(lines=(line(taxes=(example.tax("0.00", "Unheard Of Levy", "0"),)),))
    assert decision_on(exempt).outcome is DecisionOutcome.ACCEPTED


def test_a_discount_may_take_all_but_not_more() -> None:
    free = line(allocations=(allocation("20.00"),), taxes=())
    assert decision_on(order(lines=(free,))).outcome is DecisionOutcome.ACCEPTED
    negative = line(allocations=(DiscountAllocation(amount=pair("-1.00"), application=0),))
    assert codes(decision_on(order(lines=(negative,)))) == ["discounts_do_not_add_up"]


def test_shipping_stated_before_or_after_its_discount_is_taken() -> None:
    saved = order().shipping[0].model_copy(update={"allocations": (allocation("2.00"),)})
    before = order(shipping=(saved,))
    after = before.model_copy(update={"totals": before.totals.model_copy(update={"shipping": pair("0.00")})})
    assert decision_on(before).outcome is decision_on(after).outcome is DecisionOutcome.ACCEPTED


def test_words_name_products_and_documents_but_never_the_customer() -> None:
    bad = order(
        risk="cancel", financial_status="pending", lines=(line(sku="NEW"),), total="1.00", location_name="Attic"
    )
    text = " ".join(f"{f.words} {f.way_out}" for f in decision_on(bad).findings)
    for private in ("Ada", "Marsh", "ada@example.com", "1 Quay"):
        assert private not in text


def test_every_check_is_run_once_and_has_its_own_name() -> None:
    names = [f"{check.__module__}.{check.__name__}" for check in CHECKS]
    assert len(names) == len(set(names)) == 20
