"""What the sandbox generates is decided and booked as its scenario says: the rules against orders they did not make.

Each order takes the way of a real one: webhook body, translation, completion by a read, then gate, checks, document.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from canonical.booking import SalesOrderDocument
from canonical.order import Order
from canonical.rules import totals
from canonical.rules.booking import sales_order_document
from canonical.rules.order_checks import decide
from canonical.rules.verdicts import Decision
from connectors.shopify.mapper_graphql import completed
from connectors.shopify.mapper_rest import order_from_webhook
from deployments.landscape_loader import load_landscape, load_mappings
from deployments.sandbox.catalogue import load_catalogue
from deployments.sandbox.shopify.generator.factory import OrderFactory
from deployments.sandbox.shopify.generator.references import invented
from deployments.sandbox.shopify.generator.scenarios import Scenario
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.webhooks.order_bodies import order_body
from deployments.sandbox.shopify.webhooks.rest import Source

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
OUTCOMES = {"book": "accepted", "hold": "held", "quarantine": "quarantined", "skip": "skipped"}
LAST_PAGE = {"hasNextPage": False, "endCursor": None}
DECK = 60  # more orders than any profile has scenarios, so each comes up


@dataclass(frozen=True, slots=True)
class Placed:
    """A generated order, as we understood it."""

    order: Order
    scenario: Scenario


def placed(shop: str, profile: str, count: int = DECK, seed: int = 3) -> Iterator[Placed]:
    catalogue, domain = load_catalogue(), f"{shop}.myshopify.com"
    state = State(clock=lambda: NOON)
    state.add_shop(domain, {"name": shop, "currencyCode": catalogue.shop(shop).currency, "ianaTimezone": "UTC"})
    numbers = state.space(domain).number
    references = invented(catalogue, shop, numbers)
    for person in catalogue.customers_of(shop):
        named = {"firstName": person.first_name, "lastName": person.last_name, "email": person.email}
        state.add(domain, "Customer", {"id": references.customers[person.email], **named})
    factory = OrderFactory(catalogue, shop, references, numbers, profile=profile, seed=seed)
    for index in range(count):
        made = factory.make(index, NOON, name=f"#{1001 + index}")
        record = state.add_order(domain, made.record)
        order = order_from_webhook(order_body(record, Source(state, domain)), shop, record["name"])
        yield Placed(completed(order, read_again(record)), made.scenario)


def read_again(record: Record) -> dict[str, Any]:
    """The answer to the read that completes a webhook."""
    fields = ("id", "updatedAt", "edited", "displayFinancialStatus", "transactions")
    requests = [
        {**r, "lineItems": {"nodes": r["lineItems"], "pageInfo": LAST_PAGE}} for r in record["fulfillmentOrders"]
    ]
    buyer = record["purchasingEntity"] or {}
    return {
        **{name: record[name] for name in fields},
        "risk": {"recommendation": record["risk"]["recommendation"]},
        "purchasingEntity": buyer if "company" in buyer else {},
        "fulfillmentOrders": {"nodes": requests, "pageInfo": LAST_PAGE},
    }


def decided(order: Order) -> Decision:
    return decide(order, load_mappings(), load_landscape().shop(order.shop), now=NOON)


def document_of(order: Order) -> SalesOrderDocument:
    return sales_order_document(order, load_mappings(), load_landscape().company_of(order.shop))


@pytest.mark.parametrize("shop", ["north", "south"])
@pytest.mark.parametrize("profile", ["bookable", "mixed", "hostile"])
def test_every_generated_order_ends_as_its_scenario_says(shop: str, profile: str) -> None:
    surprises = []
    for one in placed(shop, profile):
        decision, expected = decided(one.order), one.scenario.expectation
        codes = {finding.code for finding in decision.blocking}
        if decision.outcome.value != OUTCOMES[expected.kind] or (expected.reason and expected.reason not in codes):
            surprises.append(f"{one.scenario.name}: {decision.outcome} {[f.words for f in decision.findings]}")
    assert surprises == []


@pytest.mark.parametrize("shop", ["north", "south"])
def test_every_bookable_order_makes_a_document_of_its_exact_total(shop: str) -> None:
    for one in placed(shop, "bookable"):
        document = document_of(one.order)
        assert document.total == one.order.totals.total.shop, one.scenario.name
        assert "rounding" not in {line.key for line in document.lines}, one.scenario.name
        assert totals.differences(one.order) == ()


def test_two_shops_with_the_same_order_name_and_skus_book_into_two_companies_without_crossing() -> None:
    north, south = (document_of(next(placed(shop, "bookable", count=1)).order) for shop in ("north", "south"))
    assert north.name == south.name == "#1001"
    assert (north.company, south.company) == ("north", "south")
    assert (north.currency, south.currency) == ("USD", "EUR")
    for field in ("key", "source_id", "digest", "warehouse"):
        assert getattr(north, field) != getattr(south, field)
    assert north.party.external_id.startswith("north:")
    assert south.party.external_id.startswith("south:")
