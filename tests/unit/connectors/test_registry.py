"""Which connectors the registry gives for a landscape."""

from __future__ import annotations

import pytest

from canonical.errors import MisconfiguredError
from canonical.inventory import StockOwner
from canonical.landscape import Landscape, read_landscape
from connectors.registry import product_sources, stock_sources
from deployments.landscape_loader import LANDSCAPE_FILE

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
    return read_landscape(LANDSCAPE_FILE.read_text() + more)


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


@pytest.mark.parametrize("file", ["landscape.toml", "landscape.lambda.toml"])
def test_the_warehouse_that_a_landscape_shows_as_a_comment_owns_its_location_once_it_is_let_in(file: str) -> None:
    text = (LANDSCAPE_FILE.parent / file).read_text()
    assert read_landscape(text).stock_owner("north", "DC-WEST").owner is StockOwner.CROSSDOCK
    _, begun, rest = text.partition("# [[systems]]")
    example = [line.removeprefix("#").strip() for line in (begun + rest.partition("\n\n")[0]).splitlines()]
    found = read_landscape("\n".join([text, *example])).stock_owner("north", "DC-WEST")
    assert (found.owner, found.source) == (StockOwner.WMS, "wms")


def test_a_system_that_no_connector_can_be_is_named() -> None:
    with pytest.raises(MisconfiguredError, match="no connector of kind 'telex' can be wms"):
        stock_sources(landscape(WMS.format(kind="telex")), "north")
