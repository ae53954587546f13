"""Fakes of a product source and of a shop that shows products, in memory, with faults on demand.

The shop keeps the promises of the port: it finds what it made under the same key, a bad product fails alone, and a
product that is written again stays one.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from canonical.errors import ConflictError, CrossdockError, RejectedError, RetryableError
from canonical.money import Money
from canonical.outcomes import Failed, Outcome, Settled
from canonical.ports.products import ChannelProduct, Matches, ProductReport
from canonical.product import Option, Product, ProductChange, ProductRef, SourceProduct, Variant

GIVEN = frozenset({"title", "status", "variants", "variants.price", "variants.unit", "variants.barcode", "images"})


def made(key: str, *skus: str, price: str = "10.00", currency: str = "USD", **more: Any) -> Product:
    """A product with a variant for each SKU (its own code without any), told apart by an option where several."""
    codes = skus or (key,)
    options = ({"options": {"Size": sku}} if len(codes) > 1 else {} for sku in codes)
    extra = {name: more.pop(name) for name in ("unit", "barcode") if name in more}
    variants = tuple(
        Variant(id=sku, sku=sku, price=Money(amount=Decimal(price), currency=currency), **extra, **option)
        for sku, option in zip(codes, options, strict=True)
    )
    if len(codes) > 1:
        more.setdefault("options", (Option(name="Size", values=codes),))
    return Product(id=key, title=more.pop("title", key.title()), variants=variants, **more)


class FakeProducts:
    """A source whose products a test sets. `down` refuses connections; `faults` are rows it cannot read."""

    def __init__(self, system: str = "erp", company: str | None = None, given: frozenset[str] = GIVEN) -> None:
        self.system, self.company, self.given = system, company, given
        self.records: dict[str, SourceProduct] = {}
        self.dirty: list[str] = []
        self.faults: list[RejectedError] = []
        self.read: frozenset[str] = frozenset()
        self.down = False
        self.moment = datetime.now(UTC) - timedelta(days=1)

    def set(self, product: Product, given: frozenset[str] | None = None) -> SourceProduct:
        """A product as it is from now on; the next poll tells it."""
        self.moment += timedelta(seconds=1)
        has_options = bool(product.options)
        known = (given or self.given) | ({"options", "variants.options"} if has_options else frozenset())
        record = SourceProduct(
            source=self.system,
            company=self.company,
            key=product.id,
            product=product,
            given=known,
            updated_at=self.moment,
        )
        self.records[product.id] = record
        self.dirty.append(product.id)
        return record

    async def changes(self, cursor: str | None) -> AsyncIterator[ProductReport]:
        self._reachable()
        start = max(0, int(cursor or 0) - 1)
        keys = list(dict.fromkeys(self.dirty[start:]))
        found = tuple(self.records[key] for key in keys)
        yield ProductReport(found, tuple(self.faults), str(len(self.dirty)), self.read)

    async def products(self, keys: Sequence[str]) -> ProductReport:
        self._reachable()
        return ProductReport(tuple(self.records[key] for key in keys if key in self.records))

    def _reachable(self) -> None:
        if self.down:
            raise RetryableError("the source does not answer", code="source_down")

    async def check(self) -> None:
        self._reachable()

    async def aclose(self) -> None:
        return None


class FakeProductShop:
    """A shop. `down`: unreachable; `refuse`: products it refuses; `lose_replies`: writes and breaks the line."""

    def __init__(self, shop: str, *, bulk_from: int = 100) -> None:
        self.shop, self.bulk_from = shop, bulk_from
        self.products: dict[str, Product] = {}
        self.own: dict[str, str] = {}  # our key -> product id, as the shop keeps it
        self.calls: list[str] = []
        self.writes: list[str] = []
        self.refuse: set[str] = set()
        self.down = False
        self.lose_replies = 0
        self.before_write: Callable[[ProductChange], None] = lambda change: None

    def add(self, product: Product) -> str:
        """A product somebody made in the shop's admin."""
        return self._keep(str(1000 + len(self.products)), product)

    def _keep(self, product_id: str, product: Product) -> str:
        variants = tuple(
            v.model_copy(update={"id": f"{product_id}-{place}", "inventory_item_id": f"i{product_id}-{place}"})
            for place, v in enumerate(product.variants)
        )
        self.products[product_id] = product.model_copy(update={"id": product_id, "variants": variants})
        return product_id

    def _ref(self, product_id: str) -> ProductRef:
        variants = self.products[product_id].variants
        return ProductRef(
            product_id=product_id,
            variants={v.sku: v.id for v in variants if v.sku},
            inventory_items={v.sku: v.inventory_item_id for v in variants if v.sku and v.inventory_item_id},
        )

    def _reachable(self) -> None:
        if self.down:
            raise RetryableError("the shop does not answer", code="unreachable")

    async def read_products(self, ids: Sequence[str]) -> Mapping[str, ChannelProduct]:
        self._reachable()
        self.calls.append("read")
        return {i: ChannelProduct(self._ref(i), self.products[i]) for i in ids if i in self.products}

    async def match(self, skus: Sequence[str], barcodes: Sequence[str]) -> Matches:
        self._reachable()
        self.calls.append("match")
        return Matches(self._found("sku", skus), self._found("barcode", barcodes))

    def _found(self, field: str, values: Sequence[str]) -> dict[str, tuple[tuple[str, str], ...]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for product_id, product in self.products.items():
            for variant in product.variants:
                value = getattr(variant, field)
                if value in values:
                    found.setdefault(value, []).append((product_id, variant.id))
        return {value: tuple(places) for value, places in found.items()}

    async def publish(self, changes: Sequence[ProductChange]) -> list[Outcome[ProductRef]]:
        self._reachable()
        return [self._publish(change) for change in changes]

    async def publish_many(self, changes: Sequence[ProductChange]) -> list[Outcome[ProductRef]]:
        self._reachable()
        self.calls.append("bulk")
        return [self._publish(change, single=False) for change in changes]

    def _publish(self, change: ProductChange, *, single: bool = True) -> Outcome[ProductRef]:
        if single:
            self.calls.append("set")
        self.before_write(change)
        key = change.product.id
        if key in self.refuse:
            return Failed(RejectedError("the shop refuses it", code="shop_refused", document=key))
        product_id = change.product_id or self.own.get(key)
        if change.product_id is not None and change.product_id not in self.products:
            gone: CrossdockError = ConflictError("the product does not exist any more", code="product_gone")
            return Failed(gone)
        product_id = product_id or str(1 + len(self.products))
        self.own[key] = self._keep(product_id, self._written(change, self.products.get(product_id)))
        self.writes.append(key)
        if self.lose_replies:
            self.lose_replies -= 1
            return Failed(RetryableError("the line broke", code="reply_lost", document=key, maybe_applied=True))
        return Settled(self._ref(product_id))

    @staticmethod
    def _written(change: ProductChange, standing: Product | None) -> Product:
        if standing is None:
            return change.product
        ours = {name: getattr(change.product, name) for name in change.owned if "." not in name}
        return standing.model_copy(update=ours)

    async def snapshot(self) -> AsyncIterator[ChannelProduct]:
        self._reachable()
        self.calls.append("snapshot")
        for product_id, product in list(self.products.items()):
            yield ChannelProduct(self._ref(product_id), product)

    async def check(self) -> None:
        self._reachable()

    async def aclose(self) -> None:
        return None


class FakePictures:
    """Pictures whose addresses hold `dead` cannot be fetched."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def unreachable(self, urls: Sequence[str]) -> Mapping[str, str]:
        self.asked += urls
        return {url: "its server answers 404" for url in urls if "dead" in url}

    async def aclose(self) -> None:
        return None
