"""What changed after booking: only what would be booked differently counts, and a cancellation goes before all."""

from collections.abc import Callable
from typing import Any

import pytest

from canonical.order import FinancialStatus, Order
from canonical.party import Customer
from canonical.rules import example
from canonical.rules.changes import ChangeKind, Reaction, booked_changes, reaction_to
from canonical.rules.example import ADDRESS, NOW, allocation, line, order, pair


@pytest.mark.parametrize(
    ("later", "kinds", "words"),
    [
        (lambda: order(lines=(line(current_quantity=0),)), {"quantity"}, "TEE-1: 1 booked, now 0"),
        (lambda: order(lines=(line(), line(id="12", sku="GIFT-25", taxes=()))), {"line_added", "total"},
         "GIFT-25: 1 added"),
        (lambda: order(lines=(line(price="21.00"),)), {"price", "total"}, "TEE-1: price 20.00 booked, now 21.00"),
        (lambda: order(lines=(line(allocations=(allocation("2.00"),)),)), {"discount", "total"},
         "TEE-1: discount 0 booked, now 2.00"),
        (lambda: order(lines=(line(taxes=()),)), {"tax", "total"}, "TEE-1: tax 1.80 booked, now 0"),
        (lambda: order(lines=(line(sku="TEE-2"),)), {"item"}, "TEE-1: now TEE-2"),
        (lambda: order(shipping=()), {"shipping", "total"}, "shipping: Standard 2.00 USD booked, now none"),
        (lambda: order(shipping_address=ADDRESS.model_copy(update={"line1": "2 Quay"})), {"shipping_address"},
         "the shipping address changed"),
        (lambda: order(billing=ADDRESS.model_copy(update={"city": "Elko"})), {"billing_address"},
         "the billing address changed"),
        (lambda: order(customer=Customer(id="78")), {"buyer"}, "the order now belongs to another customer"),
        (lambda: example.on_terms(), {"buyer"}, "the order now belongs to another company"),
    ],
)  # fmt: skip
def test_a_change_of_what_was_booked_is_told_in_words_and_held(
    later: Callable[[], Order], kinds: set[str], words: str
) -> None:
    changes = booked_changes(order(), later())
    assert {change.kind.value for change in changes} == kinds
    assert words in [change.words for change in changes]
    assert reaction_to(changes) is Reaction.HOLD


@pytest.mark.parametrize(
    "change",
    [
        {"note": "ring twice"},
        {"financial_status": FinancialStatus.PARTIALLY_REFUNDED},
        {"fulfillment_orders": ()},
        {"transactions": ()},
        {"edited": True},
        {"shipping_address": None},
        {"shipping_address": ADDRESS.model_copy(update={"phone": "+1555", "city": "  RENO "})},
        {"billing": ADDRESS.model_copy(update={"line2": ""})},
    ],
)
def test_what_is_not_booked_may_change(change: dict[str, Any]) -> None:
    changes = booked_changes(order(), order().model_copy(update=change))
    assert changes == ()
    assert reaction_to(changes) is Reaction.NOTHING


def test_a_removed_line_is_named() -> None:
    before = order(lines=(line(), line(id="12", sku="GIFT-25", taxes=())))
    kinds = [change.kind for change in booked_changes(before, order())]
    assert kinds == [ChangeKind.LINE_REMOVED, ChangeKind.TOTAL]


def test_a_cancellation_goes_before_every_other_change() -> None:
    cancelled = order(cancelled_at=NOW, cancel_reason="customer", shipping=())
    changes = booked_changes(order(), cancelled)
    assert changes[0].words == "the order was cancelled (customer)"
    assert reaction_to(changes) is Reaction.CANCEL
    assert reaction_to(booked_changes(cancelled, cancelled)) is Reaction.NOTHING


def test_no_words_hold_names_or_addresses() -> None:
    later = order(
        customer=Customer(id="78", name="Ben Salas"),
        shipping_address=ADDRESS.model_copy(update={"name": "Ben Salas", "line1": "9 Elm"}),
        tip="1.00",
        shipping=(order().shipping[0].model_copy(update={"price": pair("3.00")}),),
    )
    text = " ".join(change.words for change in booked_changes(order(), later))
    assert "Ben" not in text
    assert "Elm" not in text
