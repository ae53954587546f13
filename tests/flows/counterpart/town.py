"""A town for scenarios: the shops, the ERP, the warehouses and their people are real; our flows run in this process.

Nothing wakes a flow here but `settle`, which goes round until nobody has anything left to say. So a scenario stands
still between two of its sentences, and what it reads then cannot change.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from decimal import Decimal
from typing import Any

import httpx

from canonical.errors import RetryableError
from canonical.ids import aggregate_key, effect_key
from canonical.life import OrderLife, ReturnLife
from canonical.mapping.changes import Draft, Edit
from canonical.mapping.kinds import MappingKind, MappingRow
from canonical.records import Case
from connectors import registry
from deployments.sandbox.live.basket import Basket, order_input
from deployments.sandbox.live.people import People
from deployments.sandbox.live.shopper import Order
from deployments.sandbox.live.shopper_documents import CREATE
from deployments.sandbox.tryton.desk import TrytonDesk
from deployments.stack.books import BookedSale, read_books
from deployments.stack.ledgers import OrderLedger, read_ledgers
from deployments.stack.people import opened_people
from deployments.stack.plan import SHOPS, Plan
from deployments.stack.stack import Stack, applied
from flows.draining import ORDERS, Drain
from flows.handling import work as order_work
from flows.handling.arrivals import sweep
from flows.handling.lives import work as life_work
from flows.handling.lives.messages import FULFILLMENT, LOOK, RETURNS, WAREHOUSE, about_order
from flows.handling.lives.sweeping import poll_cancelled_sales, poll_warehouse, sweep_lives
from flows.handling.stock import work as stock_work
from flows.handling.stock.arrivals import poll_source
from flows.handling.stock.messages import echo_kind, stock_kind
from flows.life_draining import LifeDrain
from flows.runtime import Runtime, open_runtime
from flows.settings import FlowSettings
from flows.stock_draining import StockDrain

NORTH, SALE = SHOPS["north"], "sales-order.create"
MOST_ROUNDS = 12
TRACKING = """query T($id: ID!) { order(id: $id) {
  fulfillments(first: 8) { status displayStatus trackingInfo { company number } }
  metafields(first: 20, namespace: "$app:crossdock") { nodes { key value } }
  returns(first: 5) { nodes { id status } } } }"""
READDRESS = """mutation A($input: OrderInput!) {
  orderUpdate(input: $input) { order { id } userErrors { field message } } }"""
STREETS = """SELECT address.street_unstructured FROM party_address AS address
  JOIN party_party AS party ON party.id = address.party WHERE party.code LIKE ?"""
LOCATIONS = "query L { locations(first: 50) { nodes { id name } } }"
MOVE = """mutation M($id: ID!, $place: ID!) {
  fulfillmentOrderMove(id: $id, newLocationId: $place) { userErrors { field message } } }"""
HANDED_OVER = """mutation H($request: ID!) {
  fulfillmentCreate(fulfillment: {lineItemsByFulfillmentOrder: [{fulfillmentOrderId: $request}]}) {
    userErrors { field message } } }"""
Books = Mapping[str, OrderLedger]
"""What each system keeps of one order, by the system's name."""


