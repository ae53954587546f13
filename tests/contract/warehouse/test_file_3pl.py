"""What only files show: answers that come late, in part or twice, rows that are wrong, a crash between two polls."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from canonical.errors import HeldError, MisconfiguredError, RejectedError
from canonical.outcomes import AwaitingAck, Settled
from canonical.warehouse import WarehouseEventKind, WarehouseState
from connectors.file_drop import FileDrop
from tests.contract.warehouse.file_floor import FileFloor
from tests.contract.warehouse.floor import MUG, TEE, a_request, failed, of, quantities, settled


@pytest.fixture
def floor(tmp_path: Path) -> FileFloor:
    return FileFloor("file_3pl", tmp_path)


def files(floor: FileFloor, folder: str) -> list[Path]:
    return sorted((floor.root / folder).glob("*")) if (floor.root / folder).exists() else []


async def test_a_late_partial_and_doubled_acknowledgement_settles_the_right_requests(floor: FileFloor) -> None:
    warehouse = floor.connect(ack_hours=6)
    first, second, third = requests = [a_request(floor.place) for _ in range(3)]
    outcomes = await warehouse.submit(requests)
    for outcome in outcomes:
        assert isinstance(outcome, AwaitingAck)
        assert outcome.deadline - datetime.now(UTC) > timedelta(hours=5)
    answers = {answer["key"]: answer for answer in floor.house.take_orders()}
    floor.house.answer([answers[second.key]], times=2)
    events = await floor.told(warehouse)
    assert [event.request_key for event in events] == [second.key]
    again = await warehouse.submit(requests)
    assert [type(outcome) for outcome in again] == [AwaitingAck, Settled, AwaitingAck]
    assert [o.deadline for o in (again[0], again[2]) if isinstance(o, AwaitingAck)] == [
        o.deadline for o in (outcomes[0], outcomes[2]) if isinstance(o, AwaitingAck)
    ], "asking again does not make an overdue request young"
    floor.house.answer([answers[first.key], answers[third.key] | {"status": "rejected", "reason": "no space"}])
    await floor.told(warehouse)
    last = await warehouse.submit(requests)
    settled(last[0])
    assert "no space" in failed(last[2], HeldError).words
    assert files(floor, "orders") == []
    assert len(files(floor, "house/taken")) == 3


async def test_a_bad_row_is_named_and_set_aside_and_stops_only_its_own_document(floor: FileFloor) -> None:
    warehouse, good, bad = floor.connect(), a_request(floor.place), a_request(floor.place)
    await warehouse.submit([good, bad])
    floor.open_mail()
    await floor.told(warehouse)
    row = {"status": "shipped", "item": TEE, "quantity": "2", "line": "1", "tracking": "T1", "at": _now()}
    floor.house.send(
        "ship",
        [
            row | {"shipment": "S1", "key": good.key},
            row | {"shipment": "S2", "key": bad.key},
            row | {"shipment": "S2", "key": bad.key, "line": "2", "item": MUG, "quantity": "one"},
            row | {"shipment": "S3", "key": "north:never:1", "at": "yesterday"},
            row | {"shipment": "S4", "key": good.key, "line": "9", "quantity": "1"},
            row | {"shipment": "S5", "key": good.key, "line": "2", "item": MUG, "quantity": "1"},
        ],
    )
    events = await floor.told(warehouse)
    shipped = of(events, good, WarehouseEventKind.SHIPPED)
    assert [event.external_id for event in shipped] == ["S1", "S5"]
    assert of(events, bad, WarehouseEventKind.SHIPPED) == []
    found = {(error.document, error.field, error.words.partition(":")[0]) for error in floor.errors}
    (name,) = {error.document for error in floor.errors}
    assert found == {
        (name, "quantity", "line 4"), (name, "key", "line 5"), (name, "at", "line 5"), (name, "line", "line 6"),
    }  # fmt: skip
    (aside,) = files(floor, "crossdock/set-aside")
    rows = list(csv.DictReader(aside.open(newline="", encoding="utf-8-sig")))
    assert [entry["shipment"] for entry in rows] == ["S2", "S2", "S3", "S4"]
    _send_again(floor, [entry | {"quantity": "1"} for entry in rows[:2]])
    events = await floor.told(warehouse)
    assert quantities(of(events, bad, WarehouseEventKind.SHIPPED)[0]) == {"1": 1, "2": 1}


async def test_a_file_read_before_a_crash_is_read_again_with_the_same_ids_and_then_archived(floor: FileFloor) -> None:
    warehouse, request = floor.connect(), a_request(floor.place)
    await warehouse.submit([request])
    floor.open_mail()
    first = await warehouse.changes(None)
    assert files(floor, "incoming") == []
    again = await floor.connect().changes(None)
    assert [event.id for event in again.events] == [event.id for event in first.events] != []
    assert files(floor, "crossdock/archive") == []
    after = await floor.connect().changes(again.cursor)
    assert after.events == ()
    assert len(files(floor, "crossdock/archive")) == 1
    assert files(floor, "crossdock/claimed") == []
    assert (await warehouse.status([request.key]))[request.key].state is WarehouseState.ACCEPTED


async def test_a_shipment_told_twice_in_two_files_is_one_event(floor: FileFloor) -> None:
    warehouse, request = floor.connect(), a_request(floor.place)
    await warehouse.submit([request])
    floor.open_mail()
    floor.pick(request.key)
    floor.pack(request.key, [("T1", {TEE: 2, MUG: 1})])
    floor.house.hand_over(request.key, times=2)
    assert len(of(await floor.told(warehouse), request, WarehouseEventKind.SHIPPED)) == 1
    assert (await warehouse.status([request.key]))[request.key].shipped == {"1": 2, "2": 1}


@pytest.mark.parametrize("dies_before", ["write crossdock/sent", "move crossdock/ready"])
async def test_a_crash_while_handing_over_leaves_one_order_file(
    floor: FileFloor, monkeypatch: pytest.MonkeyPatch, dies_before: str
) -> None:
    request, (verb, folder) = a_request(floor.place), dies_before.split()
    real = getattr(FileDrop, verb)

    async def dies(self: FileDrop, where: str, *rest: Any) -> Any:
        if where == folder:
            raise KeyboardInterrupt
        return await real(self, where, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(FileDrop, verb, dies)
        with pytest.raises(KeyboardInterrupt):
            await floor.connect().submit([request])
    assert files(floor, "orders") == []
    await floor.connect().submit([request])
    floor.open_mail()
    await floor.connect().submit([request])
    floor.open_mail()
    assert len(files(floor, "house/taken")) == 1
    assert floor.asked(request.key) == {TEE: 2, MUG: 1}


async def test_a_cancellation_that_comes_too_late_is_refused_by_the_answer(floor: FileFloor) -> None:
    warehouse, request = floor.connect(), a_request(floor.place)
    await warehouse.submit([request])
    floor.open_mail()
    await floor.told(warehouse)
    assert isinstance((await warehouse.cancel([request.key], "changed mind"))[0], AwaitingAck)
    floor.pick(request.key)
    floor.pack(request.key, [("T1", {TEE: 2, MUG: 1})])
    floor.open_mail()
    assert of(await floor.told(warehouse), request, WarehouseEventKind.CANCEL_REFUSED)
    failed((await warehouse.cancel([request.key], "changed mind"))[0], HeldError)
    assert floor.tasks(request.key) == 1


async def test_stock_changes_and_serials_come_in_and_an_unreadable_file_is_set_aside_whole(floor: FileFloor) -> None:
    warehouse, request = floor.connect(), a_request(floor.place)
    await warehouse.submit([request])
    floor.house.move_stock(TEE, -3, floor.place, "scrap")
    row = {"shipment": "S7", "key": request.key, "status": "shipped", "line": "1", "item": TEE, "quantity": "2",
           "tracking": "T1", "at": _now()}  # fmt: skip
    floor.house.send("ship", [row | {"serials": "A1|A2"}])
    (floor.root / "incoming" / "ship-broken.csv").write_bytes(b"\xff\xfe\x00\x01shipment")
    (floor.root / "incoming" / "ship-half.csv.part").write_text("shipment,key")
    (floor.root / "incoming" / "letter.txt").write_text("hello")
    events = await floor.told(warehouse)
    (moved,) = [event.movement for event in events if event.movement]
    assert (moved.item, moved.quantity, moved.reason) == (TEE, -3, "scrap")
    assert of(events, request, WarehouseEventKind.SHIPPED)[0].lines[0].serials == ("A1", "A2")
    assert [error.document for error in floor.errors] == ["ship-broken.csv"]
    assert sorted(file.name for file in files(floor, "incoming")) == ["letter.txt", "ship-half.csv.part"]


async def test_two_pollers_never_read_the_same_new_file(floor: FileFloor) -> None:
    warehouse, requests = floor.connect(), [a_request(floor.place) for _ in range(5)]
    await warehouse.submit(requests)
    for answer in floor.house.take_orders():
        floor.house.answer([answer])
    drop = FileDrop(floor.connect()._drop._settings)  # type: ignore[attr-defined]
    names = await drop.names("incoming")
    won = [await drop.move("incoming", name, "crossdock/claimed") for name in (*names, *names)]
    assert won == [True] * 5 + [False] * 5


async def test_a_declared_layout_names_columns_and_files(floor: FileFloor, tmp_path: Path) -> None:
    layout = tmp_path / "layout.toml"
    layout.write_text(
        'delimiter = ";"\nencoding = "cp1252"\n'
        '[orders.columns]\nkey = "Auftrag"\nitem = "Artikel"\nname = "Empfänger"\n'
        '[acknowledgements]\npattern = "QUIT*.csv"\n[acknowledgements.columns]\nkey = "Auftrag"\nat = "Zeit"\n'
    )
    warehouse, request = floor.connect(layout=layout), a_request(floor.place)
    await warehouse.submit([request])
    (order,) = files(floor, "orders")
    assert order.read_bytes().decode("cp1252").splitlines() == [
        "Auftrag;Artikel;Empfänger", f"{request.key};{TEE};Ada Marsh", f"{request.key};{MUG};Ada Marsh",
    ]  # fmt: skip
    text = f"Auftrag;revision;status;reference;Zeit\n{request.key};0;accepted;A7;{_now()}\n"
    (floor.root / "incoming" / "QUIT1.csv").write_bytes(text.encode("cp1252"))
    await warehouse.changes(None)
    assert settled((await warehouse.submit([request]))[0]).number == "A7"
    layout.write_text("[orders.columns]\nprice = 'Preis'\n")
    with pytest.raises(MisconfiguredError, match="price"):
        floor.connect(layout=layout)


async def test_a_name_that_a_spreadsheet_would_compute_stays_a_name(floor: FileFloor) -> None:
    request = a_request(floor.place)
    evil = request.model_copy(update={"note": "=HYPERLINK(\n1)"})
    await floor.connect().submit([evil])
    (order,) = files(floor, "orders")
    rows = list(csv.DictReader(order.open(newline="", encoding="utf-8-sig")))
    assert {row["note"] for row in rows} == {"'=HYPERLINK( 1)"}


async def test_a_root_that_cannot_be_written_stops_the_lane(floor: FileFloor, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises((MisconfiguredError, RejectedError)):
        await floor.connect(url=str(tmp_path / "file")).check()


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _send_again(floor: FileFloor, rows: list[dict[str, str]]) -> None:
    scratch = floor.root / "incoming" / "ship-again.part"
    with scratch.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    os.replace(scratch, scratch.with_suffix(".csv"))
