"""What the channel asks of Shopify, how often, and what it makes of the answers."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from canonical.errors import MisconfiguredError, RejectedError, RetryableError
from canonical.order import Order
from canonical.outcomes import Failed, Settled
from canonical.ports import SalesChannel
from canonical.records import FieldWrite
from connectors.shopify.access import SCOPES
from connectors.shopify.mapper_graphql import order_from_node
from tests.unit.connectors.shopify.nodes import (
    beyond,
    fulfillment_order,
    fulfillment_order_line,
    line,
    page,
    whole,
)
from tests.unit.connectors.shopify.scripted import ScriptedShop, answer

WRITTEN: dict[str, Any] = {"metafieldsSet": {"userErrors": []}}


def ids_of(variables: dict[str, Any]) -> list[int]:
    return [int(gid.rpartition("/")[2]) for gid in variables["ids"]]


def existing(numbers: range) -> Any:
    """Answers `read_orders` with the orders of these numbers, null for others."""
    return lambda v: {"nodes": [whole(n) if n in numbers else None for n in ids_of(v)]}


def test_it_is_a_sales_channel() -> None:
    assert isinstance(ScriptedShop().channel(), SalesChannel)


async def test_fifty_orders_are_one_request_and_one_more_is_two() -> None:
    shop = ScriptedShop().on("ReadOrders", existing(range(1, 52)))
    found = await shop.channel().read_orders([str(n) for n in range(1, 52)])
    assert list(found) == [str(n) for n in range(1, 52)]
    assert [len(v["ids"]) for v in shop.asked_for("ReadOrders")] == [50, 1]


async def test_an_order_that_does_not_exist_is_missing_from_the_answer() -> None:
    shop = ScriptedShop().on("ReadOrders", existing(range(5, 6)))
    assert list(await shop.channel().read_orders(["5", "6", "5"])) == ["5"]


async def test_nothing_asked_is_nothing_sent() -> None:
    shop = ScriptedShop()
    assert await shop.channel().read_orders([]) == {}
    assert shop.asked == []


async def test_every_page_of_a_long_order_is_read() -> None:
    first = whole(
        lineItems=page(line(70), after="c1"),
        fulfillmentOrders=page(
            fulfillment_order(900, lineItems=page(fulfillment_order_line(1), after="c2")), after="c3"
        ),
    )
    shop = (
        ScriptedShop()
        .on("ReadOrders", {"nodes": [first]})
        .on(
            "OrderLines", {"order": {"lineItems": page(line(71), after="c4")}}, {"order": {"lineItems": page(line(72))}}
        )
        .on("OrderFulfillmentOrders", {"order": {"fulfillmentOrders": page(fulfillment_order(910))}})
        .on("FulfillmentOrderLines", {"fulfillmentOrder": {"lineItems": page(fulfillment_order_line(2))}})
    )
    order = (await shop.channel().read_orders(["5"]))["5"]
    assert isinstance(order, Order)
    assert [entry.id for entry in order.lines] == ["70", "71", "72"]
    assert [v["after"] for v in shop.asked_for("OrderLines")] == ["c1", "c4"]
    assert [[entry.id for entry in asked.lines] for asked in order.fulfillment_orders] == [["1", "2"], ["911"]]


async def test_orders_are_completed_by_one_request_a_chunk() -> None:
    orders = [order_from_node(whole(n), "north").model_copy(update={"transactions": ()}) for n in range(1, 31)]
    shop = ScriptedShop().on("CompleteOrders", lambda v: {"nodes": [beyond(n) for n in ids_of(v)]})
    full = await shop.channel().complete_orders(orders)
    assert [order.id for order in full if isinstance(order, Order)] == [order.id for order in orders]
    assert all(isinstance(order, Order) and order.transactions and order.fulfillment_orders for order in full)
    assert len(shop.asked_for("CompleteOrders")) == 1
    assert shop.asked_for("ReadOrders") == []


async def test_an_order_edited_since_its_webhook_is_read_whole_and_a_deleted_one_stays_as_told() -> None:
    orders = [order_from_node(whole(n), "north") for n in (1, 2, 3)]
    later = {"edited": True, "updatedAt": "2026-11-23T10:00:09Z"}
    shop = (
        ScriptedShop()
        .on("CompleteOrders", {"nodes": [beyond(1), beyond(2, **later), None]})
        .on("ReadOrders", {"nodes": [whole(2, **later, lineItems=page(line(quantity=4)))]})
    )
    kept, fresh, gone = await shop.channel().complete_orders(orders)
    assert isinstance(kept, Order)
    assert isinstance(fresh, Order)
    assert (kept.lines[0].quantity, fresh.lines[0].quantity, fresh.edited) == (1, 4, True)
    assert gone == orders[2]
    assert [ids_of(v) for v in shop.asked_for("ReadOrders")] == [[2]]


async def test_one_order_that_is_not_understood_stops_no_other() -> None:
    odd = {"displayFinancialStatus": "HAGGLING"}
    shop = (
        ScriptedShop()
        .on("ReadOrders", {"nodes": [whole(1), whole(2, **odd), whole(3)]})
        .on("CompleteOrders", {"nodes": [beyond(1), beyond(2, **odd), beyond(3)]})
    )
    channel = shop.channel()
    read = await channel.read_orders(["1", "2", "3"])
    full = await channel.complete_orders([order_from_node(whole(n), "north") for n in (1, 2, 3)])
    for answers in (list(read.values()), full):
        assert [type(answer) for answer in answers] == [Order, RejectedError, Order]
        assert isinstance(answers[1], RejectedError)
        assert answers[1].document == "#1002"


def found(*numbers: int, after: str | None = None) -> dict[str, Any]:
    nodes = [
        {"id": f"gid://shopify/Order/{n}", "name": f"#{1000 + n}", "updatedAt": f"2026-11-23T10:00:{n:02}Z"}
        for n in numbers
    ]
    return {"orders": page(*nodes, after=after)}


async def test_a_poll_reads_every_page_of_its_window() -> None:
    shop = ScriptedShop().on("FindOrders", found(1, 2, after="c1"), found(3))
    since, until = datetime(2026, 11, 23, 9, tzinfo=UTC), datetime(2026, 11, 23, 11, tzinfo=UTC)
    deliveries = await shop.channel().orders_updated_since(since, until)
    asked = shop.asked_for("FindOrders")
    assert asked[0]["search"] == "updated_at:>='2026-11-23T09:00:00Z' AND updated_at:<'2026-11-23T11:00:00Z'"
    assert [v["after"] for v in asked] == [None, "c1"]
    assert [d.aggregate_key for d in deliveries] == [f"north:order:{n}" for n in (1, 2, 3)]
    assert {(d.topic, d.kind, d.scope) for d in deliveries} == {("orders/polled", "orders", "north")}
    assert deliveries[0].occurred_at == datetime(2026, 11, 23, 10, 0, 1, tzinfo=UTC)
    assert json.loads(deliveries[0].body)["id"] == "gid://shopify/Order/1"


async def test_a_window_longer_than_paging_reaches_goes_on_behind_the_last_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.shopify.searching.REACH", 2)
    shop = ScriptedShop().on("FindOrders", found(1, 2, after="c1"), found(3))
    deliveries = await shop.channel().orders_updated_since(datetime(2026, 11, 23, tzinfo=UTC))
    assert len(deliveries) == 3
    assert shop.asked_for("FindOrders")[1]["search"].endswith(" AND id:>2")
    assert shop.asked_for("FindOrders")[1]["after"] is None


async def test_the_same_version_polled_twice_is_one_delivery_and_a_newer_one_another() -> None:
    since = datetime(2026, 11, 23, tzinfo=UTC)
    newer = {"orders": page({"id": "gid://shopify/Order/1", "name": "#1001", "updatedAt": "2026-11-23T12:00:00Z"})}
    shop = ScriptedShop().on("FindOrders", found(1), found(1), newer)
    channel = shop.channel()
    keys = [(await channel.orders_updated_since(since))[0].delivery_key for _ in range(3)]
    assert keys[0] == keys[1] != keys[2]


async def test_orders_are_found_by_their_exact_names() -> None:
    shop = ScriptedShop().on("FindOrders", found(1, 2, 11))
    deliveries = await shop.channel().find_orders(["#1001", '#10"02', "#1001"])
    assert [d.aggregate_key for d in deliveries] == ["north:order:1"]
    assert shop.asked_for("FindOrders")[0]["search"] == 'name:"#1001" OR name:"#10\\"02"'


def writes(count: int) -> list[FieldWrite]:
    return [FieldWrite(order_id=str(n), field="erp_number", value=f"SO{n}") for n in range(1, count + 1)]


async def test_fields_are_written_25_a_call() -> None:
    shop = ScriptedShop().on("SetOrderFields", WRITTEN)
    outcomes = await shop.channel().write_back(writes(60))
    assert outcomes == [Settled(str(n)) for n in range(1, 61)]
    assert [len(v["metafields"]) for v in shop.asked_for("SetOrderFields")] == [25, 25, 10]
    assert shop.asked_for("SetOrderFields")[0]["metafields"][0] == {
        "ownerId": "gid://shopify/Order/1",
        "namespace": "crossdock",
        "key": "erp_number",
        "type": "single_line_text_field",
        "value": "SO1",
    }


async def test_a_bad_field_fails_alone() -> None:
    error = {"field": ["metafields", "1", "value"], "message": "is too long", "code": "TOO_LONG"}
    shop = ScriptedShop().on("SetOrderFields", {"metafieldsSet": {"userErrors": [error]}}, WRITTEN)
    first, second, third = await shop.channel().write_back(writes(3))
    assert (first, third) == (Settled("1"), Settled("3"))
    assert isinstance(second, Failed)
    assert isinstance(second.error, RejectedError)
    assert (second.error.document, second.error.field) == ("2", "crossdock.erp_number")
    assert [[m["value"] for m in v["metafields"]] for v in shop.asked_for("SetOrderFields")] == [
        ["SO1", "SO2", "SO3"],
        ["SO1", "SO3"],
    ]


async def test_an_error_that_names_no_field_fails_the_call() -> None:
    shop = ScriptedShop().on("SetOrderFields", {"metafieldsSet": {"userErrors": [{"field": None, "message": "no"}]}})
    assert all(isinstance(outcome, Failed) for outcome in await shop.channel().write_back(writes(2)))
    assert len(shop.asked_for("SetOrderFields")) == 1


async def test_what_is_no_order_id_is_not_sent() -> None:
    shop = ScriptedShop().on("SetOrderFields", WRITTEN)
    bad = FieldWrite(order_id="#1001", field="erp_number", value="SO1")
    wrong, right = await shop.channel().write_back([bad, *writes(1)])
    assert isinstance(wrong, Failed)
    assert right == Settled("1")
    assert len(shop.asked_for("SetOrderFields")[0]["metafields"]) == 1


async def test_after_a_call_that_failed_nothing_more_is_sent() -> None:
    shop = ScriptedShop().on("SetOrderFields", WRITTEN, httpx.Response(503), WRITTEN)
    outcomes = await shop.channel().write_back(writes(75))
    assert outcomes[:25] == [Settled(str(n)) for n in range(1, 26)]
    failed = [outcome.error for outcome in outcomes[25:] if isinstance(outcome, Failed)]
    assert len(failed) == 50
    assert all(isinstance(error, RetryableError) for error in failed)
    assert len(shop.asked_for("SetOrderFields")) == 2


URI = "https://crossdock.example.com/webhooks/shopify"


def subscriptions(*topics: str, uri: str = URI, after: str | None = None) -> dict[str, Any]:
    nodes = [{"id": f"gid://shopify/WebhookSubscription/{n}", "topic": t, "uri": uri} for n, t in enumerate(topics)]
    return {"webhookSubscriptions": page(*nodes, after=after)}


def creation(*messages: str) -> dict[str, Any]:
    return {
        "webhookSubscriptionCreate": {
            "userErrors": [{"field": ["webhookSubscription"], "message": m} for m in messages]
        }
    }


async def test_only_missing_subscriptions_are_created() -> None:
    shop = (
        ScriptedShop()
        .on("ListSubscriptions", subscriptions("ORDERS_CREATE", after="c1"), subscriptions("ORDERS_EDITED"))
        .on("CreateSubscription", creation())
    )
    topics = ["orders/create", "orders/edited", "orders/updated", "orders/updated"]
    assert await shop.channel().subscribe(topics, URI) == ["orders/updated"]
    assert shop.asked_for("CreateSubscription") == [{"topic": "ORDERS_UPDATED", "uri": URI}]


async def test_a_subscription_to_another_address_does_not_count() -> None:
    shop = (
        ScriptedShop()
        .on("ListSubscriptions", subscriptions("ORDERS_CREATE", uri="https://old.example.com/"))
        .on("CreateSubscription", creation())
    )
    assert await shop.channel().subscribe(["orders/create"], URI) == ["orders/create"]


async def test_a_subscription_somebody_else_just_made_is_no_error() -> None:
    shop = ScriptedShop().on("ListSubscriptions", subscriptions())
    shop.on("CreateSubscription", creation("Address for this topic has already been taken"))
    assert await shop.channel().subscribe(["orders/create"], URI) == []


async def test_a_subscription_that_is_refused_is_told() -> None:
    shop = ScriptedShop().on("ListSubscriptions", subscriptions())
    shop.on("CreateSubscription", creation("Address protocol http:// is not supported"))
    with pytest.raises(RejectedError, match="not supported") as caught:
        await shop.channel().subscribe(["orders/create"], "http://crossdock.example.com/")
    assert caught.value.document == "orders/create"


def access(*scopes: str, domain: str = "north.myshopify.com") -> dict[str, Any]:
    granted = {"accessScopes": [{"handle": scope} for scope in scopes]}
    return {"shop": {"myshopifyDomain": domain, "currencyCode": "USD"}, "currentAppInstallation": granted}


async def test_a_shop_that_answers_with_every_scope_is_well() -> None:
    await ScriptedShop().on("CheckAccess", access(*SCOPES)).channel().check()


async def test_writing_includes_reading() -> None:
    scopes = [scope for scope in SCOPES if scope != "read_orders"]
    await ScriptedShop().on("CheckAccess", access(*scopes)).channel().check()


async def test_missing_scopes_are_named() -> None:
    shop = ScriptedShop().on("CheckAccess", access("read_orders", "write_orders"))
    with pytest.raises(MisconfiguredError, match="read_customers, read_products") as caught:
        await shop.channel().check()
    assert caught.value.document == "north.myshopify.com"


async def test_another_shop_answering_is_noticed() -> None:
    shop = ScriptedShop().on("CheckAccess", access(*SCOPES, domain="south.myshopify.com"))
    with pytest.raises(MisconfiguredError, match=r"south\.myshopify\.com answers"):
        await shop.channel().check()


async def test_what_an_operator_should_know_is_on_the_channel() -> None:
    served = answer(access(*SCOPES))
    served.headers["X-Shopify-API-Version"] = "2027-01"
    channel = ScriptedShop().on("CheckAccess", served).channel()
    await channel.check()
    assert channel.notices == {"asked for API version 2026-10, Shopify served 2027-01"}
