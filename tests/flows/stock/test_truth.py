"""The stock truth: thousands of random steps, and at every quiet point the shop shows no more than may be sold.

Shoppers order, some webhooks come late or twice; orders are cancelled, allocated, shipped, fulfilled; goods are
received, counted, moved between two warehouses that are one location of the shop; wholesale takes its part; reports
come late and twice; somebody edits the shop's figure; several workers publish at once.
"""

import asyncio
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from canonical.fulfillment import FulfillmentOrderLine
from canonical.inventory import AllocatedLine, Place, StockReport, StockWrite
from canonical.mapping.table import MappingKind, MappingRow, TableMappings
from canonical.order import Order
from tests.flows.stock.conftest import ROWS, StockHouse

STEPS = int(os.environ.get("CROSSDOCK_TRUTH_STEPS", "1000"))
SEED = int(os.environ.get("CROSSDOCK_TRUTH_SEED", "17"))
SKUS = [f"S-{n}" for n in range(8)]
WAREHOUSES = ("DC-EAST", "DC-WEST")


@dataclass
class Sale:
    """An order as it really is, whoever has heard of it."""

    number: int
    sku: str
    quantity: int
    state: str = "open"  # open -> allocated -> shipped -> fulfilled, or cancelled
    heard: bool = False


@dataclass
class World:
    """What is really there, and the moves that change it."""

    stock: StockHouse
    dice: random.Random
    places: dict[str, Place]
    on_hand: dict[tuple[str, str], int] = field(default_factory=dict)
    wholesale: dict[str, int] = field(default_factory=dict)
    sales: list[Sale] = field(default_factory=list)
    late: list[Sale] = field(default_factory=list)
    old_reports: list[StockReport] = field(default_factory=list)
    writes: int = 0

    def allowed(self, sku: str) -> int:
        """What the policy allows: all that is there, less wholesale and every order that has not left."""
        there = sum(self.on_hand[sku, place] for place in WAREHOUSES)
        taken = sum(s.quantity for s in self.sales if s.sku == sku and s.state in ("open", "allocated"))
        return max(0, there - self.wholesale.get(sku, 0) - taken)

    def on_write(self, write: StockWrite) -> None:
        sku = next(sku for sku, place in self.places.items() if place == write.place)
        self.writes += 1
        assert write.quantity <= max(0, self.ceiling[sku]), (sku, write, self.ceiling[sku])

    ceiling: dict[str, int] = field(default_factory=dict)

    def note_ceilings(self) -> None:
        """While reports wait, the ERP's older word still counts: no write may be above the higher of both."""
        for sku in SKUS:
            self.ceiling[sku] = max(self.ceiling.get(sku, 0), self.allowed(sku))

    def tell(self, sku: str) -> None:
        """The source knows the new position; the next poll tells it."""
        taken = [s for s in self.sales if s.sku == sku and s.state == "allocated"]
        left = sum(s.quantity for s in taken) + self.wholesale.get(sku, 0)
        east = min(left, self.on_hand[sku, "DC-EAST"])
        self.stock.source.set(sku, "DC-EAST", self.on_hand[sku, "DC-EAST"], allocated=east)
        self.stock.source.set(sku, "DC-WEST", self.on_hand[sku, "DC-WEST"], allocated=left - east)
        self.stock.source.allocated = [
            AllocatedLine(
                shop="north",
                order_id=str(s.number),
                sku=s.sku,
                quantity=Decimal(s.quantity),
                gone=s.state != "allocated",
            )
            for s in self.sales
            if s.state in ("allocated", "shipped", "fulfilled")
        ]

    def order(self, sale: Sale, *, at: int = 0) -> Order:
        left = 0 if sale.state == "fulfilled" else sale.quantity
        order = self.stock.order(sale.number, sale.sku, sale.quantity)
        asked = FulfillmentOrderLine(id="51", line_id="11", quantity=sale.quantity, remaining=left)
        request = order.fulfillment_orders[0].model_copy(update={"lines": (asked,)})
        moment = order.updated_at.replace(second=at)
        cancelled = moment if sale.state == "cancelled" else None
        return order.model_copy(
            update={"fulfillment_orders": (request,), "updated_at": moment, "cancelled_at": cancelled}
        )

    # The moves

    async def sell(self) -> None:
        sku = self.dice.choice(SKUS)
        quantity = self.dice.randrange(1, 4)
        if self.stock.shop.shown[self.places[sku]].available < quantity:
            return
        sale = Sale(1_000 + len(self.sales), sku, quantity)
        self.sales.append(sale)
        self.stock.shop.sell(self.places[sku], quantity)
        if self.dice.random() < 0.25:
            self.late.append(sale)
        else:
            await self.hear(sale)

    async def hear(self, sale: Sale) -> None:
        sale.heard = True
        for _ in range(self.dice.choice((1, 1, 2))):
            await self.stock.webhook(self.order(sale))

    async def catch_up(self) -> None:
        if self.late:
            await self.hear(self.late.pop(self.dice.randrange(len(self.late))))

    async def cancel(self) -> None:
        if sale := self._one("open"):
            sale.state = "cancelled"
            self.stock.shop.sell(self.places[sale.sku], -sale.quantity)
            await self.stock.webhook(self.order(sale, at=30), topic="orders/cancelled")

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
            self.stock.shop.fulfill(self.places[sale.sku], sale.quantity)
            await self.stock.webhook(self.order(sale, at=40), topic="orders/updated")

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

    async def old_report(self) -> None:
        """What a source told before, once more: late, or twice."""
        level = self.stock.source.levels[self.dice.choice(SKUS), self.dice.choice(WAREHOUSES)]
        self.old_reports.append(StockReport(source="erp", company="north", levels=(level,)))
        await self.stock.tell_again(self.dice.choice(self.old_reports))

    async def edit(self) -> None:
        """Somebody at the shop believes to know better; its webhook tells of it."""
        place = self.places[self.dice.choice(SKUS)]
        self.stock.shop.shown[place].available -= 1
        await self.echo(place)

    async def echo(self, place: Place) -> None:
        self.stock.sent += 1
        await self.stock.say(self.stock.shop.level(place), self.stock.sent)

    async def work(self) -> None:
        """Workers, all at once."""
        moves: list[Any] = [self.stock.drain()]
        if self.dice.random() < 0.5:
            moves.append(self.stock.read_orders())
        if self.dice.random() < 0.3:
            moves.append(self.stock.drain())
        self.note_ceilings()
        await asyncio.gather(*moves)

    async def quiet(self) -> None:
        """Nobody moves until everything that is known has been handled; late webhooks stay late."""
        self.note_ceilings()
        await self.stock.read_orders()
        await self.stock.drain()
        for place in self.places.values():
            await self.echo(place)
        for _ in range(2):
            self.stock.no_pauses()
            await self.stock.drain()
        self.ceiling = {sku: self.allowed(sku) for sku in SKUS}

    def check(self, *, equal: bool) -> None:
        for sku, place in self.places.items():
            shown = max(0, self.stock.shop.shown[place].available)
            assert shown <= self.allowed(sku), sku
            if equal:
                assert shown == self.allowed(sku), sku


