"""A runtime with a real store, a fake source of stock and fake shops that show it; no Prefect."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from canonical.fulfillment import FulfillmentOrderLine
from canonical.ids import aggregate_key, correlation_id, delivery_key
from canonical.inventory import ChannelLevel, Figure, Place, StockReport
from canonical.landscape import Domain, Landscape, Ownership, Role, System
from canonical.mapping.table import MappingKind, MappingRow, TableMappings
from canonical.order import Order
from canonical.records import Case, Delivery
from canonical.rules import example
from connectors.shopify import stock_writing
from connectors.statestore.approvals import SqlApprovals
from connectors.statestore.settings import StoreSettings
from connectors.statestore.stock_views import SqlStockDesk
from connectors.statestore.store import SqlStateStore, open_store
from flows.draining import Drain
from flows.handling import work as order_work
from flows.handling.stock import work
from flows.handling.stock.arrivals import poll_source
from flows.handling.stock.messages import demand_changed, echo_kind, read_again, told
from flows.handling.stock.sweeping import sweep_stock
from flows.handling.stock.tally import StockTally
from flows.runtime import Runtime, utc_now
from flows.settings import FlowSettings
from flows.stock_draining import StockDrain
from tests.fakes.stand_in_stock import StandInStockShop
from tests.fakes.stock import FakeStock, FakeStockShop
from tests.fakes.systems import FakeErp, FakeShop, FakeTranslator, delivery

SOUTH = example.SHOP.model_copy(update={"name": "south", "domain": "south.example.com"})
LANDSCAPE = Landscape(
    systems=(System(name="web", kind="fake", role=Role.CHANNEL), System(name="erp", kind="fake", role=Role.ERP)),
    companies=(example.COMPANY,),
    shops=(example.SHOP, SOUTH),
    ownership=tuple(Ownership(domain=d, owner="erp") for d in Domain),
)
ROWS = (
    *example.MAPPING_ROWS,
    *(
        MappingRow(kind=kind, shop=scope, key=key, value=value)
        for kind, scope, key, value in (
            (MappingKind.ITEMS, "*", ("*", ""), "*"),
            (MappingKind.LOCATIONS, "south", ("7", "East"), "DC-EAST"),
            (MappingKind.STOCK_LOCATIONS, "erp", ("DC-EAST",), "DC-EAST"),
            (MappingKind.STOCK_LOCATIONS, "erp", ("DC-WEST",), "DC-WEST"),
            (MappingKind.UNITS, "erp", ("*", "case"), "12"),
        )
    ),
)
FAST = FlowSettings(coalesce_seconds=0, park_seconds=6, echo_patience_seconds=30)


@dataclass
class StockHouse:
    """One company, two shops that show its stock, one source, and the moves a test makes."""

    rt: Runtime
    store: SqlStateStore
    book: SqlStockDesk
    source: FakeStock
    shops: dict[str, Any]
    """`FakeStockShop`s; where a test asks for it, the north one is a `StandInStockShop`, with the same handles."""
    orders: FakeShop
    erp: FakeErp
    file: Path
    approvals: SqlApprovals
    ahead: timedelta = field(default_factory=timedelta)
    sent: int = 0

    @property
    def shop(self) -> Any:
        return self.shops["north"]

    def sell_at_both(self, sku: str, available: int = 0) -> tuple[Place, Place]:
        """Both shops have the item in stock at East."""
        return self.shops["north"].add(sku, "7", available=available), self.shops["south"].add(
            sku, "7", available=available
        )

    async def drain(self) -> StockTally:
        """One run: what the source has to tell is polled first, unless it is away."""
        if not self.source.down:
            await poll_source(self.rt, self.source)
        return await StockDrain(self.rt, work, None, linger=0).run()

    async def stocked(self, sku: str, on_hand: int, shop: str = "north") -> Place:
        """An item with stock, shown in the shop as it should be."""
        place = self.shops[shop].add(sku, "7")
        self.source.set(sku, "DC-EAST", on_hand)
        await self.drain()
        assert self.shops[shop].shown[place].available == on_hand
        return place

    async def figure(self, sku: str, shop: str = "north") -> Figure:
        (found,) = await self.book.figures(shop, [sku])
        return found

    def order(self, number: int, sku: str, quantity: int = 1) -> Order:
        """An order as its webhook tells it: the fulfillment order is read later."""
        line = example.line(id=str(number), sku=sku, quantity=quantity, price="20.00")
        customer = example.order().customer
        assert customer is not None
        rows = (FulfillmentOrderLine(id="51", line_id=str(number), quantity=quantity, remaining=quantity),)
        asked = example.fulfillment_order(location_id="7", location_name="East", lines=rows)
        return example.order(
            id=str(number),
            name=f"#{number}",
            lines=(line,),
            customer=customer.model_copy(update={"id": str(number)}),
            fulfillment_orders=(asked,),
        )

    async def webhook(self, *orders: Order, topic: str = "orders/create") -> None:
        """The webhooks of these orders arrive; nobody reads them yet."""
        for order in orders:
            self.orders.orders[order.id] = order
            self.sent += 1
            await self.store.put([delivery(order, webhook=f"w{self.sent}", topic=topic)])

    async def read_orders(self) -> None:
        """The orders in the inbox are read; the ERP may be down."""
        await Drain(self.rt, order_work, None, linger=0).run()

    async def say(self, level: ChannelLevel, number: int = 1) -> None:
        """The shop's webhook about its stock."""
        await self.level_webhook(level.model_dump_json().encode(), level.place.item_id, number, self.rt.now())

    async def level_webhook(self, body: bytes, item_id: str, number: int, at: datetime) -> None:
        """A webhook about stock as its body is; it happened at that moment."""
        subject = ("north", "stock-level", item_id)
        await self.store.put(
            [
                Delivery(
                    delivery_key=delivery_key("shopify", "north", f"level/{item_id}/{number}"),
                    channel="shopify",
                    scope="north",
                    topic="inventory_levels/update",
                    kind=echo_kind("north"),
                    aggregate_key=aggregate_key(*subject),
                    correlation_id=correlation_id(*subject),
                    occurred_at=at,
                    body=body,
                )
            ]
        )

    async def tell(self, sku: str, on_hand: int) -> None:
        """A signed event of the source about one position: it needs no poll."""
        level = self.source.set(sku, "DC-EAST", on_hand)
        report = StockReport(source="erp", company="north", levels=(level,))
        self.sent += 1
        await self.store.put([told(report, self.rt.now(), f"event/{self.sent}")])

    async def tell_again(self, report: StockReport) -> None:
        """A report as it was told once, by another message."""
        self.sent += 1
        await self.store.put([told(report, self.rt.now(), f"again/{self.sent}")])

    async def again(self, *skus: str) -> None:
        """Somebody asks to compute these SKUs again."""
        await self.store.put(demand_changed("north", skus, self.rt.now(), "test"))

    async def token(self, name: str, *roles: str) -> str:
        """Somebody with an API token."""
        token = f"token of {name}, long enough"
        await self.store.add_principal(name, token, roles)
        return token

    def wave(self, figures: int) -> None:
        """A worker claims so many figures at once."""
        self.rt = replace(self.rt, settings=self.rt.settings.model_copy(update={"stock_wave": figures}))

    async def believe(self, skus: Sequence[str], codes: Sequence[str]) -> None:
        """A person has looked at these positions and releases them."""
        await self.store.put(read_again("north", skus, self.rt.now(), "released", codes))

    async def sweep(self) -> int:
        return await sweep_stock(self.rt)

    async def cases(self) -> list[Case]:
        return await self.store.cases()

    def no_pauses(self) -> None:
        """Whatever waits for a moment, that moment has come: parked lanes, messages, figures."""
        long_ago = "'2000-01-01 00:00:00.000000'"
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute(f"UPDATE inbox SET not_before = {long_ago} WHERE not_before IS NOT NULL")
            connection.execute(f"UPDATE stock_figure SET not_before = {long_ago}")
            connection.execute(f"UPDATE lane SET parked_until = {long_ago} WHERE parked_until IS NOT NULL")

    def expire_leases(self) -> None:
        """The leases of a dead worker run out at once."""
        with closing(sqlite3.connect(self.file)) as connection, connection:
            for table in ("inbox", "stock_figure"):
                connection.execute(
                    f"UPDATE {table} SET lease_until = '2000-01-01 00:00:00.000000' WHERE lease_until IS NOT NULL"
                )


