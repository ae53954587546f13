"""The random life of a company's stock: what is really there, who moves it, and what may be shown at each moment.

Shoppers order at the shop, which takes the stock by itself; what it tells of its orders and its stock comes late,
twice and out of order. Orders are cancelled, allocated, shipped, fulfilled; goods are received, counted, moved between
two warehouses that are one location of the shop; wholesale takes its part; reports come late and twice; somebody edits
the shop's figure; shoppers order while a write is on its way, and its answer gets lost; several workers publish at
once.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from canonical.fulfillment import FulfillmentOrderLine
from canonical.inventory import AllocatedLine, Place, StockReport, StockWrite
from canonical.order import Order
from tests.fakes.systems import delivery
from tests.flows.stock.conftest import StockHouse

SKUS = [f"S-{n}" for n in range(8)]
WAREHOUSES = ("DC-EAST", "DC-WEST")
EAST, WEST = WAREHOUSES


@dataclass
class Sale:
    """An order as it really is, whoever has heard of it."""

    number: int
    sku: str
    quantity: int
    state: str = "open"  # open -> allocated -> shipped -> fulfilled, or cancelled
    heard: bool = False


@dataclass(frozen=True)
class Word:
    """What the ERP said of a SKU: free of its promises at each warehouse, and the orders counted in that."""

    free: tuple[int, int]
    counted: frozenset[int]


@dataclass
class Late:
    """A message of the shop's that is on its way: the order as it was then."""

    sale: Sale
    order: Order
    topic: str


