"""Subscribing to topics through the Admin API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.shopify.asking import Shop

CREATE = """mutation M($topic: WebhookSubscriptionTopic!, $hook: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $hook) {
    webhookSubscription { id topic uri format callbackUrl apiVersion { handle } }
    userErrors { field message }
  }
}"""
LIST = """query Q($topics: [WebhookSubscriptionTopic!]) {
  webhookSubscriptions(first: 9, topics: $topics) { nodes { id filter } }
}"""
CHANGE = """mutation M($id: ID!) {
  webhookSubscriptionUpdate(id: $id, webhookSubscription: {filter: "id:*"}) { userErrors { message } }
}"""
DELETE = """mutation M($id: ID!) {
  webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { message } }
}"""
ADDRESS = "https://app.example.com/webhooks"


def subscribe(shop: Shop, uri: str = ADDRESS, topic: str = "ORDERS_CREATE", **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = shop.ask(CREATE, topic=topic, hook={"uri": uri, **more})
    return answer


def messages(answer: dict[str, Any]) -> list[str]:
    return [error["message"] for error in answer["userErrors"]]


def test_a_subscription_is_kept_with_the_version_it_was_made_in(shop: Shop) -> None:
    kept = subscribe(shop)["webhookSubscription"]

    assert kept["apiVersion"] == {"handle": "2026-10"}
    assert (kept["topic"], kept["format"]) == ("ORDERS_CREATE", "JSON")
    assert kept["uri"] == kept["callbackUrl"] == ADDRESS


def test_the_same_address_is_taken_for_the_same_topic_only(shop: Shop) -> None:
    subscribe(shop)

    assert messages(subscribe(shop)) == ["Address for this topic has already been taken"]
    assert messages(subscribe(shop, topic="ORDERS_UPDATED")) == []


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("http://app.example.com/hook", "Address protocol http:// is not supported"),
        ("ftp://app.example.com", "Address protocol ftp:// is not supported"),
        ("app.example.com", "Address is invalid"),
        ("", "Address can't be blank"),
        ("https://" + "a" * 65_536, "Address is too big (maximum is 64 KB)"),
    ],
)
def test_an_address_no_shop_would_send_to_is_refused(shop: Shop, uri: str, message: str) -> None:
    answer = subscribe(shop, uri)

    assert answer["webhookSubscription"] is None
    assert answer["userErrors"] == [{"field": ["webhookSubscription", "callbackUrl"], "message": message}]


def test_a_gateway_on_this_machine_may_be_reached_without_tls(shop: Shop) -> None:
    assert messages(subscribe(shop, "http://127.0.0.1:8000/webhooks/shopify")) == []


def test_names_are_unique_and_plain(shop: Shop) -> None:
    subscribe(shop, name="orders-in")

    assert messages(subscribe(shop, ADDRESS + "/2", name="orders-in")) == ["Name already exists, no duplicate allowed"]
    assert "alphanumeric" in messages(subscribe(shop, ADDRESS + "/3", name="orders in"))[0]


def test_subscriptions_are_listed_by_topic_changed_and_deleted(shop: Shop) -> None:
    kept = subscribe(shop)["webhookSubscription"]["id"]
    subscribe(shop, topic="REFUNDS_CREATE")

    shop.ask(CHANGE, id=kept)

    assert shop.ask(LIST, topics=["ORDERS_CREATE"])["nodes"] == [{"id": kept, "filter": "id:*"}]
    assert shop.ask(DELETE, id=kept)["deletedWebhookSubscriptionId"] == kept
    assert messages(shop.ask(DELETE, id=kept)) == ["Webhook subscription does not exist"]
    assert len(shop.ask(LIST)["nodes"]) == 1
