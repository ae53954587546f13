"""Which requests are really Shopify's, and which delivery and order each is about."""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from shopify_app import ShopifyApp

from canonical.errors import RejectedError
from canonical.ids import aggregate_key, correlation_id
from connectors.shopify.identify import order_id_in
from connectors.shopify.topics import FULFILLMENT_TOPICS, RETURN_TOPICS, SUBSCRIBED, WHOLE_ORDER
from connectors.shopify.webhooks import ShopifyWebhooks, WebhookShop, webhook_source
from tests.processes import ROOT
from tests.unit.connectors.shopify.samples import published_schema, sample, webhook_samples
from tests.unit.connectors.shopify.scripted import SECRET, settings

BODY = json.dumps(sample("orders/create")).encode()
ORDER = "820982911946154508"
HEAVY = ("pandas", "prefect", "great_expectations", "graphql", "httpx", "shopify_app", "sqlalchemy")


def signed(body: bytes = BODY, secret: str = SECRET, topic: str = "orders/create", **changes: str) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
        "X-Shopify-Shop-Domain": "north.myshopify.com",
        "X-Shopify-API-Version": "2026-10",
        "X-Shopify-Webhook-Id": "w-1",
        "X-Shopify-Event-Id": "e-1",
        "X-Shopify-Triggered-At": "2026-03-30T14:30:00.123456789Z",
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }


@pytest.fixture
def source() -> ShopifyWebhooks:
    return webhook_source({"north": settings(previous_client_secret="older", topics=(*SUBSCRIBED, "products/update"))})


def test_a_signed_body_is_believed(source: ShopifyWebhooks) -> None:
    assert source.verify(signed(), BODY)


def test_the_previous_secret_is_still_believed(source: ShopifyWebhooks) -> None:
    assert source.verify(signed(secret="older"), BODY)


def test_header_names_may_be_in_any_case_and_without_x(source: ShopifyWebhooks) -> None:
    plain = {name.lower().removeprefix("x-"): value for name, value in signed().items()}
    assert source.verify(plain, BODY)
    assert source.delivery(plain, BODY) == source.delivery(signed(), BODY).model_copy(update={"headers": plain})


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (signed(), BODY + b" "),
        (signed(secret="guess"), BODY),
        (signed(X_Shopify_Hmac_Sha256=""), BODY),
        (signed(X_Shopify_Hmac_Sha256="naïve"), BODY),
        (signed(X_Shopify_Hmac_Sha256="not base64!"), BODY),
        (signed(X_Shopify_Shop_Domain="other.myshopify.com"), BODY),
        ({name: value for name, value in signed().items() if "Hmac" not in name}, BODY),
        ({}, BODY),
    ],
    ids=["altered", "other secret", "empty", "not ascii", "not base64", "other shop", "unsigned", "no headers"],
)
def test_anything_else_is_not(source: ShopifyWebhooks, headers: Mapping[str, str], body: bytes) -> None:
    assert not source.verify(headers, body)


def test_a_secret_of_one_shop_does_not_sign_for_another() -> None:
    shops = {"north": settings(), "south": settings(domain="south.myshopify.com", client_secret="its-own")}
    both = webhook_source(shops)
    assert not both.verify(signed(X_Shopify_Shop_Domain="south.myshopify.com"), BODY)
    assert both.verify(signed(secret="its-own", X_Shopify_Shop_Domain="south.myshopify.com"), BODY)


@pytest.mark.parametrize("secret", [SECRET, "older", "guess"])
def test_shopifys_own_library_judges_the_same(source: ShopifyWebhooks, secret: str) -> None:
    headers = signed(secret=secret)
    request = {"method": "POST", "url": "https://example.com/", "headers": headers, "body": BODY.decode()}
    assert ShopifyApp("app", SECRET, "older").verify_webhook_req(request).ok == source.verify(headers, BODY)


def test_a_body_that_is_no_text_is_judged_by_its_bytes(source: ShopifyWebhooks) -> None:
    body = b'{"note":"\xff\xfe"}'
    assert source.verify(signed(body), body)


def test_a_delivery_says_what_it_is(source: ShopifyWebhooks) -> None:
    delivery = source.delivery({**signed(), "Cookie": "private", "Authorization": "Bearer x"}, BODY)
    assert delivery.delivery_key == "north:shopify:w-1"
    assert (delivery.channel, delivery.scope, delivery.topic, delivery.kind) == (
        "shopify",
        "north",
        "orders/create",
        "orders",
    )
    assert delivery.aggregate_key == aggregate_key("north", "order", ORDER)
    assert delivery.correlation_id == correlation_id("north", "order", ORDER)
    assert delivery.event_id == "e-1"
    assert delivery.occurred_at == datetime(2026, 3, 30, 14, 30, 0, 123456, tzinfo=UTC)
    assert delivery.body is BODY
    assert set(delivery.headers) == {name.lower() for name in signed()}


def test_the_same_delivery_sent_again_has_the_same_key(source: ShopifyWebhooks) -> None:
    again = signed(X_Shopify_Triggered_At="2026-03-30T15:00:00Z")
    assert source.delivery(again, BODY).delivery_key == source.delivery(signed(), BODY).delivery_key


