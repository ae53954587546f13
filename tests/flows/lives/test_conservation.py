"""Random lives with faults and crashes, in every system's own books: no piece or cent is lost or made, no orphan."""

import asyncio
import random
from collections import Counter
from contextlib import suppress

import pytest

from canonical.approvals import ApprovalState
from canonical.returns import Disposition
from canonical.rules.lifecycle.policy import LifePolicy, ReturnsPolicy
from canonical.warehouse import EventLine, WarehouseEvent, WarehouseEventKind
from deployments.stack.conservation import Told, differences, orphans
from deployments.stack.traces import read_traces
from tests.fakes.logistics import FakeWarehouse
from tests.flows.lives.books_of_fakes import books_of
from tests.flows.lives.conftest import LifeHouse
from tests.flows.lives.shop_of_chance import ShopOfChance

ORDERS, MOVES, REST = 10, 22, 10
MARA = "token-of-mara-000000"
FOUND = (Disposition.RESTOCK, Disposition.RESTOCK, Disposition.SCRAP, Disposition.REFURBISH)


class Run:
    """What happens to the house, at random."""

    def __init__(self, house: LifeHouse, seed: int) -> None:
        self.house, self.dice = house, random.Random(seed)
        self.shop = ShopOfChance(house, ORDERS)
        self.left: Counter[str] = Counter()  # pieces that are gone, by request
        self.over: set[str] = set()  # requests of which nothing more leaves
        self.back: Counter[str] = Counter()  # pieces that came back, by return
        self.seen: Counter[str] = Counter()  # of these, looked at

    async def go(self) -> None:
        """Everything at random, then everything to its end."""
        await self.house.store.add_principal("mara", MARA, ["refunds"])
        await self.house.book(*(one.order for one in self.shop.sold.values()))
        for _ in range(MOVES):
            for _ in range(3):
                self.dice.choice((self.ship, self.ship, self.come_back, self.short, self.trouble))()
            await self.act()
            await self.run(crash=self.dice.random() < 0.3)
        for system in self.systems():
            system.down, system.lose = False, 0
        for rest in range(REST):
            if rest < REST / 2:
                self.come_back()
            await self.run(crash=False)

    def systems(self) -> tuple[FakeWarehouse, ...]:
        """All that may be away."""
        house = self.house
        return house.wms, house.parcels, house.settlement, house.channel, house.returns  # type: ignore[return-value]

    async def act(self) -> None:
        """Somebody does something in the shop."""
        one = self.dice.choice(list(self.shop.sold.values()))
        kind = self.dice.choice(("cancel", "edit", "refund", *["return"] * 5))
        if kind == "return":
            await self.shop.ask_return(one, self.dice.randint(1, 2))
        else:
            await {"cancel": self.shop.cancel, "edit": self.shop.take_out, "refund": self.shop.refund}[kind](one)

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

    def come_back(self) -> None:
        """A piece of every return that was agreed to comes back, or is looked at."""
        for id_, return_ in self.house.returns.returns.items():
            if return_.status != "open":
                continue
            if self.back[id_] < return_.lines[0].quantity:
                self.back[id_] += 1
                self.hear_back(id_, WarehouseEventKind.RETURN_RECEIVED, None)
            elif self.seen[id_] < self.back[id_]:
                self.seen[id_] += 1
                self.hear_back(id_, WarehouseEventKind.RETURN_INSPECTED, self.dice.choice(FOUND))

    def hear_back(self, return_id: str, kind: WarehouseEventKind, disposition: Disposition | None) -> None:
        """A warehouse tells it."""
        line = EventLine(line_id="11", item="TEE-1", quantity=1, disposition=disposition)
        self.house.wms.events.append(
            WarehouseEvent(
                id=f"b{len(self.house.wms.events)}",
                system="wms",
                kind=kind,
                occurred_at=self.house.rt.now(),
                location="DC-EAST",
                return_id=return_id,
                lines=(line,),
            )
        )

    async def decide(self) -> None:
        """Mara allows what she finds."""
        for one in await self.house.approvals.approvals(scope="north", state=ApprovalState.PENDING):
            await self.house.approvals.decide(one.id, MARA, approve=True)

    async def run(self, *, crash: bool) -> None:
        """One run of each drain; or its worker dies in the middle of it."""
        self.house.wait(minutes=10)
        await self.shop.tell_refunds()
        await self.decide()
        await self.house.later(minutes=2)
        await self.house.drain_orders()
        for drain in (self.house.fulfil, self.house.take_back):
            task = asyncio.ensure_future(drain())
            if crash:
                await asyncio.sleep(self.dice.uniform(0.0, 0.15))
                task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.mark.parametrize("seed", [3, 5])
async def test_no_piece_and_no_cent_is_lost_or_made_whatever_breaks(house: LifeHouse, seed: int) -> None:
    await house.stock(east={"TEE-1": 500}, west={"TEE-1": 500})
    house.policy(LifePolicy(returns=ReturnsPolicy(approval_above={"USD": 30})))
    run = Run(house, seed)
    await run.go()
    wrong, every = list[str](), list[str]()
    for one in run.shop.sold.values():
        books = await books_of(run.shop, one)
        every += [name for page in books.values() for name in page.documents]
        wrong += differences(one.order.name, books, Told(waits=bool(await house.cases(one.order))))
    assert wrong == [], f"seed {seed}"
    assert any(house.settlement.of("credit")), f"seed {seed}: nothing came back"
    every += house.returns.refunds
    assert orphans({"all": every}, *read_traces(house.file)) == [], f"seed {seed}"
