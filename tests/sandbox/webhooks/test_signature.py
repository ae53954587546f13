"""Shopify's own Python library accepts what the stand-in signs, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from shopify_app import ShopifyApp

from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.state import Change, State
from deployments.sandbox.shopify.webhooks.composer import Composer
from deployments.sandbox.shopify.webhooks.deliveries import Delivery

SHOP, SECRET = "north.myshopify.com", "hush"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def secret_of(_subscription: Record) -> str:
    return SECRET


@pytest.fixture
def delivery() -> Delivery:
    state = State(clock=lambda: NOON)
    state.add_shop(SHOP, {"currencyCode": "USD", "ianaTimezone": "America/New_York"})
    subscription = {"topic": "CUSTOMERS_CREATE", "uri": "http://127.0.0.1/hook"}
    state.add(SHOP, "WebhookSubscription", subscription)
    changes: list[Change] = []
    state.on_change(changes.append)
    state.add(SHOP, "Customer", {"firstName": "Zoë 🧵"})
    (delivery,) = Composer(state, secret_of).deliveries(changes[0])
    return delivery


def verified(delivery: Delivery, secret: str, body: bytes) -> bool:
    request = {"method": "POST", "headers": delivery.headers, "url": delivery.uri, "body": body.decode()}
    return bool(ShopifyApp("app", secret).verify_webhook_req(request).ok)


def test_the_library_accepts_the_signature(delivery: Delivery) -> None:
    assert verified(delivery, SECRET, delivery.body)


def test_the_library_refuses_another_secret_and_a_changed_body(delivery: Delivery) -> None:
    assert not verified(delivery, "other", delivery.body)
    assert not verified(delivery, SECRET, delivery.body + b" ")
