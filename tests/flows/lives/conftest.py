"""A house that ships: a real store, a fake shop, a fake ERP and two fake warehouses; no Prefect."""

import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from canonical.ids import aggregate_key, correlation_id, delivery_key
from canonical.inventory import InventoryLevel, StockReport
from canonical.landscape import Domain, Landscape, Ownership, Role, System
from canonical.life import OrderLife
from canonical.order import Order
from canonical.ports.routing import Router
from canonical.records import Case, Delivery
from canonical.rules import example
from canonical.rules.lifecycle.policy import LifePolicies, LifePolicy
from canonical.rules.routing import RoutingRules, RulesRouter
from canonical.rules.routing.rules import RoutedLocation
from canonical.warehouse_messages import delivery_of
from canonical.warehouse_places import WarehousePlaces
from connectors.statestore.approvals import SqlApprovals
from connectors.statestore.settings import StoreSettings
from connectors.statestore.stock_views import SqlStockDesk
from connectors.statestore.store import SqlStateStore, open_store
from flows.draining import Drain
from flows.handling import work as order_work
from flows.handling.lives import work
from flows.handling.lives.messages import FULFILLMENT, RETURNS, WAREHOUSE
from flows.handling.lives.stock_reading import stock_reader
from flows.handling.lives.sweeping import sweep_lives
from flows.life_draining import LifeDrain, LifeTally
from flows.logistics import LifecycleFile, Logistics
from flows.policy_files import RoutingFile
from flows.runtime import Runtime, utc_now
from flows.settings import FlowSettings
from tests.fakes.logistics import FakeFulfillmentChannel, FakeReturnChannel, FakeSettlement, FakeWarehouse
from tests.fakes.systems import FakeErp, FakeShop, FakeTranslator, delivery

LANDSCAPE = Landscape(
    systems=(
        System(name="web", kind="fake", role=Role.CHANNEL),
        System(name="erp", kind="fake", role=Role.ERP),
        System(name="wms", kind="fake", role=Role.WMS),
        System(name="parcels", kind="fake", role=Role.WMS),
    ),
    companies=(example.COMPANY,),
    shops=(example.SHOP,),
    ownership=tuple(Ownership(domain=d, owner="erp") for d in Domain),
    warehouses=(
        WarehousePlaces(system="wms", locations=("DC-EAST",)),
        WarehousePlaces(system="parcels", locations=("DC-WEST",)),
    ),
)