MOVES: tuple[tuple[Callable[[World], Any], int], ...] = (
    (World.sell, 30), (World.catch_up, 6), (World.cancel, 4), (World.allocate, 10), (World.ship, 8), (World.fulfill, 6),
    (World.receive, 12), (World.count, 4), (World.move, 4), (World.wholesale_order, 4), (World.old_report, 4),
    (World.edit, 1), (World.work, 2),
)  # fmt: skip


@pytest.mark.timeout(300)
async def test_the_shop_never_shows_more_than_may_be_sold_and_ends_equal(stock: StockHouse) -> None:
    west = MappingRow(kind=MappingKind.STOCK_LOCATIONS, shop="erp", key=("DC-WEST",), value="DC-EAST")
    rows = [row for row in ROWS if row.kind is not MappingKind.STOCK_LOCATIONS or row.value != "DC-WEST"]
    stock.rt = replace(stock.rt, mappings=TableMappings([*rows, west]), approvals=None)
    dice = random.Random(SEED)
    world = World(stock, dice, {sku: stock.shop.add(sku, "7") for sku in SKUS})
    for sku in SKUS:
        for place in WAREHOUSES:
            world.on_hand[sku, place] = dice.randrange(5, 30)
        world.tell(sku)
    stock.shop.on_write = world.on_write
    world.note_ceilings()
    await world.quiet()
    world.check(equal=True)
    moves, weights = zip(*MOVES, strict=True)
    for step in range(1, STEPS + 1):
        await dice.choices(moves, weights)[0](world)
        if step % 400 == 0:
            await world.quiet()
            world.check(equal=False)
    while world.late:
        await world.catch_up()
    await world.quiet()
    world.check(equal=True)
    assert world.writes > STEPS / 40
    assert {sale.state for sale in world.sales} == {"open", "allocated", "shipped", "fulfilled", "cancelled"}
