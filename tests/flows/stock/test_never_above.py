"""Never above the policy's figure: at every write, while orders wait unread and the ERP is away.

On a shop in memory, and on one of the stand-in that takes the stock of its orders itself and is written by the real
connector over HTTP.
"""

import asyncio
import random
from dataclasses import dataclass, field

import pytest

from canonical.inventory import Place, StockWrite
from canonical.order import Order
from canonical.records import Delivery
from tests.fakes.systems import delivery
from tests.flows.stock.conftest import StockHouse

UNREAD = 10_000
SKUS = 40


@dataclass
class Truth:
    """What may really be sold at each place: on hand, less every order ever placed, read by us or not."""

    stock: StockHouse
    places: dict[Place, str] = field(default_factory=dict)
    on_hand: dict[str, int] = field(default_factory=dict)
    sold: dict[str, int] = field(default_factory=dict)
    writes: int = 0

    def allowed(self, sku: str) -> int:
        return max(0, self.on_hand[sku] - self.sold.get(sku, 0))

    def check(self, write: StockWrite) -> None:
        sku = self.places[write.place]
        self.writes += 1
        assert write.quantity <= self.allowed(sku), (sku, write, self.allowed(sku))


@pytest.mark.parametrize("stock", ["memory", "stand-in"], indirect=True)
async def test_with_ten_thousand_unread_orders_and_the_erp_down_no_write_is_above_the_policy(stock: StockHouse) -> None:
    truth = Truth(stock)
    stock.shop.on_write = truth.check
    for n in range(SKUS):
        sku = f"S-{n}"
        truth.places[stock.shop.add(sku, "7")] = sku
        truth.on_hand[sku] = 1_000
        stock.source.set(sku, "DC-EAST", 1_000)
    await stock.drain()
    await stock.store.put(_unread(stock, truth))
    stock.source.down = stock.erp.down = True
    for n in range(SKUS):
        truth.on_hand[f"S-{n}"] = 1_200
        await stock.tell(f"S-{n}", 1_200)
    before = truth.writes
    await stock.drain()
    stock.shop.check_writes()
    assert truth.writes > before
    for place, sku in truth.places.items():
        assert stock.shop.available(place) == truth.allowed(sku)


def _unread(stock: StockHouse, truth: Truth) -> list[Delivery]:
    """Shoppers order; the webhooks are in the inbox, and nobody has read them."""
    places = {sku: place for place, sku in truth.places.items()}
    base, dice, found = stock.order(1, "S-0"), random.Random(18), []
    for number in range(UNREAD):
        sku = f"S-{dice.randrange(SKUS)}"
        stock.shop.sell(places[sku], 1, number + 10)
        truth.sold[sku] = truth.sold.get(sku, 0) + 1
        order = base.model_copy(update={"id": str(number + 10)})
        found.append(delivery(order, webhook=f"u{number}", body=b'{"pointer":true}'))
    return found


@pytest.mark.parametrize("stock", ["memory", "stand-in"], indirect=True)
async def test_while_shoppers_order_and_several_workers_publish_no_write_is_above_the_policy(stock: StockHouse) -> None:
    truth, dice = Truth(stock), random.Random(7)
    stock.shop.on_write = truth.check
    skus = [f"S-{n}" for n in range(6)]
    for sku in skus:
        truth.places[stock.shop.add(sku, "7")] = sku
        truth.on_hand[sku] = 50
        stock.source.set(sku, "DC-EAST", 50)
    await stock.drain()
    stock.erp.down = True
    places = {sku: place for place, sku in truth.places.items()}
    orders: list[Order] = []

    def shop_side(_: StockWrite) -> None:
        """In the moment between the compare and the write, somebody may order."""
        if dice.random() < 0.3:
            sku = dice.choice(skus)
            _sell(stock, truth, places, orders, sku)

    stock.shop.before_write = shop_side
    for _ in range(10):
        for sku in dice.sample(skus, 3):
            _sell(stock, truth, places, orders, sku)
            truth.on_hand[sku] += dice.randrange(-1, 4)
            stock.source.set(sku, "DC-EAST", truth.on_hand[sku])
        if dice.random() < 0.5:
            await stock.webhook(*orders)
            orders.clear()
        await asyncio.gather(stock.drain(), stock.drain(), stock.read_orders())
    stock.shop.before_write = None
    await stock.webhook(*orders)
    await stock.read_orders()
    stock.no_pauses()
    await stock.drain()
    stock.shop.check_writes()
    assert truth.writes > 20
    for sku, place in places.items():
        assert stock.shop.available(place) == truth.allowed(sku), sku


def _sell(stock: StockHouse, truth: Truth, places: dict[str, Place], orders: list[Order], sku: str) -> None:
    truth.sold[sku] = truth.sold.get(sku, 0) + 1
    number = 1_000 + sum(truth.sold.values())
    stock.shop.sell(places[sku], 1, number)
    orders.append(stock.order(number, sku))
