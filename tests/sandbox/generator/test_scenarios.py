"""Every kind of order the middleware must handle is made, as often as the profile says, and says what to expect."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from deployments.sandbox.catalogue import load_catalogue
from deployments.sandbox.shopify.generator.factory import Generated, OrderFactory
from deployments.sandbox.shopify.generator.profiles import PROFILES, Deck, UnknownProfileError
from deployments.sandbox.shopify.generator.references import invented

Record = dict[str, Any]
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOLD_REASONS = {
    "payment_pending",
    "fraud_review",
    "item_unmapped",
    "shipping_method_unmapped",
    "tax_unknown",
    "customer_missing",
}


def factory(shop: str, profile: str, seed: int = 1) -> OrderFactory:
    catalogue, numbers = load_catalogue(), count(1).__next__
    return OrderFactory(catalogue, shop, invented(catalogue, shop, numbers), numbers, profile=profile, seed=seed)


def one_deck(shop: str, profile: str, seed: int = 1) -> list[Generated]:
    maker = factory(shop, profile, seed)
    return [maker.make(index, NOON) for index in range(len(Deck(profile, shop, seed)))]


@pytest.fixture(params=["north", "south"])
def shop(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_bookable_order_is_expected_to_book(shop: str) -> None:
    assert {made.scenario.expectation.kind for made in one_deck(shop, "bookable")} == {"book"}


def test_a_deck_of_mixed_orders_shows_every_hold_reason_and_a_test_order(shop: str) -> None:
    made = [generated.scenario.expectation for generated in one_deck(shop, "mixed")]
    assert {one.reason for one in made if one.kind == "hold"} == HOLD_REASONS
    assert [one.reason for one in made if one.kind == "skip"] == ["test_order"]
    assert sum(one.kind == "book" for one in made) >= 30


def test_a_hostile_deck_holds_quarantines_and_books(shop: str) -> None:
    kinds = Counter(made.scenario.expectation.kind for made in one_deck(shop, "hostile"))
    assert kinds.keys() == {"book", "hold", "quarantine", "skip"}


def test_an_order_depends_on_seed_and_index_only(shop: str) -> None:
    def told(made: Generated) -> tuple[Any, ...]:
        lines = [(line["sku"], line["quantity"]) for line in made.record["lineItems"]]
        return made.scenario.name, made.record["email"], lines, made.record["totalPriceSet"]

    forwards = [told(factory(shop, "mixed", 5).make(index, NOON)) for index in range(20)]
    maker = factory(shop, "mixed", 5)
    backwards = [told(maker.make(index, NOON)) for index in reversed(range(20))]
    assert forwards == backwards[::-1]
    assert forwards != [told(factory(shop, "mixed", 6).make(index, NOON)) for index in range(20)]


def test_a_profile_nobody_wrote_is_refused_by_name() -> None:
    with pytest.raises(UnknownProfileError, match="bookable, mixed, hostile"):
        Deck("cheerful", "north", 1)


def product_types(record: Record) -> set[bool]:
    return {line["isGiftCard"] for line in record["lineItems"]}


FEATURES: dict[str, Callable[[Record], bool]] = {
    "more than six lines": lambda r: len(r["lineItems"]) > 6,
    "several tax lines": lambda r: len(r["taxLines"]) >= 2,
    "a discount by code": lambda r: bool(r["discountCodes"]),
    "a discount without code": lambda r: any("title" in one for one in r["discountApplications"]),
    "a shipping discount": lambda r: any(line["discountAllocations"] for line in r["shippingLines"]),
    "a tip": lambda r: any(line["title"] == "Tip" for line in r["lineItems"]),
    "a gift card sold": lambda r: any(line["isGiftCard"] and not line["taxLines"] for line in r["lineItems"]),
    "a gift card redeemed": lambda r: "gift_card" in r["paymentGatewayNames"],
    "another currency": lambda r: r["presentmentCurrencyCode"] != r["currencyCode"],
    "a company": lambda r: (
        bool((r["purchasingEntity"] or {}).get("company")) and bool(r["paymentTerms"] and r["poNumber"])
    ),
    "an authorisation": lambda r: r["displayFinancialStatus"] == "AUTHORIZED" and r["capturable"],
    "a partial payment": lambda r: r["displayFinancialStatus"] == "PARTIALLY_PAID",
    "a pending payment": lambda r: any(one["status"] == "PENDING" for one in r["transactions"]),
    "high risk": lambda r: (
        r["risk"]["recommendation"] == "CANCEL" and r["risk"]["assessments"][0]["riskLevel"] == "HIGH"
    ),
    "no customer and no address": lambda r: (
        not (r["customer"] or r["email"] or r["shippingAddress"] or r["billingAddress"])
    ),
    "a customer but nothing to ship": lambda r: bool(r["customer"]) and not r["shippingAddress"],
    "a test order": lambda r: r["test"] and all(one["test"] for one in r["transactions"]),
}


@pytest.mark.parametrize("feature", sorted(FEATURES))
def test_mixed_orders_show(feature: str, shop: str) -> None:
    assert any(FEATURES[feature](made.record) for made in one_deck(shop, "mixed"))


def test_a_customs_duty_is_charged_where_a_border_is_crossed() -> None:
    dutiable = [made.record for made in one_deck("north", "mixed") if made.scenario.duties]
    assert all(record["shippingAddress"]["countryCodeV2"] == "CA" for record in dutiable)
    assert all(duty["harmonizedSystemCode"] for r in dutiable for line in r["lineItems"] for duty in line["duties"])
    assert any(line["duties"] for record in dutiable for line in record["lineItems"])


def test_orders_can_be_nothing_but_free(shop: str) -> None:
    free = next(made.record for made in one_deck(shop, "hostile") if made.scenario.name == "nothing to pay")
    assert (free["totalPriceSet"]["shopMoney"]["amount"], free["displayFinancialStatus"]) == ("0.00", "PAID")
    assert free["transactions"] == []


def test_every_parcel_is_requested_from_a_location_exactly_once(shop: str) -> None:
    for made in one_deck(shop, "mixed"):
        record = made.record
        parcels = {line["id"]: line["quantity"] for line in record["lineItems"] if line["requiresShipping"]}
        requested = [line for request in record["fulfillmentOrders"] for line in request["lineItems"]]
        assert {line["lineItem"]["id"]: line["totalQuantity"] for line in requested} == parcels
        assert len(requested) == len(parcels)
        assert all(request["assignedLocation"]["location"]["id"] for request in record["fulfillmentOrders"])


def test_what_a_hostile_order_does_is_in_the_record(shop: str) -> None:
    by_oddity = {made.scenario.oddity: made.record for made in one_deck(shop, "hostile")}
    assert not by_oddity["blank_sku"]["lineItems"][0]["sku"].strip()
    assert by_oddity["enormous_quantity"]["lineItems"][0]["quantity"] == 100_000
    assert int(by_oddity["huge_ids"]["legacyResourceId"]) > 2**53
    skus = [line["sku"] for line in by_oddity["repeated_sku"]["lineItems"]]
    assert len(set(skus)) == len(skus) - 1
    assert by_oddity["variant_deleted"]["lineItems"][0]["variant"] is None
    assert {scenario.oddity for _, scenario in PROFILES["hostile"]} == by_oddity.keys()


def test_more_than_five_hundred_orders_are_made_a_second(shop: str) -> None:
    maker, began = factory(shop, "mixed"), time.process_time()
    for index in range(400):
        maker.make(index, NOON)
    assert 400 / (time.process_time() - began) > 500