def test_two_shops_never_share_a_delivery_key() -> None:
    shops = {"north": settings(), "south": settings(domain="south.myshopify.com")}
    both = webhook_source(shops)
    keys = {both.delivery(signed(X_Shopify_Shop_Domain=f"{name}.myshopify.com"), BODY).delivery_key for name in shops}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"X_Shopify_Topic": "customers/create"}, "unknown_topic"),
        ({"X_Shopify_Topic": ""}, "unknown_topic"),
        ({"X_Shopify_Shop_Domain": "other.myshopify.com"}, "unknown_shop"),
        ({"X_Shopify_Webhook_Id": ""}, "no_delivery_id"),
    ],
)
def test_what_we_did_not_subscribe_to_is_refused(source: ShopifyWebhooks, changes: dict[str, str], code: str) -> None:
    with pytest.raises(RejectedError) as caught:
        source.delivery(signed(BODY, SECRET, "orders/create", **changes), BODY)
    assert caught.value.code == code


def test_a_time_that_cannot_be_read_is_left_out(source: ShopifyWebhooks) -> None:
    assert source.delivery(signed(X_Shopify_Triggered_At="yesterday"), BODY).occurred_at is None


@pytest.mark.parametrize("topic", sorted(WHOLE_ORDER))
def test_every_whole_order_is_about_its_order(topic: str) -> None:
    body = webhook_samples().get(topic) or sample("orders/create")
    assert order_id_in(topic, json.dumps(body).encode()) == ORDER


@pytest.mark.parametrize(
    ("topic", "order"),
    [
        ("orders/edited", "820982911946154500"),
        ("orders/delete", "820982911946154500"),
        ("refunds/create", "820982911946154500"),
        ("order_transactions/create", "820982911946154500"),
        ("fulfillments/create", "820982911946154500"),
        ("returns/request", "4783296544821"),
        ("returns/cancel", "4783296544821"),
        ("fulfillment_holds/added", None),
        ("orders/risk_assessment_changed", None),
        ("inventory_levels/update", None),
    ],
)
def test_smaller_bodies_name_their_order_in_their_own_way(topic: str, order: str | None) -> None:
    assert order_id_in(topic, json.dumps(sample(topic)).encode()) == order


@pytest.mark.parametrize("body", [b"", b"[1]", b"null", b"{", b'{"id":true}', b'{"order_id":"gid://shopify/Order/x"}'])
def test_a_body_without_an_order_is_about_none(body: bytes) -> None:
    assert order_id_in("orders/create", body) is None


def test_slashes_may_be_escaped_and_keys_spaced() -> None:
    body = rb'{"id" : 7, "admin_graphql_api_id" : "gid:\/\/shopify\/Order\/7"}'
    assert order_id_in("orders/create", body) == "7"


def test_what_a_shopper_types_is_not_taken_for_the_order() -> None:
    body = json.dumps({"note": '"admin_graphql_api_id":"gid://shopify/Order/666"', **sample("orders/create")}).encode()
    assert order_id_in("orders/create", body) == ORDER


def test_a_delivery_about_no_order_waits_for_nothing(source: ShopifyWebhooks) -> None:
    body = json.dumps(sample("orders/risk_assessment_changed")).encode()
    first = source.delivery(signed(body, topic="orders/risk_assessment_changed"), body)
    second = source.delivery(signed(body, topic="orders/risk_assessment_changed", X_Shopify_Webhook_Id="w-2"), body)
    assert first.aggregate_key != second.aggregate_key


def test_other_kinds_are_in_order_per_resource(source: ShopifyWebhooks) -> None:
    body = json.dumps(sample("products/update")).encode()
    delivery = source.delivery(signed(body, topic="products/update"), body)
    assert delivery.kind == "products"
    assert delivery.aggregate_key == aggregate_key("north", "products", str(sample("products/update")["id"]))


@pytest.mark.parametrize("topic", [*FULFILLMENT_TOPICS, *RETURN_TOPICS])
def test_what_ships_and_what_comes_back_is_about_its_order_else_about_what_it_names(
    source: ShopifyWebhooks, topic: str
) -> None:
    content = sample(topic) or {"id": 123134564567890, "status": "open"}  # the published body of a process is empty
    body = json.dumps(content).encode()
    delivery = source.delivery(signed(body, topic=topic), body)
    shipping = topic in FULFILLMENT_TOPICS
    assert delivery.kind == ("fulfillment" if shipping else "returns")
    order, named = order_id_in(topic, body), ("fulfillment-order", "1") if shipping else ("return", "123134564567890")
    small = topic.startswith("fulfillment_orders/") or topic in ("returns/update", "returns/process")
    if small or topic.startswith("reverse_"):
        assert delivery.aggregate_key == aggregate_key("north", *named)
    else:
        assert order is not None
        assert delivery.aggregate_key == aggregate_key("north", "order", order)


def test_a_refund_stays_with_its_order(source: ShopifyWebhooks) -> None:
    body = json.dumps(sample("refunds/create")).encode()
    delivery = source.delivery(signed(body, topic="refunds/create"), body)
    assert (delivery.kind, delivery.aggregate_key) == ("orders", aggregate_key("north", "order", "820982911946154500"))


def test_topics_are_those_that_the_api_has() -> None:
    named = next(t for t in published_schema()["data"]["__schema"]["types"] if t["name"] == "WebhookSubscriptionTopic")
    known = {value["name"] for value in named["enumValues"]}
    assert [topic for topic in SUBSCRIBED if topic.upper().replace("/", "_") not in known] == []


def test_secrets_do_not_show(source: ShopifyWebhooks) -> None:
    assert SECRET not in repr(WebhookShop.of("north", settings()))
    assert SECRET not in repr(settings())


def test_the_gateway_imports_little() -> None:
    program = (
        "import sys; import connectors.registry, connectors.shopify.webhooks;"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
