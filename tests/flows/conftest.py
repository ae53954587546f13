"""A runtime with a real store (SQLite in a temporary folder), a fake shop and a fake ERP; no Prefect."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from canonical.landscape import Domain, Landscape, OrderPolicy, Ownership, Role, System
from canonical.mapping.table import MappingRow, TableMappings
from canonical.order import Order
from canonical.ports import StateStore
from canonical.records import OrderRecord
from canonical.rules import example
from connectors.statestore.settings import StoreSettings
from connectors.statestore.store import open_store
from flows.draining import Drain
from flows.handling import work
from flows.handling.tally import Tally
from flows.runtime import Runtime, utc_now
from flows.settings import FlowSettings
from tests.fakes.systems import FakeErp, FakeShop, FakeTranslator, delivery

LANDSCAPE = Landscape(
    systems=(
        System(name="web", kind="fake", role=Role.CHANNEL),
        System(name="erp", kind="fake", role=Role.ERP),
    ),
    companies=(example.COMPANY,),
    shops=(example.SHOP,),
    ownership=tuple(Ownership(domain=d, owner="erp") for d in Domain),
)


@dataclass
class House:
    """One shop, one ERP, one store, and the moves a test makes."""

    rt: Runtime
    store: StateStore
    shop: FakeShop
    erp: FakeErp
    file: Path
    ahead: timedelta = field(default_factory=timedelta)
    sent: int = 0

    async def arrive(self, *orders: Order, topic: str = "orders/create") -> None:
        """A webhook of each order arrives."""
        for order in orders:
            self.shop.orders[order.id] = order
            self.sent += 1
            await self.store.put([delivery(order, webhook=f"w{self.sent}", topic=topic)])

    def map(self, *rows: MappingRow) -> None:
        """Somebody adds mappings."""
        self.rt = replace(self.rt, mappings=TableMappings([*example.MAPPING_ROWS, *rows]))

    def order_policy(self, **policy: int | bool) -> None:
        """The shop's policy for orders is another one."""
        shop = example.SHOP.model_copy(update={"orders": OrderPolicy.model_validate(policy)})
        self.rt = replace(self.rt, landscape=LANDSCAPE.model_copy(update={"shops": (shop,)}))

    async def drain(self) -> Tally:
        """One run."""
        return await Drain(self.rt, work, None, linger=0).run()

    def expire_leases(self) -> None:
        """The leases of a dead worker run out at once."""
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute(
                "UPDATE inbox SET lease_until = '2000-01-01 00:00:00.000000' WHERE lease_until IS NOT NULL"
            )

    async def record(self, order: Order) -> OrderRecord:
        """What the store knows of an order."""
        (found,) = await self.store.find_orders(order.id)
        return found


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Everything open and empty."""
    store = await open_store(StoreSettings(url=SecretStr(f"sqlite:///{tmp_path / 'store.sqlite'}")))
    shop, erp = FakeShop("north"), FakeErp("north")
    held: list[House] = []

    def now() -> datetime:
        return utc_now() + held[0].ahead

    rt = Runtime(
        landscape=LANDSCAPE,
        store=store,
        channels={"north": shop},
        translators={"north": FakeTranslator()},
        erps={"north": erp},
        mappings=example.MAPPINGS,
        settings=FlowSettings(park_seconds=6),
        now=now,
    )
    held.append(House(rt=rt, store=store, shop=shop, erp=erp, file=tmp_path / "store.sqlite"))
    yield held[0]
    await rt.aclose()


def some_orders(count: int, **changes: object) -> list[Order]:
    """Orders of different customers, alike but for their ids."""
    customer = example.order().customer
    assert customer is not None
    return [
        example.order(
            id=str(6000 + i), name=f"#{2000 + i}", customer=customer.model_copy(update={"id": str(100 + i)}), **changes
        )
        for i in range(count)
    ]
