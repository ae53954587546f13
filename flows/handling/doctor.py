"""The doctor: reads every side through its port and has `canonical.readiness` judge. A failed check stops no other."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Final

from canonical import readiness
from canonical.errors import CrossdockError, RejectedError
from canonical.order import Order
from canonical.ports.readiness import Arrived, ChannelCustomer
from canonical.readiness import Finding
from flows.probes import Probes

PAST_ORDERS: Final = timedelta(days=30)
MOST_ORDERS: Final = 500
AT_ONCE: Final = 50
MOST_CUSTOMERS: Final = 25_000
DELIVERIES: Final = timedelta(hours=24)


class Doctor:
    """One examination. `findings` grow as it goes; what was read once is kept for the checks across systems."""

    def __init__(self, probes: Probes) -> None:
        self._probes = probes
        self.findings: list[Finding] = []
        self.checks = 0
        self._locations: dict[str, dict[str, str]] = {}
        self._codes: dict[str, set[str]] = {}
        self._units: set[tuple[str, str, str]] = set()

    async def examine(self) -> list[Finding]:
        """Everything, errors first."""
        landscape = self._probes.landscape
        for shop in (shop.name for shop in landscape.shops):
            await self._try("scopes", shop, self._scopes)
            await self._try("webhooks", shop, self._webhooks)
            await self._try("api version", shop, self._version)
            await self._try("locations", shop, self._channel_locations)
            await self._try("orders", shop, self._orders)
        for company in (company.name for company in landscape.companies):
            await self._try("items", company, self._item_master)
            await self._try("locations", company, self._stock)
            await self._try("customers", company, self._customers)
        for shop in (shop.name for shop in landscape.shops):
            await self._try("skus", shop, self._channel_items)
        self._add(readiness.unit_findings(sorted(self._units), self._probes.mappings))
        rank = {readiness.Severity.ERROR: 0, readiness.Severity.WARNING: 1}
        return sorted(self.findings, key=lambda f: (rank[f.severity], f.scope, f.check))

    def _add(self, found: Iterable[Finding]) -> None:
        self.findings += found

    async def _try(self, check: str, scope: str, look: Callable[[str], Awaitable[Iterable[Finding]]]) -> None:
        self.checks += 1
        try:
            self._add(await look(scope))
        except CrossdockError as error:
            self._add([readiness.unchecked(check, scope, error)])

    async def _scopes(self, shop: str) -> list[Finding]:
        missing = await self._probes.setups[shop].missing_scopes()
        way = "Add them to the app, release a version, and approve it in the shop."
        return readiness.finding("scopes", shop, "scopes that the app lacks", missing, way)

    async def _webhooks(self, shop: str) -> list[Finding]:
        setup, arrivals = self._probes.setups[shop], self._probes.arrivals
        arrived = Arrived(0, 0)
        if arrivals is not None:
            arrived = await arrivals.arrived(shop, self._probes.now() - DELIVERIES)
        return readiness.webhook_findings(shop, await setup.missing_topics(), await setup.subscriptions(), arrived)

    async def _version(self, shop: str) -> list[Finding]:
        setup = self._probes.setups[shop]
        version = await setup.api_version()
        return readiness.version_findings(shop, version, sorted(setup.notices), self._probes.now().date())

    async def _channel_locations(self, shop: str) -> list[Finding]:
        self._locations[shop] = dict(await self._probes.setups[shop].locations())
        return readiness.location_findings(shop, self._locations[shop], self._probes.mappings)

    async def _orders(self, shop: str) -> list[Finding]:
        channel = self._probes.channels[shop]
        found = await channel.orders_updated_since(self._probes.now() - PAST_ORDERS)
        ids = [d.aggregate_key.rsplit(":", 1)[-1] for d in found[-MOST_ORDERS:]]
        orders: list[Order] = []
        for start in range(0, len(ids), AT_ONCE):
            read = await channel.read_orders(ids[start : start + AT_ONCE])
            orders += [order for order in read.values() if not isinstance(order, RejectedError)]
        tests = self._probes.landscape.shop(shop).orders.book_test_orders
        booked = [order for order in orders if order.cancelled_at is None and (tests or not order.test)]
        return readiness.order_findings(shop, booked, self._probes.mappings)

    async def _item_master(self, company: str) -> list[Finding]:
        """The item codes of each source, by themselves: sources that enrich an item carry its code, too."""
        sources = {
            source.system: source
            for shop in self._probes.landscape.shops_of(company)
            for source in self._probes.product_sources.get(shop.name, ())
        }
        found: list[Finding] = []
        for system, source in sources.items():
            codes: list[tuple[str, str | None]] = []
            async for report in source.changes(None):
                for told in report.products:
                    codes += [(f"{told.key} {variant.id}", variant.sku) for variant in told.product.variants]
                    self._units |= {(system, v.sku, v.unit) for v in told.product.variants if v.sku}
            self._codes.setdefault(company, set()).update(sku for _, sku in codes if sku)
            found += readiness.sku_findings(system, codes)
        return found

    async def _stock(self, company: str) -> list[Finding]:
        source = self._probes.stock_sources.get(company)
        if source is None:
            return []
        native: set[str] = set()
        async for report in source.snapshot():
            native |= {level.native_location or level.location for level in report.levels} | set(report.complete)
            self._units |= {(source.system, level.sku, level.unit) for level in report.levels}
        shops = {s.name: self._locations.get(s.name, {}) for s in self._probes.landscape.shops_of(company)}
        return readiness.stock_location_findings(source.system, native, shops, self._probes.mappings)

    async def _customers(self, company: str) -> list[Finding]:
        customers: list[tuple[str, ChannelCustomer]] = []
        for shop in self._probes.landscape.shops_of(company):
            found = self._probes.setups[shop.name].customers(MOST_CUSTOMERS)
            customers += [(shop.name, customer) async for customer in found]
        return readiness.customer_findings(company, customers)

    async def _channel_items(self, shop: str) -> list[Finding]:
        items = {item: sku async for item, sku in self._items(shop)}
        company = self._probes.landscape.company_of(shop).name
        codes = frozenset(self._codes.get(company, ()))
        skus = [sku for sku in items.values() if sku]
        found = readiness.sku_findings(shop, items.items())
        return [*found, *readiness.item_findings(shop, skus, codes, self._probes.mappings)]

    async def _items(self, shop: str) -> AsyncIterator[tuple[str, str | None]]:
        """(what carries it, SKU): by the products where the shop can list them, else by what it keeps stock of."""
        if shop in self._probes.product_channels:
            async for product in self._probes.product_channels[shop].snapshot():
                for variant in product.product.variants:
                    yield f"{product.product.title} {variant.id}", variant.sku
        elif shop in self._probes.stock_channels:
            async for level in self._probes.stock_channels[shop].snapshot():
                yield level.place.item_id, level.sku
