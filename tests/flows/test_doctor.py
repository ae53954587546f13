"""The doctor over ports: what is not ready on each side, told with the way out; a failed check is a finding."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from canonical.errors import RetryableError
from canonical.inventory import ChannelLevel, InventoryLevel, Place, StockReport
from canonical.mapping.kinds import MappingKind, MappingRow
from canonical.mapping.table import TableMappings
from canonical.ports.products import ChannelProduct, ProductReport
from canonical.ports.readiness import ApiVersion, Arrived, ChannelCustomer, ChannelSetup, Subscription
from canonical.product import Product, ProductRef, SourceProduct, Variant
from canonical.readiness import Finding, Severity
from canonical.rules import example
from flows.handling.doctor import Doctor
from flows.probes import Probes
from tests.fakes.systems import FakeShop
from tests.flows.conftest import LANDSCAPE

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class FakeSetup:
    """A shop that is set up well, unless a test says otherwise."""

    shop: str = "north"
    places: Mapping[str, str] = field(default_factory=lambda: {"7": "East", "8": "West"})
    scopes: Sequence[str] = ()
    topics: Sequence[str] = ()
    uris: Sequence[str] = ("https://crossdock.example/webhooks/web/north",)
    ends: date = date(2028, 1, 16)
    people: Sequence[ChannelCustomer] = ()
    notices: frozenset[str] = frozenset()
    down: bool = False

    async def locations(self) -> Mapping[str, str]:
        return self.places

    async def missing_scopes(self) -> list[str]:
        if self.down:
            raise RetryableError("the shop does not answer", code="shop_down")
        return list(self.scopes)

    async def missing_topics(self, uri: str | None = None) -> list[str]:
        return list(self.topics)

    async def subscriptions(self) -> list[Subscription]:
        return [Subscription("orders/create", uri) for uri in self.uris]

    async def api_version(self) -> ApiVersion:
        return ApiVersion("2027-01", self.ends, served=True)

    async def customers(self, limit: int) -> AsyncIterator[ChannelCustomer]:
        for customer in self.people[:limit]:
            yield customer

    async def aclose(self) -> None:
        return None


@dataclass
class FakeArrivals:
    delivered: int = 5
    polled: int = 0

    async def arrived(self, scope: str, since: datetime) -> Arrived:
        return Arrived(self.delivered, self.polled)


@dataclass
class FakeStockChannel:
    skus: Sequence[tuple[str, str | None]] = (("i1", "TEE-1"), ("i2", "GIFT-25"))

    async def snapshot(self) -> AsyncIterator[ChannelLevel]:
        for item, sku in self.skus:
            yield ChannelLevel(place=Place(item_id=item, location_id="7"), sku=sku, available=1)


@dataclass
class FakeStockSource:
    system: str = "erp"
    places: Sequence[str] = ("DC-EAST", "DC-WEST")
    unit: str = "each"

    async def snapshot(self) -> AsyncIterator[StockReport]:
        levels = tuple(
            InventoryLevel.model_validate({
                "sku": "TEE-1", "location": place, "native_location": place, "unit": self.unit, "on_hand": 1,
                "source": self.system, "as_of": NOON,
            })
            for place in self.places
        )  # fmt: skip
        yield StockReport(source=self.system, company="north", levels=levels)


@dataclass
class FakeMaster:
    system: str = "erp"
    skus: Sequence[str] = ("TEE-1", "GIFT-25")

    async def changes(self, cursor: str | None) -> AsyncIterator[ProductReport]:
        variants = tuple(Variant(id=str(n), sku=sku) for n, sku in enumerate(self.skus))
        product = Product(id="P", title="Tee", variants=variants)
        told = SourceProduct(source=self.system, key="P", product=product, given=frozenset({"title"}), updated_at=NOON)
        yield ProductReport(products=(told,))


MAPPED = TableMappings(
    [
        *example.MAPPING_ROWS,
        *(
            MappingRow(kind=MappingKind.STOCK_LOCATIONS, shop="*", key=(code,), value=code)
            for code in ("DC-EAST", "DC-WEST", "DC-LOST")
        ),
        MappingRow(kind=MappingKind.UNITS, shop="*", key=("*", "each"), value="1"),
    ]
)


def sound(**changes: Any) -> Probes:
    """A house that is sound but for the changes."""
    shop = FakeShop("north")
    shop.orders = {o.id: o for o in changes.pop("orders", [example.order()])}
    given: dict[str, Any] = {
        "landscape": LANDSCAPE,
        "mappings": MAPPED,
        "arrivals": FakeArrivals(),
        "setups": {"north": FakeSetup()},
        "channels": {"north": shop},
        "stock_channels": {"north": FakeStockChannel()},
        "stock_sources": {"north": FakeStockSource()},
        "product_sources": {"north": (FakeMaster(),)},
        "now": lambda: example.NOW,
    }
    return Probes(**(given | changes))


async def examined(**changes: Any) -> list[Finding]:
    """What the doctor finds in it."""
    return await Doctor(sound(**changes)).examine()


def told(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(f.words, ", ".join(f.examples)) for f in findings]


async def test_a_house_in_order_has_no_findings() -> None:
    assert isinstance(FakeSetup(), ChannelSetup)
    assert await examined() == []


async def test_skus_that_are_blank_doubled_or_differently_cased_are_found_on_either_side() -> None:
    skus = [("i1", "TEE-1"), ("i2", "gift-25"), ("i3", ""), ("i4", "TEE-1"), ("i5", "Tee-1"), ("i6", "NEW-1")]
    found = told(await examined(stock_channels={"north": FakeStockChannel(skus)}))
    assert ("items without a SKU", "i3") in found
    assert ("SKUs that several items carry", "TEE-1 (2 items)") in found
    assert ("SKUs that differ only in case or spaces", "'TEE-1' / 'Tee-1'") in found
    assert (
        "SKUs that the ERP spells in another case",
        "gift-25 (the ERP has GIFT-25), Tee-1 (the ERP has TEE-1)",
    ) in found
    assert ("SKUs without an ERP item", "NEW-1") in found
    master = await examined(product_sources={"north": (FakeMaster(skus=["TEE-1", "TEE-1", "tee-1", "GIFT-25"]),)})
    assert ("SKUs that several items carry", "TEE-1 (2 items)") in told(master)
    lost = await examined(product_sources={"north": (FakeMaster(skus=["GIFT-25"]),)})
    assert told(lost) == [("SKUs mapped to items that the ERP does not have", "TEE-1 = TEE-1")]


async def test_where_a_shop_lists_its_products_their_variants_are_looked_at() -> None:
    class Products:
        async def snapshot(self) -> AsyncIterator[ChannelProduct]:
            variants = tuple(Variant(id=str(n), sku=sku) for n, sku in enumerate(["TEE-1", None]))
            yield ChannelProduct(ProductRef(product_id="9"), Product(id="9", title="Tee", variants=variants))

    found = told(await examined(product_channels={"north": Products()}))
    assert found == [("items without a SKU", "Tee 1")]


async def test_locations_that_are_not_aligned_are_found_on_either_side() -> None:
    setup = FakeSetup(places={"7": "East", "8": "West", "9": "Attic"})
    stock = FakeStockSource(places=["DC-EAST", "DC-LOST", "NOWHERE"])
    found = await examined(setups={"north": setup}, stock_sources={"north": stock})
    assert told(found) == [
        ("stock locations without a canonical one", "NOWHERE"),
        ("locations without a canonical one", "Attic (9)"),
        ("stock locations that no shop shows", "DC-LOST"),
        ("shop locations without stock behind them", "West of north"),
    ]


async def test_customers_that_would_be_one_party_are_told_by_id_only() -> None:
    people = [
        ChannelCustomer("1", "Ada@example.com"),
        ChannelCustomer("2", "ada@example.com "),
        ChannelCustomer("3", None),
    ]
    (finding,) = await examined(setups={"north": FakeSetup(people=people)})
    assert (finding.words, finding.examples) == ("customers that would be one party", ("north 1 and north 2",))


async def test_what_past_orders_would_have_lacked_is_told_by_kind() -> None:
    odd = example.order(lines=(example.line(tax_title="Harbor Levy"),), gateway="barter")
    found = told(await examined(orders=[odd]))
    assert [words for words, _ in found] == [
        "payment_methods of past orders that are not mapped",
        "taxes of past orders that are not mapped",
    ]
    assert found[0][1] == "barter"


async def test_units_without_a_factor_are_found() -> None:
    found = await examined(stock_sources={"north": FakeStockSource(unit="crate")})
    assert [(f.words, f.examples[0]) for f in found] == [
        ("units that are not mapped", "crate of TEE-1"),
        ("items counted in several units", "TEE-1 in crate and each"),
    ]


async def test_scopes_webhooks_and_the_version_are_looked_at() -> None:
    setup = FakeSetup(
        scopes=["read_orders"],
        topics=["refunds/create"],
        uris=["http://10.0.0.1/webhooks"],
        ends=date(2026, 12, 1),
        notices=frozenset({"Shopify served another"}),
    )
    found = await examined(setups={"north": setup}, arrivals=FakeArrivals(delivered=0, polled=3))
    failing = "3 messages were found by the poll, none was delivered by webhook: deliveries fail"
    assert [(f.severity, f.check, f.words) for f in found] == [
        (Severity.ERROR, "scopes", "scopes that the app lacks"),
        (Severity.ERROR, "webhooks", "topics without a subscription"),
        (Severity.ERROR, "webhooks", failing),
        (Severity.WARNING, "api version", "the API version ends on 2026-12-01"),
        (Severity.WARNING, "api version", "the channel has notices for us"),
        (Severity.WARNING, "webhooks", "deliveries over open http"),
    ]
    ended = await examined(setups={"north": FakeSetup(ends=date(2026, 11, 1))})
    assert [(f.severity, f.words) for f in ended] == [(Severity.ERROR, "the API version ends on 2026-11-01")]


async def test_a_check_that_cannot_be_made_is_a_finding_and_stops_no_other() -> None:
    setup = FakeSetup(down=True, topics=["refunds/create"])
    found = await examined(setups={"north": setup})
    assert [(f.check, f.severity) for f in found] == [("scopes", Severity.ERROR), ("webhooks", Severity.ERROR)]
    assert "could not be checked: the shop does not answer (shop_down)" in found[0].words
