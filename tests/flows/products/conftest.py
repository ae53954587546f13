"""A house with two shops that show products, an ERP and a PIM, over a real store; only the outside is faked."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from canonical.landscape import Domain, Landscape, Ownership, Role, System
from canonical.mapping.kinds import MappingKind, MappingRow
from canonical.mapping.table import TableMappings
from canonical.product import Product
from canonical.product_fields import FieldOwnership
from canonical.records import Case
from canonical.rules import example
from connectors.statestore.approvals import SqlApprovals
from connectors.statestore.products import SqlProductBook
from connectors.statestore.settings import StoreSettings
from connectors.statestore.store import SqlStateStore, open_store
from flows.catalogue import Catalogue
from flows.handling.products import work
from flows.handling.products.arrivals import ask_by_key, poll_source
from flows.handling.products.sweeping import sweep_products
from flows.handling.products.tally import ProductTally
from flows.product_draining import ProductDrain, ProductSteps
from flows.runtime import Runtime, utc_now
from flows.settings import FlowSettings
from tests.fakes.products import FakePictures, FakeProducts, FakeProductShop

SOUTH = example.SHOP.model_copy(update={"name": "south", "domain": "south.myshopify.com"})
LANDSCAPE = Landscape(
    systems=(
        System(name="web", kind="fake", role=Role.CHANNEL),
        System(name="erp", kind="fake", role=Role.ERP),
        System(name="pim", kind="fake", role=Role.PIM),
    ),
    companies=(example.COMPANY,),
    shops=(example.SHOP, SOUTH),
    ownership=tuple(Ownership(domain=d, owner="erp") for d in Domain),
    fields=(FieldOwnership(owner="pim", fields=("description_html", "tags")),),
)
UNITS = (MappingRow(kind=MappingKind.UNITS, shop="erp", key=("*", "dozen"), value="12"),)


@dataclass
class ProductHouse:
    """One company, two shops, two sources, and the moves a test makes."""

    rt: Runtime
    store: SqlStateStore
    book: SqlProductBook
    erp: FakeProducts
    pim: FakeProducts
    shops: dict[str, FakeProductShop]
    pictures: FakePictures
    approvals: SqlApprovals
    file: Path
    ahead: timedelta = field(default_factory=timedelta)

    @property
    def shop(self) -> FakeProductShop:
        return self.shops["north"]

    async def run(self, shops: Sequence[str] = ("north",), steps: ProductSteps = work) -> ProductTally:
        """The sources are polled, the sweep comes by, and the drain empties the inbox."""
        for scope, source in self.rt.goods.all_sources():
            await poll_source(self.rt, scope, source)
        await sweep_products(self.rt)
        return await self.drain(shops, steps)

    async def drain(self, shops: Sequence[str] = ("north",), steps: ProductSteps = work) -> ProductTally:
        return await ProductDrain(self.rt, steps, None, linger=0, shops=shops).run()

    async def by_name(self, *keys: str) -> ProductTally:
        """`crossdock products sync --key ...`"""
        await ask_by_key(self.rt, keys, ["north"])
        await sweep_products(self.rt)
        return await self.drain()

    def sell(self, *products: Product) -> None:
        """The ERP has these products from now on."""
        for product in products:
            self.erp.set(product)

    async def cases(self, scope: str = "north") -> list[Case]:
        return await self.store.cases(scope=scope)

    async def reasons(self, scope: str = "north") -> dict[str, str]:
        """Open cases: document -> reason."""
        return {case.document: case.reason_code for case in await self.cases(scope)}

    async def token(self, name: str, *roles: str) -> str:
        """Somebody with an API token."""
        token = f"token of {name}, long enough"
        await self.store.add_principal(name, token, roles)
        return token

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            return connection.execute(statement).fetchall()

    def no_pauses(self) -> None:
        """Whatever waits for a moment, that moment has come; the leases of a dead worker have run out."""
        long_ago = "'2000-01-01T00:00:00.000000+00:00'"
        self.sql(f"UPDATE inbox SET not_before = {long_ago} WHERE not_before IS NOT NULL")
        self.sql(f"UPDATE inbox SET lease_until = {long_ago} WHERE lease_until IS NOT NULL")
        self.sql(f"UPDATE lane SET parked_until = {long_ago} WHERE parked_until IS NOT NULL")

    def effects(self) -> dict[str, int]:
        """How many effects are in each state."""
        rows = self.sql("SELECT state, count(*) FROM effect GROUP BY state")
        return {str(state): int(str(count)) for state, count in rows}


@pytest.fixture
async def goods(tmp_path: Path) -> AsyncIterator[ProductHouse]:
    """Everything open and empty."""
    file = tmp_path / "store.sqlite"
    store = await open_store(StoreSettings(url=SecretStr(f"sqlite:///{file}")))
    erp = FakeProducts("erp", company="north")
    pim = FakeProducts("pim", given=frozenset({"description_html", "tags"}))
    shops = {name: FakeProductShop(name) for name in ("north", "south")}
    held: list[ProductHouse] = []
    book, pictures = SqlProductBook(store.database), FakePictures()
    rt = Runtime(
        landscape=LANDSCAPE,
        store=store,
        channels={},
        translators={},
        erps={},
        mappings=TableMappings((*example.MAPPING_ROWS, *UNITS)),
        settings=FlowSettings(park_seconds=6),
        now=lambda: utc_now() + held[0].ahead,
        approvals=(approvals := SqlApprovals(store.database)),
        catalogue=Catalogue(book, shops, {"north": (erp,), "*": (pim,)}, pictures),
    )
    held.append(ProductHouse(rt, store, book, erp, pim, shops, pictures, approvals, file))
    yield held[0]
    await rt.aclose()
