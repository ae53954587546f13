"""`crossdock atp explain` prints how a figure came about, out of the store."""

import asyncio
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from canonical.inventory import Figure, InventoryLevel, Place, StockReport
from canonical.records import Batch, Cursor, Reservation
from connectors import registry
from deployments.cli.context import now, opened_store
from deployments.cli.main import main
from tests.processes import ROOT

SKU, DC = "TEE-WHI-S", "DC-EAST"


def run(*words: str) -> int:
    """The exit code of a command."""
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store in which the ERP told of one SKU, a line of it is reserved, and only the location's name is mapped."""
    monkeypatch.setenv("CROSSDOCK_STORE_URL", f"sqlite:///{tmp_path / 'store.sqlite'}")
    monkeypatch.chdir(ROOT)
    shutil.copytree(ROOT / "deployments" / "mappings", tmp_path / "mappings")
    (tmp_path / "mappings" / "locations.csv").write_text(f"shop,location_id,name,value\nnorth,,East,{DC}\n")
    (tmp_path / "mappings" / "kits.csv").write_text(f"shop,sku,item,value\nnorth,SET,{SKU},2\n")
    monkeypatch.setenv("CROSSDOCK_FLOW_MAPPINGS", str(tmp_path / "mappings"))
    asyncio.run(_fill())


async def _fill() -> None:
    async with opened_store() as store:
        desk = registry.stock_desk(store)
        level = InventoryLevel(
            sku=SKU, location=DC, on_hand=Decimal(12), allocated=Decimal(2), source="erp", as_of=now()
        )
        line = Reservation(scope="north", order_id="1", line_id="1", sku=SKU, location="7", quantity=Decimal(3))
        await store.commit(Batch(reservations=(line,)))
        await desk.record(StockReport(source="erp", company="north", levels=(level,)), now())
        await desk.plan([_figure(SKU, "i1", 7)])


async def _plan(*figures: Figure) -> None:
    async with opened_store() as store:
        await registry.stock_desk(store).plan(figures)


async def _know_the_names() -> None:
    """What a worker wrote when it read the shop's locations."""
    async with opened_store() as store:
        await store.set_cursor(Cursor(scope="north", name="locations", value='{"7": "East"}', updated_at=now()))


def _figure(sku: str, item_id: str, target: int) -> Figure:
    place = Place(item_id=item_id, location_id="7")
    return Figure(shop="north", sku=sku, place=place, target=target, changed_at=now(), not_before=now())


@pytest.fixture
def known(house: None) -> None:
    """A worker has read what the shop calls its locations."""
    asyncio.run(_know_the_names())


@pytest.mark.usefixtures("known")
def test_the_lines_of_a_figure_are_printed_with_what_the_shop_was_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("atp", "explain", SKU, "--shop", "north", "--location", DC) == 0
    printed = capsys.readouterr().out
    for words in ("on hand at DC-EAST (erp)", "+12", "reserved by orders of north", "-3", "available to sell"):
        assert words in printed
    assert "The shop is to show 7; it has not been told yet (due)." in printed


@pytest.mark.usefixtures("house")
def test_a_sku_nobody_told_of_is_said_to_be_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("atp", "explain", "NOTHING-1") == 1
    assert "No source has told of NOTHING-1" in capsys.readouterr().out


@pytest.mark.usefixtures("known")
def test_a_kit_is_explained_by_its_components_and_by_what_the_shop_was_told_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asyncio.run(_plan(_figure("SET", "i9", 3)))
    assert run("atp", "explain", "SET") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert f"component: 7 of {SKU}, 2 in each, enough for 3 (the scarcest)" in printed
    assert "The shop is to show 3; it has not been told yet (due)." in printed


@pytest.mark.usefixtures("known")
def test_every_item_that_a_shop_has_with_the_sku_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(_plan(_figure(SKU, "i2", 6)))
    assert run("atp", "explain", SKU, "--location", "7") == 0
    printed = capsys.readouterr().out
    assert "The shop (item i1) is to show 7" in printed
    assert "The shop (item i2) is to show 6" in printed


@pytest.mark.usefixtures("house")
def test_without_the_names_of_the_locations_it_says_who_reads_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("atp", "explain", SKU, "--shop", "north") == 1
    printed = capsys.readouterr().out
    assert "What north calls its locations is not known yet" in printed
    assert "south" not in printed
