"""What a request costs, and what happens when the bucket is empty."""

from __future__ import annotations

import pytest

from deployments.sandbox.shopify.buckets import PLANS, Bucket, Buckets
from deployments.sandbox.shopify.cost import rows_factor
from tests.sandbox.shopify.asking import Shop


def costs(shop: Shop, query: str) -> tuple[int, int]:
    cost = shop.answer(query)["extensions"]["cost"]
    return cost["requestedQueryCost"], cost["actualQueryCost"]


@pytest.mark.parametrize(
    ("rows", "factor"), [(0, 0), (1, 1), (3, 2), (5, 3), (10, 4), (20, 5), (50, 7), (100, 9), (200, 10), (250, 11)]
)
def test_a_connection_is_paid_for_by_the_logarithm_of_its_size(rows: int, factor: int) -> None:
    assert rows_factor(rows) == factor


@pytest.mark.parametrize(
    ("query", "requested"),
    [
        ("{ shop { name } }", 1),
        ("{ shop { name plan { displayName } } }", 2),
        ("{ products(first: 250) { nodes { id } } }", 13),
        ("{ products(first: 50) { nodes { id } pageInfo { hasNextPage } } }", 9),
        ("{ productVariants(first: 50) { nodes { sku product { id } } } }", 16),
        ("{ products(first: 5) { nodes { id } edges { node { id } } } }", 8),
        ("{ products(first: 5) { nodes { variants(first: 5) { nodes { id } } } } }", 20),
        ("{ orders(first: 1) { nodes { totalPriceSet { shopMoney { amount } } } } }", 3),
        ("{ ordersCount { count } }", 10),
        ("{ shop { name } @SKIP }".replace("@SKIP", "publicApiVersions @skip(if: true) { handle }"), 1),
    ],
)
def test_the_requested_cost_follows_the_rules_fitted_on_recorded_answers(
    shop: Shop, query: str, requested: int
) -> None:
    assert costs(shop, query)[0] == requested


def test_a_mutation_costs_ten_and_its_payload_nothing(shop: Shop) -> None:
    mutation = 'mutation { customerCreate(input: {email: "a@example.com"}) { customer { id } userErrors { field } } }'

    assert costs(shop, mutation) == (10, 10)


def test_a_page_that_is_not_full_gives_points_back(shop: Shop) -> None:
    requested, actual = costs(shop, "{ locations(first: 250) { nodes { id } } }")

    assert (requested, actual) == (13, 4)  # 23 of 250 rows
    assert shop.answer("{ shop { name } }")["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] >= 1994


def test_a_request_above_a_thousand_points_is_refused_before_it_runs(shop: Shop) -> None:
    nested = "orders(first: 250) { nodes { lineItems(first: 250) { nodes { variant { product { id } } } } } }"
    query = f"{{ a: {nested} b: {nested} c: {nested} }}"

    error = shop.refusal(query)

    assert error["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert error["extensions"]["cost"] > error["extensions"]["maxCost"] == 1000


def test_an_empty_bucket_answers_throttled_with_what_is_left(shop: Shop) -> None:
    bucket = shop.stand_in.buckets.of(shop.domain, "crossdock")
    bucket.drain()

    answer = shop.answer("{ products(first: 250) { nodes { id variants(first: 250) { nodes { id } } } } }")

    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == "THROTTLED"
    cost = answer["extensions"]["cost"]
    assert cost["actualQueryCost"] is None
    assert cost["requestedQueryCost"] > cost["throttleStatus"]["currentlyAvailable"]


def test_a_document_that_is_not_valid_costs_nothing(shop: Shop) -> None:
    answer = shop.answer("{ shop { nothing } }")

    assert "extensions" not in answer
    assert shop.stand_in.buckets.of(shop.domain, "crossdock").status()["currentlyAvailable"] == 2000


@pytest.mark.parametrize(
    ("plan", "size", "restore"), [("standard", 2000, 100), ("advanced", 4000, 200), ("plus", 20000, 1000)]
)
def test_a_bucket_has_the_size_and_the_pace_of_its_plan(plan: str, size: int, restore: int) -> None:
    now = 0.0
    bucket = Bucket(PLANS[plan], clock=lambda: now)
    assert bucket.take(size)
    assert not bucket.take(1)

    now = 3.0

    assert bucket.status() == {
        "maximumAvailable": size,
        "currentlyAvailable": 3 * restore,
        "restoreRate": restore,
    }


def test_a_bucket_never_holds_more_than_its_size() -> None:
    now = 0.0
    bucket = Bucket(PLANS["standard"], clock=lambda: now)
    now = 1e6
    bucket.give_back(500)

    assert bucket.status()["currentlyAvailable"] == 2000


def test_each_app_and_shop_has_a_bucket_of_its_own() -> None:
    buckets = Buckets(PLANS["standard"])
    buckets.of("a.myshopify.com", "one").drain()

    assert not buckets.of("a.myshopify.com", "one").take(1000)
    assert buckets.of("a.myshopify.com", "two").take(1000)
    assert buckets.of("b.myshopify.com", "one").take(1000)
