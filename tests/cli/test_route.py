"""`crossdock route explain` prints where an order would leave from, out of the store."""

import asyncio
import re
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from canonical.inventory import InventoryLevel, StockReport
from canonical.order import Order
from canonical.records import Batch, OrderRecord, Reservation
from canonical.states import OrderState
from connectors import registry
from deployments.cli.context import now, opened_store
from deployments.cli.main import main
from tests.processes import ROOT
from tests.unit.canonical.routing_examples import asks, captured, sold

SKU = "TEE-WHI-S"


def run(*words: str) -> int:
    """The exit code of a command."""
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Order #1001 of both shops; there is one tee in the east and nine in the west, two of them reserved by it."""
    monkeypatch.setenv("CROSSDOCK_STORE_URL", f"sqlite:///{tmp_path / 'store.sqlite'}")
    monkeypatch.chdir(ROOT)
    shutil.copytree(ROOT / "deployments" / "mappings", tmp_path / "mappings")
    rows = ("north,7,East,DC-EAST", "north,8,West,DC-WEST", "north,9,Spring,ST-NYC1", "south,5,Europe,DC-EU")
    (tmp_path / "mappings" / "locations.csv").write_text("\n".join(("shop,location_id,name,value", *rows, "")))
    monkeypatch.setenv("CROSSDOCK_FLOW_MAPPINGS", str(tmp_path / "mappings"))
    asyncio.run(_fill())


async def _fill() -> None:
    async with opened_store() as store:
        desk = registry.stock_desk(store)
        levels = [
            InventoryLevel(sku=SKU, location=at, on_hand=Decimal(units), source="erp", as_of=now())
            for at, units in (("DC-EAST", 1), ("DC-WEST", 9))
        ]
        tee = captured(sold("1", SKU, 2), sold("2", "NOT-MAPPED-1"), requests=(asks("8", {"1": 2, "2": 1}),))
        south = captured(sold("1", SKU), shop="south", id="2")
        own = Reservation(scope="north", order_id="1", line_id="1", sku=SKU, location="8", quantity=Decimal(2))
        others = own.model_copy(update={"order_id": "3", "quantity": Decimal(5)})
        await store.commit(Batch(orders=(_record(tee), _record(south)), reservations=(own, others)))
        await desk.record(StockReport(source="erp", company="north", levels=tuple(levels)), now())


def _record(order: Order) -> OrderRecord:
    return OrderRecord(
        scope=order.shop,
        order_id=order.id,
        name=order.name,
        aggregate_key=f"{order.shop}:order:{order.id}",
        correlation_id=f"c-{order.id}",
        state=OrderState.RECEIVED,
        updated_at=order.updated_at,
        received_at=order.updated_at,
        document=order.model_dump_json().encode(),
    )


@pytest.mark.usefixtures("house")
def test_the_decision_and_every_location_are_shown_with_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("route", "explain", "#1001", "--shop", "north") == 0
    printed = capsys.readouterr().out
    assert "#1001 of north, shipped, decided by crossdock" in printed
    assert "DC-WEST ships 2 TEE-WHI-S on" in printed
    assert "2 of 2 TEE-WHI-S" in printed
    rows = {cells[1].strip(): cells[2].strip() for row in printed.splitlines() if len(cells := row.split("│")) == 7}
    assert (rows["DC-EAST"], rows["DC-WEST"], rows["ST-NYC1"]) == ("not needed", "ships", "has nothing of it")
    assert rows["ST-BER1"] == "does not serve this address"
    assert rows["ST-AUS1"] == "not mapped to a location of shop north"
    assert "NOT-MAPPED-1 is not mapped to an item" in printed


@pytest.mark.usefixtures("house")
def test_what_would_be_if_a_location_rejected_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("route", "explain", "#1001", "--shop", "north", "--without", "DC-WEST") == 0
    printed = capsys.readouterr().out
    assert "DC-EAST ships 1 TEE-WHI-S" in printed
    assert "Nobody ships 1 TEE-WHI-S (line 1)." in printed
    assert "DC-WEST: rejected or shorted it before" in printed


@pytest.mark.usefixtures("house")
def test_a_name_that_two_shops_use_asks_for_the_shop(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("route", "explain", "#1001") == 2
    assert (
        "2 orders are called #1001, in north, south (order_ambiguous). Name one with --shop." in capsys.readouterr().err
    )


@pytest.mark.usefixtures("house")
def test_an_unknown_order_and_an_unknown_location_are_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("route", "explain", "#9999") == 1
    assert run("route", "explain", "#1001", "--without", "DC-MOON") == 2
    told = capsys.readouterr()
    assert "No order #9999 is known" in told.out
    assert re.search("know no location DC-MOON; they have DC-EAST, DC-EU", told.err)
