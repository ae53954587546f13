"""The Tryton warehouse, as its own process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from canonical.ports.warehouse import Warehouse
from canonical.warehouse import WarehouseEvent
from connectors.tryton_wms.settings import TrytonWmsSettings
from connectors.tryton_wms.warehouse import open_warehouse
from deployments.sandbox.wms.desk import WmsDesk
from deployments.sandbox.wms.seed import API_KEY
from tests.contract.warehouse.floor import Boxes
from tests.counterparts import CACHE
from tests.processes import RunningProcess, run, running

WMS = "deployments.sandbox.wms"


class TrytonFloor:
    """Implements `Floor`."""

    name, place = "tryton_wms", "DC-EAST"

    def __init__(self, process: RunningProcess, desk: WmsDesk) -> None:
        self.process, self.desk = process, desk

    def connect(self, **changes: Any) -> Warehouse:
        transport = changes.pop("transport", None)
        address = {"url": f"{self.process.url}/wms", "api_key": API_KEY}
        return open_warehouse("wms", TrytonWmsSettings(**(address | changes)), transport)

    def open_mail(self) -> None:
        """It is asked directly."""

    def tasks(self, key: str) -> int:
        return len(self.desk.shipments(key))

    def asked(self, key: str) -> dict[str, int]:
        return self.desk.asked(key)

    def pick(self, key: str) -> None:
        self.desk.pick(key)

    def come_short(self, key: str, sku: str, missing: int) -> None:
        self.desk.come_short(key, sku, missing)

    def mark_lot(self, key: str, sku: str, lot: str) -> None:
        self.desk.mark_lot(key, sku, lot)

    def pack(self, key: str, boxes: Boxes) -> None:
        self.desk.pack(key, boxes)

    def hand_over(self, key: str) -> None:
        self.desk.hand_over(key)

    def reject(self, key: str) -> None:
        self.desk.reject(key)

    def take_back(self, key: str | None, number: str, found: Mapping[str, Mapping[str, int]]) -> None:
        goods = {sku: sum(parts.values()) for sku, parts in found.items()}
        self.desk.inspect_return(self.desk.receive_return(key, number, self.place, goods), found)

    async def told(self, warehouse: Warehouse) -> list[WarehouseEvent]:
        return list((await warehouse.changes(None)).events)


@contextmanager
def tryton_floor(workspace: Path) -> Iterator[TrytonFloor]:
    """A fresh warehouse for the length of the block."""
    file = workspace / "wms.sqlite"
    run(WMS, "build", "--out", str(file), "--cache", str(CACHE))
    with running(WMS, "serve", "--database", str(file), workspace=workspace) as process, WmsDesk(process.url) as desk:
        yield TrytonFloor(process, desk)
