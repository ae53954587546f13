"""Which messages carry an order, which only point at one, and which can never be read."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from canonical.errors import RejectedError
from canonical.records import Message
from canonical.states import MessageState
from connectors.shopify.topics import POLLED, WHOLE_ORDER
from connectors.shopify.translator import ShopifyTranslator
from tests.unit.connectors.shopify.orders import webhook
from tests.unit.connectors.shopify.samples import sample

ORDER = "820982911946154508"


def message(topic: str, body: Any) -> Message:
    return Message(
        seq=1,
        delivery_key="north:shopify:w-1",
        channel="shopify",
        scope="north",
        topic=topic,
        kind="orders",
        aggregate_key="north:order:1",
        correlation_id="c",
        received_at=datetime(2026, 11, 23, tzinfo=UTC),
        headers={},
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        state=MessageState.CLAIMED,
    )


@pytest.mark.parametrize("topic", sorted(WHOLE_ORDER))
def test_a_whole_order_is_translated(topic: str) -> None:
    order = ShopifyTranslator().order_of(message(topic, webhook()))
    assert order is not None
    assert (order.shop, order.id) == ("north", ORDER)


@pytest.mark.parametrize("topic", ["orders/edited", "orders/delete", "refunds/create", "order_transactions/create"])
def test_deltas_and_parts_make_us_read_the_order(topic: str) -> None:
    told = message(topic, sample(topic))
    assert ShopifyTranslator().order_of(told) is None
    assert ShopifyTranslator().order_id_of(told) == "820982911946154500"


def test_what_a_poll_found_is_read_by_id() -> None:
    told = message(POLLED, {"id": f"gid://shopify/Order/{ORDER}", "name": "#9999", "updatedAt": "2026-01-01T00:00:00Z"})
    assert ShopifyTranslator().order_of(told) is None
    assert ShopifyTranslator().order_id_of(told) == ORDER


@pytest.mark.parametrize("missing", ["line_items", "total_price_set", "updated_at"])
def test_a_body_cut_down_by_the_subscription_is_read_by_id(missing: str) -> None:
    body = webhook()
    del body[missing]
    told = message("orders/updated", body)
    assert ShopifyTranslator().order_of(told) is None
    assert ShopifyTranslator().order_id_of(told) == ORDER


def test_a_body_that_is_no_json_is_refused() -> None:
    with pytest.raises(RejectedError) as caught:
        ShopifyTranslator().order_of(message("orders/create", b'{"id": 1'))
    assert (caught.value.document, caught.value.field) == ("north:shopify:w-1", "body")


def test_a_message_about_no_order_is_refused() -> None:
    with pytest.raises(RejectedError) as caught:
        ShopifyTranslator().order_id_of(message("orders/risk_assessment_changed", {"order_id": None}))
    assert caught.value.code == "order_unknown"
