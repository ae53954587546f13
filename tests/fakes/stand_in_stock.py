"""A shop of the stand-in that shows stock, reached by the real connector over HTTP, within this process.

It has the handles of `FakeStockShop`. Orders are placed, cancelled and shipped in the stand-in itself, so it is the
stand-in that takes the stock. `on_write` is asked at every figure the connector wrote: the stand-in keeps each such
write as an adjustment group, committed together with the level.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from pydantic import SecretStr

from canonical.inventory import ChannelItem, ChannelLevel, Place, StockWrite
from canonical.outcomes import Outcome
from canonical.ports.stock import CommittedLine
from canonical.records import Message
from connectors.shopify.budget import LocalBudget
from connectors.shopify.settings import ShopifySettings
from connectors.shopify.stock import ShopifyStock, open_stock
from deployments.sandbox.shopify.app import create_app
from deployments.sandbox.shopify.buckets import Buckets, Plan
from deployments.sandbox.shopify.records import Record, gid, gid_tail
from deployments.sandbox.shopify.state import Change
from deployments.sandbox.shopify.stock import level_at, move, open_level, quantity
from deployments.sandbox.shopify.webhooks.bodies import write_body
from deployments.sandbox.shopify.webhooks.rest import Source
from tests.sandbox.shopify.asking import Shop

CANCEL = """mutation C($id: ID!) { orderCancel(orderId: $id, restock: true, reason: CUSTOMER) {
  orderCancelUserErrors { message } } }"""
SHIP = """mutation S($fulfillment: FulfillmentInput!) { fulfillmentCreate(fulfillment: $fulfillment) {
  userErrors { message } } }"""
PRICE = {"amount": "20.00", "currencyCode": "USD"}
MONEY = {"shopMoney": PRICE, "presentmentMoney": PRICE}
UNLIMITED = Plan(10**9, 10**9)
"""These tests ask what is written, not how fast."""


@dataclass(frozen=True, slots=True)
class LevelNews:
    """A stock webhook as the stand-in writes it; `at` is when it happened."""

    item_id: str
    body: bytes
    at: datetime


class Line(httpx.AsyncBaseTransport):
    """The line to the stand-in: shoppers order while a write is on its way, and answers get lost."""

    def __init__(self, shop: "StandInStockShop") -> None:
        self._shop = shop
        self._inner = httpx.ASGITransport(create_app(shop.front.stand_in))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        shop, writes = self._shop, _writes(request)
        shop.tick()
        for write in writes:
            shop.meet(write)
        response = await self._inner.handle_async_request(request)
        for write in writes:
            shop.meet(write)
        if writes and shop.lose_reply:
            shop.lose_reply -= 1
            shop.lost += 1
            raise httpx.ReadError("the answer got lost", request=request)
        return response


def _writes(request: httpx.Request) -> list[StockWrite]:
    """The figures a request sets; none when it is another request."""
    if b"inventorySetQuantities" not in request.content:
        return []
    rows = json.loads(request.content)["variables"]["input"]["quantities"]
    return [
        StockWrite(
            place=Place(item_id=gid_tail(row["inventoryItemId"]), location_id=gid_tail(row["locationId"])),
            quantity=row["quantity"],
            expected=row["changeFromQuantity"],
        )
        for row in rows
    ]


class StandInStockShop:
    """An empty shop of the stand-in and our stock channel on it."""

    def __init__(self, shop: str) -> None:
        self.shop = shop
        self.front = Shop(seed=False)
        self.front.stand_in.buckets = Buckets(UNLIMITED)
        self.tick()
        self.state, self.domain = self.front.state, self.front.domain
        self.state.on_change(self._noticed)
        self.lose_reply = self.lost = 0
        self.before_write: Callable[[StockWrite], None] | None = None
        self.on_write: Callable[[StockWrite], None] | None = None
        self.breaches: list[AssertionError] = []
        self.news: list[LevelNews] = []
        self._variants: dict[Place, str] = {}
        self.channel: ShopifyStock = open_stock(shop, self._settings(), network=Line(self), budget=LocalBudget())
        self.best_batch = self.channel.best_batch

    def _settings(self) -> ShopifySettings:
        app = self.front.stand_in.settings
        return ShopifySettings(
            domain=self.domain,
            client_id=app.client_id,
            client_secret=SecretStr(app.client_secret),
            base_url="http://127.0.0.1",
        )

    def tick(self) -> None:
        """The stand-in's clock goes with ours."""
        self.front.now = max(self.front.now, datetime.now(UTC))

    def meet(self, write: StockWrite) -> None:
        if self.before_write is not None:
            self.before_write(write)

    def _noticed(self, change: Change) -> None:
        """After each commit of the stand-in: what our app wrote, and stock webhooks. Must not raise."""
        self.front.changes.clear()
        if change.record_type == "InventoryLevel" and change.previous is not None:
            self.news.append(self._news(change.record))
        elif change.record_type == "InventoryAdjustmentGroup" and self.on_write is not None:
            for item, location, name, delta, after, _ in change.record["rows"]:
                if name == "available":
                    place = Place(item_id=gid_tail(item), location_id=gid_tail(location))
                    self._judge(StockWrite(place=place, quantity=after, expected=after - delta))

    def _judge(self, write: StockWrite) -> None:
        try:
            if self.on_write is not None:
                self.on_write(write)
        except AssertionError as breach:
            self.breaches.append(breach)

    def check_writes(self) -> None:
        """Raise the first write that was above what was allowed."""
        if self.breaches:
            raise self.breaches[0]

    # What the merchant and the shoppers do

    def add(self, sku: str, *locations: str, available: int = 0) -> Place:
        """A product with this SKU, stocked at the locations. Returns its first place."""
        for location in locations:
            if self.state.get(self.domain, gid("Location", location)) is None:
                about = {"id": gid("Location", location), "name": "East", "fulfillsOnlineOrders": True}
                self.state.add(self.domain, "Location", {**about, "isActive": True, "address": {}}, topics=())
        product = self.state.add(self.domain, "Product", {"title": sku, "handle": sku.lower(), "options": []})
        item = self.state.add(self.domain, "InventoryItem", {"sku": sku, "tracked": True, "requiresShipping": True})
        offer = {"sku": sku, "title": "Default Title", "price": "20.00", "product": {"id": product["id"]}}
        variant = self.state.add(self.domain, "ProductVariant", {**offer, "inventoryItem": {"id": item["id"]}})
        self.state.update(self.domain, item["id"], {"variant": {"id": variant["id"]}})
        self.state.update(self.domain, product["id"], {"variants": [{"id": variant["id"]}]})
        for location in locations:
            open_level(self.state, self.domain, item["id"], gid("Location", location), available)
        place = Place(item_id=gid_tail(item["id"]), location_id=locations[0])
        self._variants[place] = variant["id"]
        return place

    def sell(self, place: Place, pieces: int, number: int) -> None:
        """A shopper's order: the stand-in takes the stock the moment it is placed."""
        self.tick()
        line = {
            "id": gid("LineItem", number),
            "title": "Goods",
            "name": "Goods",
            "quantity": pieces,
            "variant": {"id": self._variants[place]},
            "requiresShipping": True,
            "originalUnitPriceSet": MONEY,
            "originalTotalSet": MONEY,
            "discountedTotalSet": MONEY,
            "discountAllocations": [],
            "taxLines": [],
        }
        order = {"id": gid("Order", number), "number": number, "lineItems": [line], "totalPriceSet": MONEY}
        self.state.add_order(self.domain, order)

    def call_off(self, place: Place, pieces: int, number: int) -> None:
        """The order is cancelled, its goods go back on the shelf."""
        answer = self.front.ask(CANCEL, id=gid("Order", number))
        assert answer["orderCancelUserErrors"] == [], answer
        self.front.later(seconds=2)
        assert self._order(number)["cancelledAt"]

    def fulfill(self, place: Place, pieces: int, number: int) -> None:
        """The goods left: what is available stays."""
        self.tick()
        requests = [one["id"] for one in self._order(number)["fulfillmentOrders"]]
        rows = [{"fulfillmentOrderId": request} for request in requests]
        answer = self.front.ask(SHIP, fulfillment={"lineItemsByFulfillmentOrder": rows})
        assert answer["userErrors"] == [], answer

    def edit(self, place: Place, by: int) -> None:
        """Somebody changes the figure in the admin."""
        self.tick()
        move(self.state, self.domain, self._level(place), {"available": by})

    def available(self, place: Place) -> int:
        """What the shop shows at a place."""
        return quantity(self._level(place), "available")

    def told(self, place: Place) -> bytes:
        """A stock webhook about this place, as it is now."""
        return self._news(self._level(place)).body

    def _news(self, level: Record) -> LevelNews:
        body = write_body("inventory_levels/update", level, Source(self.state, self.domain))
        return LevelNews(gid_tail(level["item"]["id"]), json.dumps(body).encode(), datetime.now(UTC))

    def _order(self, number: int) -> Record:
        return self.front.record(gid("Order", number))

    def _level(self, place: Place) -> Record:
        space = self.state.space(self.domain)
        level = level_at(space, gid("InventoryItem", place.item_id), gid("Location", place.location_id))
        assert level is not None, place
        return level

    # The port, by the real connector

    async def find_items(self, skus: Sequence[str]) -> Mapping[str, tuple[ChannelItem, ...]]:
        return await self.channel.find_items(skus)

    async def read_levels(self, places: Sequence[Place]) -> Mapping[Place, ChannelLevel]:
        return await self.channel.read_levels(places)

    async def committed_lines(self, order_ids: Sequence[str]) -> Sequence[CommittedLine]:
        return await self.channel.committed_lines(order_ids)

    async def set_available(self, writes: Sequence[StockWrite], key: str) -> list[Outcome[int]]:
        return await self.channel.set_available(writes, key)

    async def activate(self, place: Place, available: int, key: str) -> Outcome[int]:
        return await self.channel.activate(place, available, key)

    def snapshot(self) -> AsyncIterator[ChannelLevel]:
        return self.channel.snapshot()

    def level_of(self, message: Message) -> ChannelLevel:
        return self.channel.level_of(message)

    async def check(self) -> None:
        await self.channel.check()

    async def aclose(self) -> None:
        await self.channel.aclose()