async def _no_wait(_seconds: float) -> None:
    """The pause before a write is asked again, without waiting."""


@pytest.fixture
async def stock(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[StockHouse]:
    """Everything open and empty. Parametrized with "stand-in", the north shop is one of the stand-in's, over HTTP."""
    file = tmp_path / "store.sqlite"
    store = await open_store(StoreSettings(url=SecretStr(f"sqlite:///{file}")))
    source = FakeStock("north")
    shops: dict[str, Any] = {name: FakeStockShop(name) for name in ("north", "south")}
    if getattr(request, "param", "memory") == "stand-in":
        shops["north"] = StandInStockShop("north")
        monkeypatch.setattr(stock_writing, "sleep", _no_wait)
    orders, erp = FakeShop("north"), FakeErp("north")
    held: list[StockHouse] = []
    book = SqlStockDesk(store.database)
    rt = Runtime(
        landscape=LANDSCAPE,
        store=store,
        channels={"north": orders, "south": FakeShop("south")},
        translators={"north": FakeTranslator(), "south": FakeTranslator()},
        erps={"north": erp},
        mappings=TableMappings(ROWS),
        settings=FAST,
        now=lambda: utc_now() + held[0].ahead,
        stock_sources={"north": (source,)},
        stock_channels=shops,
        book=book,
        approvals=(approvals := SqlApprovals(store.database)),
    )
    held.append(StockHouse(rt, store, book, source, shops, orders, erp, file, approvals))
    yield held[0]
    await rt.aclose()


def shown(house: StockHouse, places: Sequence[Place], shop: str = "north") -> list[int]:
    """What the shop shows at these places."""
    return [house.shops[shop].shown[place].available for place in places]
