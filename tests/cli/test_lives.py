"""`crossdock lives`: a list of orders on their way, one order in full, and what other systems owe us."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from canonical.fulfillment import Parcel, ParcelLine
from canonical.ids import aggregate_key, correlation_id
from canonical.life import OrderLife, Shipped, Stopped, Task
from canonical.records import Batch, LifeRecord, OrderRecord
from canonical.states import OrderState
from canonical.warehouse import WarehouseState
from connectors import registry
from deployments.cli.main import main

LONG_AGO = datetime.now(UTC) - timedelta(hours=3)


def a_life() -> OrderLife:
    task = Task(
        key="north:fulfillment-request.create:5001:DC-EAST",
        system="wms",
        location="DC-EAST",
        lines={"1": 2},
        shipped={"1": 1},
        state=WarehouseState.PARTLY_SHIPPED,
        number="T0001",
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
    )
    packed = (ParcelLine(line_id="1", quantity=1),)
    box = Parcel(id="P1", carrier="UPS", tracking_number="1Z999AA10123456784", lines=packed)
    left = Shipped(id="wms/1", location="DC-EAST", task=task.key, shipped_at=LONG_AGO, parcels=(box,))
    return OrderLife(
        shop="north",
        order_id="5001",
        order_name="#1001",
        company="north",
        tasks=(task,),
        shipments=(left,),
        stopped={"north:fulfillment.create:5001:P1": Stopped(code="on_hold", words="somebody holds it", at=LONG_AGO)},
        waiting=("on_hold",),
        started_at=LONG_AGO,
        updated_at=LONG_AGO,
    )


async def keep(life: OrderLife) -> None:
    about = {
        "scope": "north",
        "order_id": life.order_id,
        "name": life.order_name,
        "aggregate_key": aggregate_key("north", "order", life.order_id),
        "correlation_id": correlation_id("north", "order", life.order_id),
        "updated_at": LONG_AGO,
    }
    order = OrderRecord(**about, state=OrderState.POSTED, received_at=LONG_AGO, document=b"{}")
    document = life.model_dump_json().encode()
    kept = LifeRecord(**about, version=1, stage="partly shipped", started_at=LONG_AGO, document=document)
    store = await registry.state_store()
    try:
        await store.commit(Batch(orders=(order,), lives=(kept,)))
    finally:
        await store.aclose()


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSDOCK_STORE_URL", f"sqlite:///{tmp_path / 'store.sqlite'}")
    monkeypatch.setenv("COLUMNS", "220")
    asyncio.run(keep(a_life()))


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["lives", *words])
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out + printed.err


@pytest.mark.usefixtures("kept")
def test_the_list_says_where_an_order_is_and_what_it_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = run(capsys, "list", "--stuck", "60")
    assert code == 0
    for word in ("#1001", "partly", "3 h", "on_hold"):
        assert word in printed
    assert "#1001" not in run(capsys, "list", "--stuck", "600")[1]
    assert "#1001" not in run(capsys, "list", "--stage", "routed")[1]


@pytest.mark.usefixtures("kept")
def test_one_order_is_shown_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = run(capsys, "show", "#1001")
    assert code == 0
    for word in ("T0001", "DC-EAST", "2 of 1", "not told", "somebody"):
        assert word in printed


@pytest.mark.usefixtures("kept")
def test_an_order_without_a_life_is_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = run(capsys, "show", "#9999")
    assert code == 2
    assert "found 0 orders on their way" in printed


@pytest.mark.usefixtures("kept")
def test_a_request_that_nobody_moves_on_is_named_by_age(capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = run(capsys, "overdue", "--minutes", "60")
    assert code == 0
    assert "#1001" in printed
    assert "wms" in printed
    assert "#1001" not in run(capsys, "overdue", "--minutes", "600")[1]
