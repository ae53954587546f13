"""`crossdock atp explain` prints how a figure came about, out of the store."""

import asyncio
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from canonical.inventory import Figure, InventoryLevel, Place, StockReport
from canonical.records import Batch, Reservation
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
    """A store in which the ERP told of one SKU, a line of it is reserved, and the location's id is mapped."""
    monkeypatch.setenv("CROSSDOCK_STORE_URL", f"sqlite:///{tmp_path / 'store.sqlite'}")
    monkeypatch.chdir(ROOT)
    shutil.copytree(ROOT / "deployments" / "mappings", tmp_path / "mappings")
    (tmp_path / "mappings" / "locations.csv").write_text(f"shop,location_id,name,value\nnorth,7,East,{DC}\n")
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
        place = Place(item_id="i1", location_id="7")
        await desk.plan([Figure(shop="north", sku=SKU, place=place, target=7, changed_at=now(), not_before=now())])


@pytest.mark.usefixtures("house")
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