@dataclass
class LifeHouse:
    """One shop, one ERP, two warehouses, one store, and the moves a test makes."""

    rt: Runtime
    store: SqlStateStore
    desk: SqlStockDesk
    shop: FakeShop
    erp: FakeErp
    settlement: FakeSettlement
    wms: FakeWarehouse
    parcels: FakeWarehouse
    channel: FakeFulfillmentChannel
    returns: FakeReturnChannel
    approvals: SqlApprovals
    file: Path
    ahead: timedelta = field(default_factory=timedelta)
    sent: int = 0

    async def stock(self, **places: Mapping[str, int]) -> None:
        """What the ERP says is on hand: `stock(east={"TEE-1": 5})`."""
        names = {"east": "DC-EAST", "west": "DC-WEST"}
        levels = [
            InventoryLevel(
                sku=sku,
                location=names[place],
                native_location=names[place],
                on_hand=Decimal(count),
                source="erp",
                as_of=self.rt.now(),
            )
            for place, skus in places.items()
            for sku, count in skus.items()
        ]
        await self.desk.record(StockReport(source="erp", company="north", levels=tuple(levels)), self.rt.now())

    async def arrive(self, *orders: Order, topic: str = "orders/create") -> None:
        """A webhook of each order arrives."""
        for order in orders:
            self.shop.orders[order.id] = order
            self.sent += 1
            await self.store.put([delivery(order, webhook=f"w{self.sent}", topic=topic)])

    async def book(self, *orders: Order) -> None:
        """The orders arrive and are booked."""
        await self.arrive(*orders)
        await self.drain_orders()

    async def drain_orders(self) -> None:
        """One run of order ingestion."""
        await Drain(self.rt, order_work, None, linger=0).run()

    async def fulfil(self) -> LifeTally:
        """What the warehouses have to tell arrives, and one run of fulfillment takes it on."""
        for warehouse in (self.wms, self.parcels):
            await self.store.put([delivery_of(event, "north") for event in warehouse.events])
        return await LifeDrain(self.rt, work, (FULFILLMENT, WAREHOUSE), None, linger=0).run()

    async def take_back(self) -> LifeTally:
        """One run of returns."""
        return await LifeDrain(self.rt, work, (RETURNS,), None, linger=0).run()

    async def later(self, **after: float) -> None:
        """Time passes, and the sweep looks who is due."""
        self.ahead += timedelta(**after)
        await sweep_lives(self.rt)

    async def told_of_return(self, return_id: str, order: Order, topic: str = "returns/request") -> None:
        """A webhook of a return arrives on its order."""
        self.sent += 1
        message = Delivery(
            delivery_key=delivery_key("shopify", "north", f"r{self.sent}"),
            channel="web",
            scope="north",
            topic=topic,
            kind=RETURNS,
            aggregate_key=aggregate_key("north", "order", order.id),
            correlation_id=correlation_id("north", "order", order.id),
            occurred_at=self.rt.now(),
            body=return_id.encode(),
        )
        await self.store.put([message])

    def wait(self, **after: float) -> None:
        """Time passes: leases of the dead run out, what was put off is due. Databases have clocks of their own."""
        self.ahead += timedelta(**after)
        long_ago = "'2000-01-01 00:00:00.000000'"
        with closing(sqlite3.connect(self.file)) as connection, connection:
            for column in ("lease_until", "not_before"):
                connection.execute(f"UPDATE inbox SET {column} = {long_ago} WHERE {column} IS NOT NULL")

    async def life(self, order: Order) -> OrderLife:
        """The life of an order as it is kept."""
        key = aggregate_key("north", "order", order.id)
        return OrderLife.model_validate_json((await self.store.lives([key]))[key].document)

    async def cases(self, order: Order) -> dict[str, Case]:
        """What an order waits for, by reason code."""
        key = aggregate_key("north", "order", order.id)
        return {case.reason_code: case for case in await self.store.cases() if case.aggregate_key == key}

    def policy(self, policy: LifePolicy) -> None:
        """The policy is another one."""
        self.rt.house.lifecycle.holds = LifePolicies(general=policy)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[LifeHouse]:
    """Everything open and empty."""
    async with opened_house(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def opened_house(tmp_path: Path, settlement: Any = None) -> AsyncIterator[LifeHouse]:
    """Everything open and empty; `settlement` is another ERP than the fake one."""
    store = await open_store(StoreSettings(url=SecretStr(f"sqlite:///{tmp_path / 'store.sqlite'}")))
    held: list[LifeHouse] = []

    def now() -> datetime:
        return utc_now() + held[0].ahead

    def router(company: str) -> Router:
        return RulesRouter(held[0].rt.house.routing.rules, stock_reader(held[0].rt, company), now)

    parts: dict[str, Any] = {
        "shop": FakeShop("north"),
        "erp": FakeErp("north"),
        "settlement": settlement or FakeSettlement(),
        "wms": FakeWarehouse("wms"),
        "parcels": FakeWarehouse("parcels"),
        "channel": FakeFulfillmentChannel("north"),
        "returns": FakeReturnChannel("north"),
        "approvals": SqlApprovals(store.database),
        "desk": SqlStockDesk(store.database),
        "file": tmp_path / "store.sqlite",
    }
    routing = RoutingFile(tmp_path / "routing.toml")
    routing.holds = RoutingRules((RoutedLocation(code="DC-EAST"), RoutedLocation(code="DC-WEST", priority=10)))
    rt = Runtime(
        landscape=LANDSCAPE,
        store=store,
        channels={"north": parts["shop"]},
        translators={"north": FakeTranslator()},
        erps={"north": parts["erp"]},
        mappings=example.MAPPINGS,
        settings=FlowSettings(park_seconds=6),
        now=now,
        approvals=parts["approvals"],
        book=parts["desk"],
        logistics=Logistics(
            landscape=LANDSCAPE,
            warehouses={"north": {"wms": parts["wms"], "parcels": parts["parcels"]}},
            settlements={"north": parts["settlement"]},
            open_router=router,
            fulfillment={"north": parts["channel"]},
            returns={"north": parts["returns"]},
            lifecycle=LifecycleFile(tmp_path / "lifecycle.toml"),
            routing=routing,
        ),
    )
    held.append(LifeHouse(rt=rt, store=store, **parts))
    parts["returns"].now = now
    await held[0].stock(east={"TEE-1": 10}, west={"TEE-1": 10})
    yield held[0]
    await rt.aclose()
