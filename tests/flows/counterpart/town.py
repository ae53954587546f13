"""A town for scenarios: the shops, the ERP, the warehouses and their people are real; our flows run in this process.

Nothing wakes a flow here but `settle`, which goes round until nobody has anything left to say. So a scenario stands
still between two of its sentences, and what it reads then cannot change.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import httpx

from canonical.errors import CrossdockError
from canonical.ids import aggregate_key
from canonical.life import OrderLife, ReturnLife
from canonical.records import Case
from deployments.sandbox.live.basket import Basket
from deployments.sandbox.live.people import People
from deployments.sandbox.live.shopper import Order
from deployments.sandbox.tryton.desk import TrytonDesk
from deployments.stack.ledgers import OrderLedger, read_ledgers
from deployments.stack.people import opened_people
from deployments.stack.plan import SHOPS, Plan
from deployments.stack.stack import Stack, applied
from flows.draining import ORDERS, Drain
from flows.handling import work as order_work
from flows.handling.lives import work as life_work
from flows.handling.lives.messages import FULFILLMENT, RETURNS, WAREHOUSE
from flows.handling.lives.sweeping import poll_cancelled_sales, poll_warehouse, sweep_lives
from flows.handling.stock import work as stock_work
from flows.handling.stock.arrivals import poll_source
from flows.handling.stock.messages import echo_kind, stock_kind
from flows.handling.stock.sweeping import sweep_stock
from flows.life_draining import LifeDrain
from flows.runtime import Runtime, open_runtime
from flows.settings import FlowSettings
from flows.stock_draining import StockDrain

NORTH = SHOPS["north"]
MOST_ROUNDS = 12
TRACKING = """query T($id: ID!) { order(id: $id) {
  fulfillments(first: 8) { status displayStatus trackingInfo { company number } }
  metafields(first: 20, namespace: "$app:crossdock") { nodes { key value } }
  returns(first: 5) { nodes { id status } } } }"""
Books = Mapping[str, OrderLedger]
"""What each system keeps of one order, by the system's name."""


class Counterparts(Stack):
    """A stack without an engine: only the systems around us, and the gateway that takes in what they tell."""

    def _environment(self) -> dict[str, str]:
        return {name: value for name, value in super()._environment().items() if not name.startswith("PREFECT_")}

    async def _start_engine(self) -> None:
        """Our flows run in the process of the test."""

    async def _learn_stock(self) -> None:
        """`Town.settle` reads it."""


