"""`crossdock sandbox live` says what it needs, and at the end what became of the orders."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from deployments.cli.main import main
from deployments.sandbox.live.people import NothingThereError, People
from deployments.sandbox.live.shopper import Order


class Shopper:
    """Every order of his is one tee."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []

    async def place(self, domain: str, *, profile: str, seed: int, index: int) -> Order:
        return Order(domain, str(index), f"#{index}", "hold" if profile == "mixed" else "book")

    async def look(self, order: Order) -> dict[str, Any]:
        row = {"id": "1", "sku": "TEE", "currentQuantity": 1}
        return {"lineItems": {"nodes": [row]}, "fulfillmentOrders": {"nodes": [{}]}}

    async def cancel(self, order: Order) -> None:
        self.cancelled.append(order.name)

    async def edit(self, order: Order, quantities: Mapping[str, int]) -> None:
        """It is taken."""

    async def ship_by_hand(self, order: Order, carrier: str, tracking: str) -> str:
        return "1"

    async def aclose(self) -> None:
        """Nothing is open."""


def test_without_a_running_house_it_names_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    monkeypatch.setenv("CROSSDOCK_STORE_URL", f"sqlite:///{tmp_path}/store.sqlite")
    monkeypatch.delenv("CROSSDOCK_SHOP_NORTH_BASE_URL", raising=False)
    with pytest.raises(SystemExit) as ended:
        main(["sandbox", "live", "--minutes", "0.01"])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "CROSSDOCK_SHOP_NORTH_BASE_URL" in told
    assert "crossdock up" in told


def test_it_tells_every_stage_and_sums_up(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shopper: Any = Shopper()

    @asynccontextmanager
    async def opened(environment: Mapping[str, str], *, seed: int) -> AsyncIterator[People]:
        async with People(shopper, {}, seed) as people:
            yield people

    monkeypatch.setattr("deployments.stack.people.opened_people", opened)
    monkeypatch.setattr("deployments.sandbox.live.people.POLL", 0.001)
    with pytest.raises(SystemExit) as ended:
        main(["sandbox", "live", "--rate", "200/s", "--minutes", "0.005", "--patience", "0.01", "--pace", "0"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "#0       placed" in told
    assert "cancelled at once" in told
    assert "no warehouse was asked in time" in told
    assert shopper.cancelled


async def test_a_job_that_nobody_has_is_waited_for_only_so_long() -> None:
    shopper: Any = SimpleNamespace()
    with pytest.raises(NothingThereError, match="#7"):
        await People(shopper, {}).await_jobs(Order("north.myshopify.com", "7", "#7"), within=0.0)
