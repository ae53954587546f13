"""`crossdock store` as people in a store use it, against a database of its own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from canonical.landscape import Landscape, read_landscape
from canonical.warehouse import FulfillmentRequest, RequestLine
from canonical.warehouse_messages import KIND
from connectors import registry
from deployments.cli.main import main
from deployments.landscape_loader import ORDERS_LANDSCAPE_FILE

STORES = '\n[[systems]]\nname = "stores"\nkind = "store"\nrole = "wms"\n[[warehouses]]\nsystem = "stores"\n'


def landscape() -> Landscape:
    return read_landscape(ORDERS_LANDSCAPE_FILE.read_text() + STORES)


def request(number: int, **more: Any) -> FulfillmentRequest:
    return FulfillmentRequest(
        key=f"north:fulfillment-request.create:{number}:STORE-01",
        shop="north",
        company="north",
        order_id=str(number),
        order_name=f"#{number}",
        location="STORE-01",
        lines=(RequestLine(line_id="1", item="TEE", quantity=2), RequestLine(line_id="2", item="MUG", quantity=1)),
        requested_at=datetime.now(UTC),
        **more,
    )


class Counter:
    """Runs commands and returns (exit code, what was printed)."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def run(self, *words: str) -> tuple[int, str]:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["store", *words])
        printed = self._capsys.readouterr()
        return int(ended.value.code or 0), printed.out + printed.err


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Counter:
    monkeypatch.setenv("CROSSDOCK_STORE_URL", f"sqlite:///{tmp_path / 'store.sqlite'}")
    monkeypatch.setattr("deployments.cli.store.load_landscape", landscape)
    return Counter(capsys)


async def _submit(*requests: FulfillmentRequest) -> None:
    store = await registry.state_store()
    (stores,) = registry.warehouses(landscape(), "north", store).values()
    await stores.submit(requests)
    await store.aclose()


async def _told() -> list[tuple[str, str]]:
    store = await registry.state_store()
    messages = await store.claim(KIND, "test", 100, lease=timedelta(minutes=1))
    await store.aclose()
    return [(message.aggregate_key, message.topic) for message in messages]


def test_a_pickup_goes_from_the_board_to_the_shopper_with_what_is_there(counter: Counter) -> None:
    asyncio.run(_submit(request(7, pickup=True), request(8)))
    listed = counter.run("list")[1]
    assert "#7" in listed
    assert "pickup" in listed
    assert counter.run("short", "#7", "--missing", "1=1")[0] == 0
    assert counter.run("pick", "#7") == (0, "#7: pick is told.\n")
    assert counter.run("ready", "#7")[0] == 0
    assert counter.run("collected", "#7")[0] == 0
    assert "#7" not in counter.run("list")[1]
    assert "short" in counter.run("list", "--every")[1]
    topics = [topic for aggregate, topic in asyncio.run(_told()) if aggregate == "north:order:7"]
    assert topics == [f"warehouse.{k}" for k in ("accepted", "short", "picked", "ready_for_pickup", "shipped")]


def test_an_act_out_of_turn_or_on_the_wrong_line_is_refused_in_words(counter: Counter) -> None:
    asyncio.run(_submit(request(7, pickup=True), request(8)))
    code, told = counter.run("collected", "#7")
    assert (code, "cannot be made collected" in told) == (2, True)
    code, told = counter.run("send", "#7", "--carrier", "UPS", "--tracking", "1Z9")
    assert (code, "a pickup" in told) == (2, True)
    code, told = counter.run("short", "#8", "--missing", "1=5")
    assert (code, "5 cannot be missing of line 1" in told) == (2, True)
    assert counter.run("short", "#8", "--missing", "one")[0] == 2
    code, told = counter.run("pick", "#9")
    assert (code, "crossdock store list" in told) == (2, True)


def test_a_parcel_is_sent_a_pickup_expires_and_a_request_is_rejected(counter: Counter) -> None:
    asyncio.run(_submit(request(7, pickup=True), request(8), request(9)))
    for words in (("pick", "#7"), ("ready", "#7"), ("expired", "#7"), ("reject", "#9", "--because", "closed")):
        assert counter.run(*words)[0] == 0, words
    for words in (("pick", "#8"), ("pack", "#8"), ("send", "#8", "--carrier", "UPS", "--tracking", "1Z9")):
        assert counter.run(*words)[0] == 0, words
    listed = counter.run("list", "--every")[1]
    assert all(state in listed for state in ("expired", "shipped", "rejected"))
