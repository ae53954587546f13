"""What every sales channel promises, shown on the Shopify stand-in as a process of its own."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from canonical.errors import MisconfiguredError, RetryableError
from canonical.order import Order
from canonical.outcomes import Failed, Settled
from canonical.records import FieldWrite
from connectors.shopify.channel import ShopifyChannel, open_channel
from tests.contract.channel.conftest import StandIn

pytestmark = pytest.mark.counterpart


def number(order: dict[str, str]) -> str:
    return order["order_id"].rpartition("/")[2]


async def test_whole_orders_are_read_by_id_in_one_call_for_fifty(stand_in: StandIn, channel: ShopifyChannel) -> None:
    placed = stand_in.place(50, "mixed", seed=1)
    before = stand_in.calls("nodes")
    orders = await channel.read_orders([number(order) for order in placed])
    names = [order.name for order in orders.values() if isinstance(order, Order)]
    assert names == [order["order_name"] for order in placed]
    assert stand_in.calls("nodes") == before + 1


async def test_an_id_that_does_not_exist_is_missing(channel: ShopifyChannel) -> None:
    assert await channel.read_orders(["1"]) == {}


async def test_a_poll_finds_every_order_of_its_window_and_the_same_version_once(
    stand_in: StandIn, channel: ShopifyChannel
) -> None:
    since = datetime.now(UTC) - timedelta(seconds=1)
    placed = stand_in.place(30, seed=2)
    until = datetime.now(UTC) + timedelta(seconds=2)
    first, again = [await channel.orders_updated_since(since, until) for _ in range(2)]
    keys = {delivery.aggregate_key for delivery in first}
    assert {f"{stand_in.shop}:order:{number(order)}" for order in placed} <= keys
    assert [delivery.delivery_key for delivery in first] == [delivery.delivery_key for delivery in again]
    assert await channel.orders_updated_since(until + timedelta(hours=1), until + timedelta(hours=2)) == []


async def test_a_window_longer_than_one_search_reaches_is_read_to_its_end(
    stand_in: StandIn, channel: ShopifyChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.shopify.searching.REACH", 250)
    since = datetime.now(UTC) - timedelta(seconds=1)
    placed = stand_in.place(550, seed=8)
    deliveries = await channel.orders_updated_since(since, datetime.now(UTC) + timedelta(seconds=2))
    assert {f"{stand_in.shop}:order:{number(order)}" for order in placed} <= {d.aggregate_key for d in deliveries}


async def test_an_order_of_many_lines_is_read_with_all_of_them(stand_in: StandIn, channel: ShopifyChannel) -> None:
    pattern = stand_in.record("Order", stand_in.place(1, seed=9)[0]["order_id"])
    line, kept_back = pattern["lineItems"][0], ("id", "name", "number", "fulfillmentOrders", "confirmationNumber")
    lines = [{**line, "id": f"gid://shopify/LineItem/{770000 + place}"} for place in range(320)]
    record = {name: value for name, value in pattern.items() if name not in kept_back}
    placed = stand_in.ask("POST", f"/state/{stand_in.domain}/Order", json={**record, "lineItems": lines})
    order_id = placed["id"].rpartition("/")[2]
    order = (await channel.read_orders([order_id]))[order_id]
    assert isinstance(order, Order)
    assert [entry.id for entry in order.lines] == [entry["id"].rpartition("/")[2] for entry in lines]


async def test_calls_at_once_share_the_points_and_none_is_throttled(stand_in: StandIn, channel: ShopifyChannel) -> None:
    placed = [number(order) for order in stand_in.place(50, seed=10)]
    stand_in.ask("POST", "/buckets/drain", json={"shop": stand_in.domain})
    with pytest.raises(RetryableError):  # nobody told us that the bucket is empty; this answer does
        await channel.read_orders(placed)
    answers = await asyncio.gather(*(channel.read_orders(placed) for _ in range(12)))
    assert all(len(answer) == 50 for answer in answers)


async def test_orders_are_found_by_name(stand_in: StandIn, channel: ShopifyChannel) -> None:
    placed = stand_in.place(3, seed=3)
    wanted = [order["order_name"] for order in placed[:2]]
    deliveries = await channel.find_orders([*wanted, "#0"])
    assert {d.aggregate_key for d in deliveries} == {f"{stand_in.shop}:order:{number(o)}" for o in placed[:2]}


async def test_fields_are_written_and_writing_them_again_changes_nothing(
    stand_in: StandIn, channel: ShopifyChannel
) -> None:
    placed = stand_in.place(30, seed=4)
    updates = [FieldWrite(order_id=number(order), field="erp_number", value=f"SO{i}") for i, order in enumerate(placed)]
    before = stand_in.calls("metafieldsSet")
    assert await channel.write_back(updates) == [Settled(update.order_id) for update in updates]
    assert await channel.write_back(updates) == [Settled(update.order_id) for update in updates]
    assert stand_in.calls("metafieldsSet") == before + 4


async def test_a_field_of_an_order_that_does_not_exist_fails_alone(stand_in: StandIn, channel: ShopifyChannel) -> None:
    real = number(stand_in.place(1, seed=5)[0])
    updates = [FieldWrite(order_id=order_id, field="erp_number", value="SO1") for order_id in ("1", real)]
    wrong, right = await channel.write_back(updates)
    assert isinstance(wrong, Failed)
    assert wrong.error.document == "1"
    assert right == Settled(real)


async def test_a_reply_lost_after_writing_is_in_doubt_and_writing_again_settles_it(
    stand_in: StandIn, channel: ShopifyChannel
) -> None:
    update = FieldWrite(order_id=number(stand_in.place(1, seed=6)[0]), field="erp_number", value="SO9")
    stand_in.break_next("reset", "metafieldsSet")
    (lost,) = await channel.write_back([update])
    assert isinstance(lost, Failed)
    assert isinstance(lost.error, RetryableError)
    assert lost.error.maybe_applied
    assert await channel.write_back([update]) == [Settled(update.order_id)]


@pytest.mark.parametrize("fault", ["throttle", "http_429", "http_502", "http_503", "internal_error"])
async def test_trouble_of_the_shop_is_retryable_and_over_with_the_next_call(
    stand_in: StandIn, channel: ShopifyChannel, fault: str
) -> None:
    order_id = number(stand_in.place(1, seed=7)[0])
    stand_in.break_next(fault, "nodes")
    with pytest.raises(RetryableError) as caught:
        await channel.read_orders([order_id])
    assert caught.value.maybe_applied == (fault not in ("throttle", "http_429"))
    assert order_id in await channel.read_orders([order_id])


async def test_subscribing_twice_creates_once(channel: ShopifyChannel) -> None:
    topics = ["orders/create", "orders/updated", "orders/risk_assessment_changed"]
    uri = "http://127.0.0.1:9/nobody"
    assert await channel.subscribe(topics, uri) == topics
    assert await channel.subscribe(topics, uri) == []


async def test_a_shop_that_is_well_says_so(channel: ShopifyChannel) -> None:
    await channel.check()
    assert channel.notices == frozenset()


async def test_a_wrong_secret_stops_the_lane(stand_in: StandIn) -> None:
    stranger = open_channel(stand_in.shop, stand_in.settings(client_secret="guess"))
    with pytest.raises(MisconfiguredError, match="invalid_client"):
        await stranger.check()
    await stranger.aclose()


async def test_a_shop_that_is_down_is_retryable(stand_in: StandIn) -> None:
    nobody = open_channel(stand_in.shop, stand_in.settings(base_url="http://127.0.0.1:9"))
    with pytest.raises(RetryableError) as caught:
        await nobody.check()
    assert not caught.value.maybe_applied
    await nobody.aclose()


async def test_a_token_that_was_revoked_is_replaced_unnoticed(stand_in: StandIn, channel: ShopifyChannel) -> None:
    await channel.check()
    stand_in.ask("POST", "/tokens/revoke", json={"shop": stand_in.domain})
    await channel.check()