class Counterparts(Stack):
    """A stack without an engine: only the systems around us, and the gateway that takes in what they tell."""

    def _environment(self) -> dict[str, str]:
        return {name: value for name, value in super()._environment().items() if not name.startswith("PREFECT_")}

    async def _start_engine(self) -> None:
        """Our flows run in the process of the test."""

    async def _learn_stock(self) -> None:
        """The town reads it when it opens."""


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

    async def settle(self, *, counted: bool = False) -> None:
        """Go round until nobody tells anything new and nothing waits. `counted`: the ERP's stock is read, too."""
        for turn in range(MOST_ROUNDS):
            told = await self._listen(stock=counted and turn == 0)
            if not told and not await self._waiting():
                return
            await self._work()
        raise AssertionError(f"the town does not come to rest: {await self._waiting()}")

    async def webhooks_told(self) -> None:
        """Until the shop has sent all it has to say."""
        await self._http.post("/_sandbox/webhooks/wait-idle", json={"seconds": 30})

    async def _listen(self, *, stock: bool) -> int:
        """Webhooks, warehouses and the ERP. A system that is down says nothing."""
        await self.webhooks_told()
        new = await sweep(self.rt) + await sweep_lives(self.rt)
        for company, systems in self.rt.house.warehouses.items():
            for name, warehouse in systems.items():
                new += await poll_warehouse(self.rt, company, name, warehouse)
        try:
            new += await poll_cancelled_sales(self.rt, "north")
            if stock:
                new += sum([await poll_source(self.rt, source) for source in self.rt.stock_sources["north"]])
        except RetryableError:
            return new
        return new

    async def _work(self) -> None:
        await Drain(self.rt, order_work, None, linger=0).run()
        await StockDrain(self.rt, stock_work, None, linger=0).run()
        await LifeDrain(self.rt, life_work, (FULFILLMENT, WAREHOUSE, RETURNS), None, linger=0).run()

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

    async def effects(self, order: Order) -> list[tuple[str, str]]:
        """(operation, key) of what was written of an order, in the order in which it was settled."""
        key = aggregate_key(order.domain.partition(".")[0], "order", order.id)
        lines = await self.rt.store.audit(key)
        return [(line.entry.action, str(line.entry.detail)) for line in lines]

    async def look(self, order: Order, why: str) -> None:
        """What the run of an approval does once a person has decided: the order is looked at again."""
        (record,) = await self.rt.store.find_orders(order.name, "north")
        await self.rt.store.put([about_order(record, LOOK, RETURNS, why, self.rt.now())])
        await self.settle()

    async def cancel(self, order: Order) -> None:
        """The shopper cancels. The shop does it a little later, and only then tells of it."""
        await self.shopper.cancel(order)
        for _ in range(50):
            if (await self.shopper.look(order))["cancelledAt"]:
                return await self.settle()
            await asyncio.sleep(0.2)
        raise AssertionError(f"{order.name} is not cancelled")

    async def readdress(self, order: Order, **address: str) -> None:
        """The shopper moves house before the parcel has left."""
        given = {"id": order.gid, "shippingAddress": address}
        await self.shopper.shop.do(order.domain, READDRESS, input=given)
        await self.settle()

    def addressed_to(self, order: Order) -> list[str]:
        """The streets that the warehouse has for an order, in its own database."""
        with closing(sqlite3.connect(f"file:{self.stack.wms_database}?mode=ro", uri=True)) as connection:
            rows = connection.execute(STREETS, (f"%:{order.id}:%",)).fetchall()
        return [street for (street,) in rows]

    async def map_item(self, sku: str, item: str) -> None:
        """Somebody says which item of the ERP a SKU of the shop is."""
        row = MappingRow(kind=MappingKind.ITEMS, shop="north", key=(sku, ""), value=item)
        await registry.mapping_book(self.rt.store).propose(Draft(edits=(Edit(row=row),), words="new goods"), "cli:cleo")
        await self.settle()

    async def sell_at_the_till(self, place: str, goods: Mapping[str, int], gateway: str) -> Order:
        """Sold and handed over in a store; the shop tells of it afterwards."""
        shop = self.shopper.shop
        variants = {row["sku"]: row["id"] for row in await shop.records(NORTH, "ProductVariant")}
        given = order_input(NORTH, Basket(goods, shipping="PICKUP", gateway=gateway), variants)
        given |= {"sourceName": "pos", "shippingLines": [], "shippingAddress": None}
        await self.hold_webhooks(held=True)
        made = (await shop.do(NORTH, CREATE, order=given))["order"]
        order = Order(NORTH, made["id"].rpartition("/")[2], made["name"])
        (request,) = (await self.shopper.look(order))["fulfillmentOrders"]["nodes"]
        places = {row["name"]: row["id"] for row in (await shop.ask(NORTH, LOCATIONS))["locations"]["nodes"]}
        await shop.do(NORTH, MOVE, id=request["id"], place=places[place])
        (request,) = [
            row for row in (await self.shopper.look(order))["fulfillmentOrders"]["nodes"] if row["status"] == "OPEN"
        ]
        await shop.do(NORTH, HANDED_OVER, request=request["id"])
        await self.hold_webhooks(held=False)
        await self.settle()
        return order

    async def cancel_in_erp(self, order: Order) -> None:
        """Somebody takes the sale back in the ERP, and everything that hangs on it."""
        await self.rt.erps["north"].cancel(effect_key("north", SALE, order.id), "customer")
        await self.settle()

    def sales(self) -> list[BookedSale]:
        """The sales of the shop in the ERP's own database, in the order in which they were booked."""
        kept = read_books(self.stack.plan.erp, self.stack.erp_database)
        return [sale for sale in kept if sale.place == NORTH]

    async def hold_webhooks(self, *, held: bool) -> None:
        """What the shop tells stays on its way for a while."""
        await self._http.post(f"/_sandbox/webhooks/{'pause' if held else 'resume'}")

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
                    await town.settle(counted=True)
                    yield town
                finally:
                    await town.aclose()
                    await rt.aclose()
    finally:
        await stack.stop()