@dataclass
class World:
    """What is really there, and the moves that change it."""

    stock: StockHouse
    dice: random.Random
    places: dict[str, Place]
    on_hand: dict[tuple[str, str], int] = field(default_factory=dict)
    wholesale: dict[str, int] = field(default_factory=dict)
    sales: list[Sale] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    old_reports: list[tuple[str, str, int, StockReport]] = field(default_factory=list)
    words: dict[str, list[Word]] = field(default_factory=dict)
    writes: int = 0
    quiet_points: int = 0

    # What may be shown

    def allowed(self, sku: str) -> int:
        """What the policy allows: all that is there, less wholesale and every order that has not left."""
        there = sum(self.on_hand[sku, place] for place in WAREHOUSES)
        taken = sum(s.quantity for s in self.sales if s.sku == sku and s.state in ("open", "allocated"))
        return max(0, there - self.wholesale.get(sku, 0) - taken)

    def ceiling(self, sku: str) -> int:
        """What the policy allows by the ERP's words that may count now, given all orders the shop has taken.

        While a word waits to be taken in, the one before it still counts: no write may be above the higher of them.
        """
        taken = [s for s in self.sales if s.sku == sku and s.state != "cancelled"]
        return max(
            max(0, sum(word.free) - sum(s.quantity for s in taken if s.number not in word.counted))
            for word in self.words[sku]
        )

    def on_write(self, write: StockWrite) -> None:
        """At every figure written, at the moment it is."""
        sku = next(sku for sku, place in self.places.items() if place == write.place)
        self.writes += 1
        assert write.quantity <= self.ceiling(sku), (sku, write, self.ceiling(sku), self.words[sku])

    def check(self, *, equal: bool) -> None:
        for sku, place in self.places.items():
            shown = max(0, self.stock.shop.available(place))
            assert shown <= self.allowed(sku), (sku, shown, self.allowed(sku))
            if equal:
                assert shown == self.allowed(sku), (sku, shown, self.allowed(sku))

    # What the ERP says

    def tell(self, sku: str) -> None:
        """The source knows the new position; the next poll tells it."""
        taken = [s for s in self.sales if s.sku == sku and s.state == "allocated"]
        left = sum(s.quantity for s in taken) + self.wholesale.get(sku, 0)
        east = min(left, self.on_hand[sku, EAST])
        self.stock.source.set(sku, EAST, self.on_hand[sku, EAST], allocated=east)
        self.stock.source.set(sku, WEST, self.on_hand[sku, WEST], allocated=left - east)
        counted = [s for s in self.sales if s.state in ("allocated", "shipped", "fulfilled")]
        free = (self.on_hand[sku, EAST] - east, self.on_hand[sku, WEST] - (left - east))
        self.words.setdefault(sku, []).append(Word(free, frozenset(s.number for s in counted if s.sku == sku)))
        self.stock.source.allocated = [
            AllocatedLine(
                shop="north",
                order_id=str(s.number),
                sku=s.sku,
                quantity=Decimal(s.quantity),
                gone=s.state != "allocated",
            )
            for s in counted
        ]

    async def old_report(self) -> None:
        """What a source told before, once more, of one warehouse alone: late, or twice."""
        sku, place = self.dice.choice(SKUS), self.dice.choice(WAREHOUSES)
        level = self.stock.source.levels[sku, place]
        report = StockReport(source="erp", company="north", levels=(level,))
        self.old_reports.append((sku, place, int(level.on_hand - level.allocated), report))
        sku, place, free, report = self.dice.choice(self.old_reports)
        alone = [Word((free, w.free[1]) if place == EAST else (w.free[0], free), w.counted) for w in self.words[sku]]
        newest = self.words[sku][-1]  # it stays the last, also when the old report says the same
        older = [word for word in (*alone, *self.words[sku]) if word != newest]
        self.words[sku] = [*dict.fromkeys(older), newest]
        await self.stock.tell_again(report)

    # What the shop says

    async def news(self, sale: Sale, topic: str, at: int) -> None:
        """The shop has news of an order: its message comes now, or some time."""
        order = self.order(sale, at=at)
        self.stock.orders.orders[order.id] = order
        message = Late(sale, order, topic)
        if self.dice.random() < 0.25:
            self.late.append(message)
        else:
            await self.hear(message)

    async def hear(self, message: Late) -> None:
        message.sale.heard = True
        for _ in range(self.dice.choice((1, 1, 2))):
            self.stock.sent += 1
            name = f"w{self.stock.sent}"
            await self.stock.store.put([delivery(message.order, webhook=name, topic=message.topic)])

    def order(self, sale: Sale, *, at: int) -> Order:
        left = 0 if sale.state == "fulfilled" else sale.quantity
        order = self.stock.order(sale.number, sale.sku, sale.quantity)
        asked = FulfillmentOrderLine(id="51", line_id=str(sale.number), quantity=sale.quantity, remaining=left)
        request = order.fulfillment_orders[0].model_copy(update={"lines": (asked,)})
        moment = order.updated_at.replace(second=at)
        cancelled = moment if sale.state == "cancelled" else None
        return order.model_copy(
            update={"fulfillment_orders": (request,), "updated_at": moment, "cancelled_at": cancelled}
        )

    async def catch_up(self) -> None:
        if self.late:
            await self.hear(self.late.pop(self.dice.randrange(len(self.late))))

    async def echo(self, place: Place) -> None:
        self.stock.sent += 1
        await self.stock.level_webhook(self.stock.shop.told(place), place.item_id, self.stock.sent, self.stock.rt.now())

    async def level_news(self) -> None:
        """Some of what the shop has to say of its stock, in any order; what it says of it later is lost."""
        told = getattr(self.stock.shop, "news", [])
        self.dice.shuffle(told)
        for one in told[:4]:
            self.stock.sent += 1
            await self.stock.level_webhook(one.body, one.item_id, self.stock.sent, one.at)
        told.clear()

    # The moves

    def place_order(self, sku: str, quantity: int) -> Sale | None:
        """A shopper's order, if the shop has enough."""
        if self.stock.shop.available(self.places[sku]) < quantity:
            return None
        sale = Sale(1_000 + len(self.sales), sku, quantity)
        self.sales.append(sale)
        self.stock.shop.sell(self.places[sku], quantity, sale.number)
        return sale

    async def sell(self) -> None:
        if sale := self.place_order(self.dice.choice(SKUS), self.dice.randrange(1, 4)):
            await self.news(sale, "orders/create", 0)

    def sell_meanwhile(self, write: StockWrite) -> None:
        """Somebody orders while a write is on its way, or its answer; the message comes later."""
        if self.dice.random() < 0.15:
            sku = next(sku for sku, place in self.places.items() if place == write.place)
            if sale := self.place_order(sku, 1):
                order = self.order(sale, at=0)
                self.stock.orders.orders[order.id] = order
                self.late.append(Late(sale, order, "orders/create"))

    async def cancel(self) -> None:
        if sale := self._one("open"):
            sale.state = "cancelled"
            self.stock.shop.call_off(self.places[sale.sku], sale.quantity, sale.number)
            await self.news(sale, "orders/cancelled", 30)

    async def allocate(self) -> None:
        if sale := self._one("open"):
            sale.state = "allocated"
            self.tell(sale.sku)

    async def ship(self) -> None:
        sale = self._one("allocated")
        if sale is None:
            return
        for place in WAREHOUSES:
            if self.on_hand[sale.sku, place] >= sale.quantity:
                self.on_hand[sale.sku, place] -= sale.quantity
                sale.state = "shipped"
                self.tell(sale.sku)
                return

    async def fulfill(self) -> None:
        if sale := self._one("shipped"):
            sale.state = "fulfilled"
            self.stock.shop.fulfill(self.places[sale.sku], sale.quantity, sale.number)
            await self.news(sale, "orders/updated", 40)

    def _one(self, state: str) -> Sale | None:
        found = [s for s in self.sales if s.state == state and s.heard]
        return self.dice.choice(found) if found else None

    async def receive(self) -> None:
        sku, place = self.dice.choice(SKUS), self.dice.choice(WAREHOUSES)
        self.on_hand[sku, place] += self.dice.randrange(1, 12)
        self.tell(sku)

    async def count(self) -> None:
        sku, place = self.dice.choice(SKUS), self.dice.choice(WAREHOUSES)
        self.on_hand[sku, place] = max(0, self.on_hand[sku, place] + self.dice.randrange(-5, 4))
        self.tell(sku)

    async def move(self) -> None:
        sku = self.dice.choice(SKUS)
        away, to = self.dice.sample(WAREHOUSES, 2)
        moved = min(self.on_hand[sku, away], self.dice.randrange(1, 6))
        self.on_hand[sku, away] -= moved
        self.on_hand[sku, to] += moved
        self.tell(sku)

    async def wholesale_order(self) -> None:
        sku = self.dice.choice(SKUS)
        self.wholesale[sku] = max(0, self.wholesale.get(sku, 0) + self.dice.randrange(-3, 4))
        self.tell(sku)

    async def edit(self) -> None:
        """Somebody at the shop believes to know better; its webhook tells of it."""
        place = self.places[self.dice.choice(SKUS)]
        self.stock.shop.edit(place, -1)
        await self.echo(place)

    # The workers

    async def work(self) -> None:
        """Workers, all at once; now and then an answer of the shop gets lost, at worst until they give up."""
        if self.dice.random() < 0.5:
            self.stock.no_pauses()
        if self.dice.random() < 0.3:
            self.stock.shop.lose_reply = self.dice.choice((1, 3))
        moves: list[Any] = [self.stock.drain()]
        if self.dice.random() < 0.5:
            moves.append(self.stock.read_orders())
        if self.dice.random() < 0.3:
            moves.append(self.stock.drain())
        await asyncio.gather(*moves)
        self.taken_in()

    async def quiet(self) -> None:
        """Nobody moves until everything that is known has been handled; late messages stay late."""
        shop = self.stock.shop
        shop.lose_reply, meanwhile, shop.before_write = 0, shop.before_write, None
        self.stock.no_pauses()
        await self.stock.read_orders()
        await self.stock.drain()
        self.taken_in()
        for place in self.places.values():
            await self.echo(place)
        for _ in range(2):
            self.stock.no_pauses()
            await self.stock.drain()
        shop.before_write = meanwhile
        self.quiet_points += 1

    def taken_in(self) -> None:
        """The newest word has been taken in: those before it count no more."""
        self.words = {sku: words[-1:] for sku, words in self.words.items()}

    async def step(self) -> None:
        """One move, whichever the dice choose; then look whether something too high was written."""
        moves, weights = zip(*MOVES, strict=True)
        await self.dice.choices(moves, weights)[0](self)
        self.stock.shop.check_writes()


MOVES: tuple[tuple[Callable[[World], Any], int], ...] = (
    (World.sell, 30), (World.catch_up, 8), (World.cancel, 4), (World.allocate, 10), (World.ship, 8), (World.fulfill, 6),
    (World.receive, 12), (World.count, 4), (World.move, 4), (World.wholesale_order, 4), (World.old_report, 4),
    (World.edit, 1), (World.level_news, 2), (World.work, 3),
)  # fmt: skip
