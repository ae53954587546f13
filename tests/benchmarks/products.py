"""Ten thousand products with thirty thousand variants into an empty shop; again without a change; with 1 % changed.

The shop is the stand-in, the store SQLite, one worker. Calls and cost points are what the shop's call budget saw, those
of bulk operations included. Source, stand-in and worker share the machine: `first_s` is not Crossdock alone.
"""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psutil

from canonical.mapping.table import TableMappings
from canonical.money import Money
from canonical.ports.budget import CostBudget, Lane, Throttle
from canonical.ports.products import ProductReport
from canonical.product import Option, Product, SourceProduct, Variant
from connectors import registry
from connectors.shopify.budget import LocalBudget
from deployments.landscape_loader import load_landscape
from deployments.stack.process import Part, module
from deployments.stack.stack import applied
from flows.catalogue import Catalogue
from flows.handling.products import work
from flows.handling.products.arrivals import poll_source
from flows.handling.products.gates import build_product_gates
from flows.product_draining import ProductDrain
from flows.runtime import Runtime
from flows.settings import FlowSettings
from tests.benchmarks.measure import CONSOLE, Meter, Options

DOMAIN, SHOP = "bench.myshopify.com", "north"
SIZES = ("S", "M", "L")
PART = 500
GIVEN = frozenset(
    {"title", "vendor", "description_html", "status", "options", "variants", "variants.options", "variants.price",
     "variants.barcode"}
)  # fmt: skip


class Counted:
    """The shop's budget, with a note of every call and what it was charged."""

    def __init__(self) -> None:
        self._inner: CostBudget = LocalBudget()
        self.calls, self.charged = 0, 0.0

    def budget(self, bucket: str) -> CostBudget:
        return self

    async def acquire(self, cost: float, lane: Lane) -> None:
        await self._inner.acquire(cost, lane)

    async def settle(self, cost: float, throttle: Throttle | None, actual: float | None = None) -> None:
        self.calls += 1
        self.charged += actual or 0.0
        await self._inner.settle(cost, throttle, actual)


class Generated:
    """An item master of any size; `change` gives products another price."""

    system = "erp"

    def __init__(self, count: int) -> None:
        self._count, self._dearer = count, frozenset[int]()
        self._at = datetime.now(UTC) - timedelta(hours=1)

    def change(self, numbers: Sequence[int]) -> None:
        self._dearer, self._at = frozenset(numbers), self._at + timedelta(minutes=1)

    async def changes(self, cursor: str | None) -> AsyncIterator[ProductReport]:
        for start in range(0, self._count, PART):
            numbers = range(start, min(start + PART, self._count))
            yield ProductReport(tuple(self._record(number) for number in numbers), cursor=str(start))

    async def products(self, keys: Sequence[str]) -> ProductReport:
        return ProductReport(tuple(self._record(int(key.rpartition("-")[2])) for key in keys))

    def _record(self, number: int) -> SourceProduct:
        key, price = f"BENCH-{number}", Decimal("20.00") + (1 if number in self._dearer else 0)
        variants = tuple(
            Variant(
                id=f"{key}-{size}",
                sku=f"{key}-{size}",
                options={"Size": size},
                price=Money(amount=price, currency="USD"),
            )
            for size in SIZES
        )
        product = Product(
            id=key,
            title=f"Bench product {number}",
            vendor="Acme",
            description_html="<p>Made to be measured.</p>",
            options=(Option(name="Size", values=SIZES),),
            variants=variants,
        )
        return SourceProduct(source="erp", company="north", key=key, product=product, given=GIVEN, updated_at=self._at)

    async def check(self) -> None:
        return None

    async def aclose(self) -> None:
        return None


async def run(options: Options) -> Mapping[str, float | str]:
    """The stand-in as a process; the drain here."""
    count = 300 if options.quick else 10_000
    command = module(
        "deployments.sandbox.shopify",
        *("--port", "{port}", "--port-file", "{port_file}", "--plan", "plus", "--shop", DOMAIN),
        *("--client-id", "bench", "--client-secret", "bench-secret", "--state", "memory"),
    )
    shop = Part("shopify", command, home=options.workspace, environment={})
    await shop.start()
    try:
        environment = {
            "CROSSDOCK_STORE_URL": f"sqlite:///{options.workspace / 'store.sqlite'}",
            "CROSSDOCK_SHOP_NORTH_BASE_URL": shop.url,
            "CROSSDOCK_SHOP_NORTH_CLIENT_ID": "bench",
            "CROSSDOCK_SHOP_NORTH_CLIENT_SECRET": "bench-secret",
        }
        with applied(environment):
            return await _measured(count, shop.pid)
    finally:
        await shop.stop()


async def _measured(count: int, shop_pid: int) -> Mapping[str, float | str]:
    build_product_gates()
    landscape = load_landscape()
    north = landscape.shops[0].model_copy(update={"domain": DOMAIN})
    landscape = landscape.model_copy(update={"shops": (north,), "companies": landscape.companies[:1], "fields": ()})
    store, counted, source = await registry.state_store(), Counted(), Generated(count)
    channel = registry.product_channel(landscape, SHOP, counted)
    catalogue = Catalogue(registry.product_book(store), {SHOP: channel}, {"north": (source,)})
    rt = Runtime(
        landscape=landscape,
        store=store,
        channels={},
        translators={},
        erps={},
        mappings=TableMappings(()),
        settings=FlowSettings(),
        catalogue=catalogue,
    )
    try:
        first = await _round(rt, source, counted, shop_pid, "first")
        unchanged = await _round(rt, source, counted, shop_pid, "unchanged")
        source.change(range(0, count, 100))
        changed = await _round(rt, source, counted, shop_pid, "1 % changed")
    finally:
        await rt.aclose()
    return {
        "products": count,
        "variants": count * len(SIZES),
        "first_calls": first["calls"],
        "first_s": first["seconds"],
        "unchanged_calls": unchanged["calls"],
        "unchanged_s": unchanged["seconds"],
        "changed_calls": changed["calls"],
        "changed_s": changed["seconds"],
        "cost_points": first["charged"],
        "published": first["published"] + changed["published"],
    }


async def _round(rt: Runtime, source: Generated, counted: Counted, shop_pid: int, name: str) -> dict[str, float]:
    """Poll everything, drain everything."""
    calls, charged = counted.calls, counted.charged
    began = time.perf_counter()
    with Meter({"worker": psutil.Process().pid, "shop": shop_pid}) as meter:
        new, _ = await poll_source(rt, "north", source, full=True)
        tally = await ProductDrain(rt, work, None, linger=0).run()
    found = {
        "calls": float(counted.calls - calls),
        "charged": counted.charged - charged,
        "seconds": time.perf_counter() - began,
        "published": float(tally.counts["published"]),
    }
    busy = ", ".join(f"{who} {used:.1f} s" for who, used in meter.cpu.items())
    CONSOLE.print(f"{name}: {new} new messages, {dict(tally.counts)}, {found}; processor: {busy}; {tally.notes}")
    return found
