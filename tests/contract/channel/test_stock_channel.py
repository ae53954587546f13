"""What every stock channel promises, shown on the Shopify stand-in as a process of its own."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from canonical.errors import ConflictError, RejectedError, RetryableError
from canonical.inventory import ChannelLevel, Place, StockWrite
from canonical.outcomes import Failed, Settled
from canonical.records import Delivery, Message
from canonical.states import MessageState
from connectors.shopify.channel import ShopifyChannel
from connectors.shopify.stock import ShopifyStock, open_stock
from connectors.shopify.topics import STOCK_TOPICS
from connectors.shopify.webhooks import webhook_source
from tests.contract.channel.conftest import StandIn
from tests.contract.channel.orders import shippable
from tests.contract.channel.receiver import Receiver

pytestmark = pytest.mark.counterpart


@pytest.fixture
async def stock(stand_in: StandIn) -> AsyncIterator[ShopifyStock]:
    opened = open_stock(stand_in.shop, stand_in.settings())
    yield opened
    await opened.aclose()
    stand_in.ask("DELETE", "/faults")


@pytest.fixture(scope="module")
def skus(stand_in: StandIn) -> list[str]:
    """The SKUs of the shop, each of one tracked variant."""
    found = stand_in.ask("GET", f"/state/{stand_in.domain}/InventoryItem")["records"]
    return [record["sku"] for record in found if record["sku"] and record["tracked"]]


def tail(native: str) -> str:
    return native.rpartition("/")[2]


def key() -> str:
    return f"test/{uuid.uuid4()}"


async def places_of(stand_in: StandIn, stock: ShopifyStock, skus: list[str]) -> list[Place]:
    """A place for each SKU where it is stocked."""
    locations = [tail(r["id"]) for r in stand_in.ask("GET", f"/state/{stand_in.domain}/Location")["records"]]
    items = await stock.find_items(skus)
    asked = [Place(item_id=items[s][0].item_id, location_id=loc) for s in skus for loc in locations]
    shown = await stock.read_levels(asked)
    stocked: dict[str, Place] = {}
    for place in asked:
        if place in shown and shown[place].available is not None:
            stocked.setdefault(place.item_id, place)
    return list(stocked.values())


async def available(stock: ShopifyStock, place: Place) -> int | None:
    return (await stock.read_levels([place]))[place].available


async def test_items_are_found_by_their_very_sku(stock: ShopifyStock, skus: list[str]) -> None:
    wanted = skus[:3]
    found = await stock.find_items([*wanted, wanted[0].swapcase(), "no such SKU", ""])
    assert set(found) == set(wanted)
    assert all(item.sku == sku and item.variant_id and item.product_id for sku, (item, *_) in found.items())


async def test_many_skus_are_found_by_few_searches(stand_in: StandIn, stock: ShopifyStock, skus: list[str]) -> None:
    before = stand_in.calls("productVariants")
    found = await stock.find_items([*skus, *(f"nobody-{number}" for number in range(150))])
    assert set(found) == set(skus)
    assert stand_in.calls("productVariants") <= before + 3


async def test_levels_of_many_items_are_read_in_one_call_a_location(
    stand_in: StandIn, stock: ShopifyStock, skus: list[str]
) -> None:
    places = await places_of(stand_in, stock, skus[:20])
    before = stand_in.calls("nodes")
    shown = await stock.read_levels([*places, Place(item_id="1", location_id=places[0].location_id)])
    assert set(shown) == set(places)
    assert stand_in.calls("nodes") == before + len({place.location_id for place in places})


async def test_figures_are_set_in_one_call_and_shown(stand_in: StandIn, stock: ShopifyStock, skus: list[str]) -> None:
    places = await places_of(stand_in, stock, skus[:20])
    before = stand_in.calls("inventorySetQuantities")
    writes = [StockWrite(place=place, quantity=100 + n) for n, place in enumerate(places)]
    assert await stock.set_available(writes, key()) == [Settled(100 + n) for n in range(len(places))]
    assert stand_in.calls("inventorySetQuantities") == before + 1
    shown = await stock.read_levels(places)
    assert [shown[place].available for place in places] == [100 + n for n in range(len(places))]


async def test_one_stale_and_one_unknown_place_fail_alone(
    stand_in: StandIn, stock: ShopifyStock, skus: list[str]
) -> None:
    places = await places_of(stand_in, stock, skus[:5])
    await stock.set_available([StockWrite(place=place, quantity=10) for place in places], key())
    nobody = Place(item_id="999999999", location_id=places[0].location_id)
    writes = [
        StockWrite(place=places[0], quantity=4, expected=10),
        StockWrite(place=places[1], quantity=4, expected=11),
        StockWrite(place=nobody, quantity=4, expected=10),
        StockWrite(place=places[2], quantity=4, expected=10),
    ]
    right, stale, unknown, also_right = await stock.set_available(writes, key())
    assert (right, also_right) == (Settled(4), Settled(4))
    assert isinstance(stale, Failed)
    assert isinstance(stale.error, ConflictError)
    assert stale.error.code == "stale_compare"
    assert isinstance(unknown, Failed)
    assert isinstance(unknown.error, RejectedError)
    assert [await available(stock, place) for place in places[:3]] == [4, 10, 4]


async def test_a_reply_lost_after_writing_is_settled_in_the_same_call_and_written_once(
    stand_in: StandIn, stock: ShopifyStock, skus: list[str]
) -> None:
    (place,) = await places_of(stand_in, stock, skus[:1])
    await stock.set_available([StockWrite(place=place, quantity=10)], key())
    stand_in.break_next("reset", "inventorySetQuantities")
    assert await stock.set_available([StockWrite(place=place, quantity=7, expected=10)], key()) == [Settled(7)]
    assert await available(stock, place) == 7


async def test_the_same_call_again_changes_nothing_after_somebody_else_sold(
    stand_in: StandIn, stock: ShopifyStock, skus: list[str]
) -> None:
    (place,) = await places_of(stand_in, stock, skus[:1])
    await stock.set_available([StockWrite(place=place, quantity=10)], key())
    first = key()
    write = StockWrite(place=place, quantity=20, expected=10)
    assert await stock.set_available([write], first) == [Settled(20)]
    await stock.set_available([StockWrite(place=place, quantity=18, expected=20)], key())
    assert await stock.set_available([write], first) == [Settled(20)]
    assert await available(stock, place) == 18


@pytest.mark.parametrize("fault", ["throttle", "http_429"])
async def test_a_call_the_shop_did_not_take_is_retryable(
    stand_in: StandIn, stock: ShopifyStock, skus: list[str], fault: str
) -> None:
    (place,) = await places_of(stand_in, stock, skus[:1])
    write, call = StockWrite(place=place, quantity=33), key()
    stand_in.break_next(fault, "inventorySetQuantities")
    with pytest.raises(RetryableError) as caught:
        await stock.set_available([write], call)
    assert not caught.value.maybe_applied
    assert await stock.set_available([write], call) == [Settled(33)]


async def test_an_item_is_stocked_once(stand_in: StandIn, stock: ShopifyStock, skus: list[str]) -> None:
    location = stand_in.ask("POST", f"/state/{stand_in.domain}/Location", json=new_location(stand_in))
    items = await stock.find_items(skus[:1])
    place = Place(item_id=items[skus[0]][0].item_id, location_id=tail(location["id"]))
    assert (await stock.read_levels([place]))[place].available is None
    stand_in.break_next("reset", "inventoryActivate")
    assert await stock.activate(place, 6, key()) == Settled(6)
    assert await available(stock, place) == 6
    again = await stock.activate(place, 9, key())
    assert isinstance(again, Failed)
    assert again.error.code == "already_stocked"
    assert await available(stock, place) == 6


def new_location(stand_in: StandIn) -> dict[str, Any]:
    """A location like the first one, where nothing is stocked yet."""
    pattern = stand_in.ask("GET", f"/state/{stand_in.domain}/Location")["records"][0]
    return {**{name: value for name, value in pattern.items() if name != "id"}, "name": f"Pop-up {uuid.uuid4()}"}


async def test_a_snapshot_tells_every_level_once(stand_in: StandIn, stock: ShopifyStock, skus: list[str]) -> None:
    places = await places_of(stand_in, stock, skus[:10])
    await stock.set_available([StockWrite(place=place, quantity=55) for place in places], key())
    found: dict[Place, ChannelLevel] = {}
    async for level in stock.snapshot():
        assert level.place not in found
        found[level.place] = level
    assert [found[place] for place in places] == list((await stock.read_levels(places)).values())
    levels = stand_in.ask("GET", f"/state/{stand_in.domain}/InventoryLevel")["records"]
    assert len(found) == len([level for level in levels if level["isActive"]])


async def test_our_own_write_comes_back_as_an_echo_of_its_place(
    stand_in: StandIn, stock: ShopifyStock, channel: ShopifyChannel, skus: list[str], receiver: Receiver
) -> None:
    (place,) = await places_of(stand_in, stock, skus[:1])
    await stock.set_available([StockWrite(place=place, quantity=70)], key())
    await channel.subscribe(["inventory_levels/update"], receiver.uri)
    await stock.set_available([StockWrite(place=place, quantity=71, expected=70)], key())
    headers, body = receiver.wait_for(1)[0]
    source = webhook_source({stand_in.shop: stand_in.settings(topics=STOCK_TOPICS)})
    assert source.verify(headers, body)
    delivery = source.delivery(headers, body)
    assert delivery.kind == f"stock-echo.{stand_in.shop}"
    assert delivery.aggregate_key == f"{stand_in.shop}:place:{place.item_id}%40{place.location_id}"
    level = stock.level_of(message_of(delivery))
    assert (level.place, level.available) == (place, 71)


async def test_what_orders_have_committed_is_told_in_one_call_line_by_line(
    stand_in: StandIn, stock: ShopifyStock
) -> None:
    placed = [shippable(stand_in), shippable(stand_in)]
    before = stand_in.calls("nodes")
    told = await stock.committed_lines([*(one.id for one in placed), "999999999", "no id"])
    assert stand_in.calls("nodes") == before + 1
    wanted = {(one.id, line, one.location): pieces for one in placed for line, pieces in one.lines.items() if pieces}
    assert {(one.order_id, one.line_id, one.location_id): one.pieces for one in told} == wanted


def message_of(delivery: Delivery) -> Message:
    """The delivery as the inbox hands it out."""
    fields = {name: getattr(delivery, name) for name in Message.model_fields if hasattr(delivery, name)}
    return Message(**fields, seq=1, state=MessageState.CLAIMED, received_at=datetime.now(UTC))


async def test_a_shop_that_is_well_says_so(stock: ShopifyStock) -> None:
    await stock.check()
