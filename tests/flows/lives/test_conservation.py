"""A random run over many orders with faults and crashes: every piece is somewhere once, every document explained."""

import asyncio
import random
import sqlite3
from collections import Counter
from contextlib import closing, suppress

import pytest

from canonical.order import Order
from canonical.rules import example
from canonical.rules.lifecycle.pieces import in_tasks, missing
from canonical.warehouse import WarehouseEventKind
from tests.fakes.logistics import FakeWarehouse
from tests.flows.lives.conftest import LifeHouse

ORDERS, MOVES, PIECES = 12, 40, 3


def bought(number: int) -> Order:
    """Three pieces of one thing."""
    request = example.fulfillment_order(id=f"4{number}", location_id="7", location_name="East")
    asked = request.lines[0].model_copy(update={"quantity": PIECES, "remaining": PIECES})
    return example.order(
        id=str(6000 + number),
        name=f"#{2000 + number}",
        lines=(example.line(quantity=PIECES, taxes=(example.tax("5.40"),)),),
        transactions=(example.payment("67.40"),),
        fulfillment_orders=(request.model_copy(update={"lines": (asked,)}),),
    )


class Run:
    """What happens to the house, at random."""

    def __init__(self, house: LifeHouse, seed: int) -> None:
        self.house, self.dice = house, random.Random(seed)
        self.orders = {order.id: order for order in map(bought, range(ORDERS))}
        self.left: Counter[str] = Counter()  # pieces that are gone, by request
        self.over: set[str] = set()  # requests of which nothing more leaves
        self.cancelled: set[str] = set()

    async def go(self) -> None:
        """Everything at random, then everything to its end."""
        await self.house.book(*self.orders.values())
        for _ in range(MOVES):
            for _ in range(3):
                self.dice.choice((self.ship, self.ship, self.ship, self.short, self.trouble))()
            if self.dice.random() < 0.1:
                await self.cancel()
            await self.run(crash=self.dice.random() < 0.3)
        for system in self.systems():
            system.down, system.lose = False, 0
        for _ in range(6):
            await self.run(crash=False)

    def systems(self) -> tuple[FakeWarehouse, ...]:
        """All that may be away."""
        house = self.house
        return house.wms, house.parcels, house.settlement, house.channel  # type: ignore[return-value]

    def trouble(self) -> None:
        system = self.dice.choice(self.systems())
        system.down, system.lose = self.dice.random() < 0.3, self.dice.randint(0, 2)

    def request(self) -> tuple[FakeWarehouse, str, int] | None:
        """A request of which something may still leave."""
        pairs = [(w, key) for w in (self.house.wms, self.house.parcels) for key in w.requests]
        open_ = [(w, k) for w, k in pairs if k not in w.cancelled and k not in self.over]
        if not open_:
            return None
        warehouse, key = self.dice.choice(open_)
        rest = sum(line.quantity for line in warehouse.requests[key].lines) - self.left[key]
        return (warehouse, key, rest) if rest > 0 else None

    def ship(self) -> None:
        if found := self.request():
            warehouse, key, rest = found
            pieces = self.dice.randint(1, rest)
            self.left[key] += pieces
            warehouse.packed.add(key)
            warehouse.ship(key, {"11": pieces}, number="")

    def short(self) -> None:
        found = self.request()
        if found and self.dice.random() < 0.4:
            warehouse, key, rest = found
            self.over.add(key)
            warehouse.tell(WarehouseEventKind.SHORT, key, {"11": rest})

    async def cancel(self) -> None:
        order = self.orders[self.dice.choice(list(self.orders))]
        if order.id not in self.cancelled and not any(f":{order.id}:" in key for key in self.left):
            now = self.house.rt.now()
            self.cancelled.add(order.id)
            changed = order.model_copy(update={"cancelled_at": now, "updated_at": now})
            await self.house.arrive(changed, topic="orders/cancelled")

    async def run(self, *, crash: bool) -> None:
        """One run of each drain; or its worker dies in the middle of it."""
        self.house.wait(minutes=10)
        await self.house.later(minutes=2)
        await self.house.drain_orders()
        task = asyncio.ensure_future(self.house.fulfil())
        if crash:
            await asyncio.sleep(self.dice.uniform(0.0, 0.15))
            task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("seed", [3, 5, 8])
async def test_every_piece_is_somewhere_once_whatever_breaks(house: LifeHouse, seed: int) -> None:
    await house.stock(east={"TEE-1": 500}, west={"TEE-1": 500})
    run = Run(house, seed)
    await run.go()
    told = [event for w in (house.wms, house.parcels) for event in w.events if event.parcels]
    gone = pieces_of((e.request_key or "", sum(line.quantity for line in e.lines)) for e in told)
    booked = pieces_of(
        (one.sale_key, sum(line.quantity for p in one.shipment.parcels for line in p.lines))
        for one in house.settlement.of("shipment")
    )
    shown = pieces_of((w.key, sum(w.lines.values())) for _, w in house.channel.fulfilled.values())
    assert booked == gone, f"seed {seed}: the ERP has other shipments than the warehouses"
    for order in run.orders.values():
        if order.id in run.cancelled:
            continue
        life = await house.life(order)
        waiting = sum(in_tasks(life).values()) + sum(missing(order, life).values())
        assert shown[order.id] == gone[order.id], f"seed {seed}: {order.name} is shown otherwise than it left"
        assert gone[order.id] + waiting == PIECES, f"seed {seed}: {order.name} lost a piece"
    assert orphans(house) == [], f"seed {seed}"
    assert sum(gone.values()) > ORDERS


def pieces_of(rows: object) -> Counter[str]:
    """Pieces by order, which is the third part of every key."""
    found: Counter[str] = Counter()
    for key, pieces in rows:  # type: ignore[attr-defined]
        found[key.split(":")[2]] += pieces
    return found


def orphans(house: LifeHouse) -> list[str]:
    """Documents without a settled effect, effects without a document, and effects that no message asked for."""
    with closing(sqlite3.connect(house.file)) as connection:
        effects = connection.execute(
            "SELECT key, aggregate_key, operation FROM effect WHERE state = 'settled'"
        ).fetchall()
        asked = {row[0] for row in connection.execute("SELECT aggregate_key FROM inbox")}
    documents = {*house.settlement.documents, *house.channel.fulfilled}
    made = {key for key, _, operation in effects if operation in KEPT}
    return sorted({*(documents ^ made), *(key for key, about, _ in effects if about not in asked)})


KEPT = ("shipment.post", "invoice.post", "payment.post", "fulfillment.create")