class Town:
    """The systems, the people, and our flows beside them."""

    def __init__(self, stack: Stack, rt: Runtime, people: People) -> None:
        self.stack, self.rt, self.people, self.shopper = stack, rt, people, people.shopper
        self._http = httpx.AsyncClient(base_url=stack.shopify.url, timeout=60, trust_env=False)
        self._clerk: TrytonDesk | None = None

    @property
    def clerk(self) -> TrytonDesk:
        """Somebody at the ERP, in company north."""
        if self._clerk is None:
            self._clerk = TrytonDesk(self.stack.erp.url)
        return self._clerk

    async def buy(self, goods: Mapping[str, int], **how: Any) -> Order:
        """A shopper buys; everything that follows from it by itself is done."""
        order = await self.shopper.buy(NORTH, Basket(goods, **how))
        await self.settle()
        return order

    async def ship(self, order: Order, **how: Any) -> None:
        """Every warehouse that was asked ships, and everybody hears of it."""
        await self.people.ship(order, within=0, **how)
        await self.settle()

    async def settle(self) -> None:
        """Go round until nothing waits, nobody tells anything new, and no flow did anything."""
        for _ in range(MOST_ROUNDS):
            told = await self._listen()
            done = await self._work()
            if not told and not done and not await self._waiting():
                return
        raise AssertionError(f"the town does not come to rest: {await self._waiting()}")

    async def webhooks_told(self) -> None:
        """Until the shop has sent all it has to say."""
        await self._http.post("/_sandbox/webhooks/wait-idle", json={"seconds": 30})

    async def _listen(self) -> int:
        """Webhooks, warehouses and the ERP. A system that is down says nothing."""
        await self.webhooks_told()
        new = await sweep_lives(self.rt)
        for company, systems in self.rt.house.warehouses.items():
            for name, warehouse in systems.items():
                new += await poll_warehouse(self.rt, company, name, warehouse)
        for company in self.rt.house.settlements:
            try:
                new += await poll_cancelled_sales(self.rt, company)
                for source in self.rt.stock_sources[company]:
                    await poll_source(self.rt, source)
            except CrossdockError:
                continue
        await sweep_stock(self.rt)
        return new

    async def _work(self) -> int:
        orders = await Drain(self.rt, order_work, None, linger=0).run()
        stock = await StockDrain(self.rt, stock_work, None, linger=0).run()
        lives = await LifeDrain(self.rt, life_work, (FULFILLMENT, WAREHOUSE, RETURNS), None, linger=0).run()
        return sum(orders.counts.values()) + sum(lives.counts.values()) + bool(stock.rows)

    async def _waiting(self) -> dict[str, int]:
        kinds = [ORDERS, FULFILLMENT, WAREHOUSE, RETURNS]
        kinds += [stock_kind(company) for company in self.rt.stock_sources]
        kinds += [echo_kind(shop) for shop in self.rt.stock_channels]
        found = {kind: await self.rt.store.pending(kind) for kind in kinds}
        return {kind: count for kind, count in found.items() if count}

    async def books(self, order: Order) -> Books:
        """What every counterpart keeps of an order, and that no document anywhere is without an explanation."""
        stack = self.stack
        found = await read_ledgers(stack.plan, stack.shopify.url, stack.erp_database, stack.wms_database)
        key = (order.domain.partition(".")[0], order.id)
        assert not [orphan for ledgers in found.values() for orphan in ledgers.orphans]
        return {name: ledgers[key] for name, ledgers in found.items()}

    async def life(self, order: Order) -> OrderLife:
        """What we remember of an order."""
        key = aggregate_key(order.domain.partition(".")[0], "order", order.id)
        return OrderLife.model_validate_json((await self.rt.store.lives([key]))[key].document)

    async def one_return(self, order: Order) -> ReturnLife:
        """The only return of an order."""
        (found,) = (await self.life(order)).returns
        return found

    async def cases(self, order: Order) -> list[Case]:
        """Why an order waits."""
        key = aggregate_key(order.domain.partition(".")[0], "order", order.id)
        return [case for case in await self.rt.store.cases(limit=500) if case.aggregate_key == key]

    async def reasons(self, order: Order) -> list[str]:
        """The codes of that."""
        return [case.reason_code for case in await self.cases(order)]

    async def seen(self, order: Order) -> Any:
        """What the shop shows of parcels and returns."""
        return (await self.shopper.shop.ask(order.domain, TRACKING, id=order.gid))["order"]

    async def reserved(self, sku: str) -> Decimal:
        """Pieces that we hold for orders which the ERP does not count yet."""
        held = await self.rt.store.reserved("north", [sku])
        return sum((Decimal(pieces) for pieces in held.values()), Decimal(0))

    async def aclose(self) -> None:
        """Close what the town itself opened."""
        await self._http.aclose()
        if self._clerk is not None:
            self._clerk.close()


@asynccontextmanager
async def opened_town(plan: Plan) -> AsyncIterator[Town]:
    """A town for the length of the block; nothing is left running."""
    stack = Counterparts(plan, lambda _: None)
    try:
        await stack.start()
        with applied(stack.environment):
            rt = await open_runtime(FlowSettings())
            async with opened_people(stack.environment, seed=5) as people:
                town = Town(stack, rt, people)
                try:
                    await town.settle()
                    yield town
                finally:
                    await town.aclose()
                    await rt.aclose()
    finally:
        await stack.stop()
