"""Which connectors the registry gives for a landscape."""

from __future__ import annotations

from pathlib import Path

import pytest

from canonical.errors import MisconfiguredError
from canonical.inventory import StockOwner
from canonical.landscape import Landscape, read_landscape
from canonical.ports.warehouse import Warehouse
from connectors.registry import product_sources, state_store, stock_sources, warehouses
from connectors.registry_shops import fulfillment_channel, return_channel
from deployments.landscape_loader import ORDERS_LANDSCAPE_FILE

WMS = """
[[systems]]
name = "wms"
kind = "{kind}"
role = "wms"

[[stock]]
location = "DC-WEST"
company = "north"
owner = "wms"
source = "wms"
"""


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for company in ("NORTH", "SOUTH"):
        for name, value in (("URL", "http://127.0.0.1:9/erp"), ("LOGIN", "clerk"), ("PASSWORD", "word")):
            monkeypatch.setenv(f"CROSSDOCK_COMPANY_{company}_TRYTON_{name}", value)
    monkeypatch.setenv("CROSSDOCK_FEED_PIM_URL", "memory://pim")


def landscape(more: str = "") -> Landscape:
    return read_landscape(ORDERS_LANDSCAPE_FILE.read_text() + more)


async def test_stock_of_a_company_comes_from_its_erp_and_from_who_owns_its_locations() -> None:
    systems = landscape(WMS.format(kind="events"))
    sources = stock_sources(systems, "north")
    assert [(source.system, source.company) for source in sources] == [("erp", "north"), ("wms", "north")]
    assert [source.system for source in stock_sources(systems, "south")] == ["erp"]
    for source in sources:
        await source.aclose()


async def test_who_can_only_be_listened_to_tells_nothing_when_asked() -> None:
    erp, wms = stock_sources(landscape(WMS.format(kind="events")), "north")
    report = await wms.changes("cursor")
    assert (report.levels, report.cursor) == ((), "cursor")
    assert [part.complete for part in [part async for part in wms.snapshot()]] == [()]
    assert (await wms.positions(["MUG"])).levels == ()
    await wms.check()
    await wms.aclose()
    await erp.aclose()


async def test_products_of_a_shop_come_from_its_erp_and_from_who_owns_fields_of_them() -> None:
    sources = product_sources(landscape(), "south")
    assert [source.system for source in sources] == ["erp", "pim"]
    for source in sources:
        await source.aclose()


@pytest.mark.parametrize(
    "file", ["landscape.toml", "landscape.lambda.toml", "landscape.orders.toml", "landscape.lambda.orders.toml"]
)
def test_the_warehouse_that_a_landscape_shows_as_a_comment_owns_its_location_once_it_is_let_in(file: str) -> None:
    text = (ORDERS_LANDSCAPE_FILE.parent / file).read_text()
    assert read_landscape(text).stock_owner("north", "DC-WEST").owner is StockOwner.CROSSDOCK
    _, begun, rest = text.partition("# [[systems]]")
    example = [line.removeprefix("#").strip() for line in (begun + rest.partition("\n\n")[0]).splitlines()]
    found = read_landscape("\n".join([text, *example])).stock_owner("north", "DC-WEST")
    assert (found.owner, found.source) == (StockOwner.WMS, "west")


def test_a_system_that_no_connector_can_be_is_named() -> None:
    with pytest.raises(MisconfiguredError, match="no connector of kind 'telex' can be wms"):
        stock_sources(landscape(WMS.format(kind="telex")), "north")


WAREHOUSES = """
[[systems]]
name = "{name}"
kind = "{kind}"
role = "wms"

[[warehouses]]
system = "{name}"
company = "north"
"""


@pytest.mark.parametrize("kind", ["tryton_wms", "file_3pl", "store"])
async def test_who_ships_for_a_company_is_behind_one_port(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CROSSDOCK_WAREHOUSE_DEPOT_URL", "http://127.0.0.1:9/wms")
    monkeypatch.setenv("CROSSDOCK_WAREHOUSE_DEPOT_API_KEY", "key")
    monkeypatch.setenv("CROSSDOCK_STORE_URL", f"sqlite:///{tmp_path / 'store.sqlite'}")
    store = await state_store()
    systems = landscape(WAREHOUSES.format(name="depot", kind=kind))
    found = warehouses(systems, "north", store)
    assert [(name, found[name].system, isinstance(found[name], Warehouse)) for name in found] == [
        ("depot", "depot", True)
    ]
    assert warehouses(systems, "south", store) == {}
    await found["depot"].aclose()
    await store.aclose()


async def test_a_warehouse_without_its_settings_or_of_an_unknown_kind_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CROSSDOCK_STORE_URL", f"sqlite:///{tmp_path / 'store.sqlite'}")
    store = await state_store()
    with pytest.raises(MisconfiguredError, match="CROSSDOCK_WAREHOUSE_DEPOT_API_KEY"):
        warehouses(landscape(WAREHOUSES.format(name="depot", kind="tryton_wms")), "north", store)
    with pytest.raises(MisconfiguredError, match="carrier-pigeon"):
        warehouses(landscape(WAREHOUSES.format(name="depot", kind="carrier-pigeon")), "north", store)
    await store.aclose()


async def test_what_follows_a_sale_is_told_to_the_shop_it_was_made_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"CROSSDOCK_SHOP_NORTH_{name}", "known")
    shipping, returns = fulfillment_channel(landscape(), "north"), return_channel(landscape(), "north")
    assert (shipping.shop, returns.shop) == ("north", "north")
    await shipping.aclose()
    await returns.aclose()
    elsewhere = read_landscape(ORDERS_LANDSCAPE_FILE.read_text().replace('kind = "shopify"', 'kind = "bazaar"'))
    for opened in (fulfillment_channel, return_channel):
        with pytest.raises(MisconfiguredError, match="bazaar"):
            opened(elsewhere, "north")
