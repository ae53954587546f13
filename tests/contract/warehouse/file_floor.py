"""The 3PL by file: its people work in the folders, the connector sees them as a folder or over SFTP."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from canonical.ports.warehouse import Warehouse
from canonical.warehouse import WarehouseEvent
from connectors.file_3pl.settings import File3plSettings
from connectors.file_3pl.warehouse import File3pl
from deployments.sandbox.three_pl.house import ThreePl
from tests.contract.warehouse.floor import Boxes
from tests.contract.warehouse.sftp import serve


class FileFloor:
    """Implements `Floor`."""

    place = "HARBOUR"

    def __init__(self, name: str, root: Path, **address: Any) -> None:
        self.name, self.root = name, root
        self.house = ThreePl(root)
        self._address = {"url": str(root), **address}
        self._events: dict[str, WarehouseEvent] = {}
        self._cursor: str | None = None
        self.errors: list[Any] = []

    def connect(self, **changes: Any) -> Warehouse:
        return File3pl("harbour", File3plSettings(**(self._address | changes)))

    def open_mail(self) -> None:
        self.house.answer(self.house.take_orders())

    def tasks(self, key: str) -> int:
        task = self.house.tasks.get(key)
        return int(task is not None and task.state not in ("cancelled", "rejected"))

    def asked(self, key: str) -> dict[str, int]:
        totals: dict[str, int] = {}
        for item, quantity in self.house.tasks[key].lines.values():
            totals[item] = totals.get(item, 0) + quantity
        return totals

    def pick(self, key: str) -> None:
        self.house.pick(key)

    def come_short(self, key: str, sku: str, missing: int) -> None:
        self.house.come_short(key, sku, missing)

    def mark_lot(self, key: str, sku: str, lot: str) -> None:
        self.house.mark_lot(key, sku, lot)

    def pack(self, key: str, boxes: Boxes) -> None:
        self.house.pack(key, boxes)

    def hand_over(self, key: str) -> None:
        self.house.hand_over(key)

    def reject(self, key: str) -> None:
        self.house.reject(key)

    def take_back(self, key: str | None, number: str, found: Mapping[str, Mapping[str, int]]) -> None:
        self.house.take_back(key, number, found)

    async def told(self, warehouse: Warehouse) -> list[WarehouseEvent]:
        report = await warehouse.changes(self._cursor)
        self._cursor = report.cursor
        self.errors += report.errors
        self._events |= {event.id: event for event in report.events if event.id not in self._events}
        return list(self._events.values())


@contextmanager
def folder_floor(workspace: Path) -> Iterator[FileFloor]:
    """A folder on this machine."""
    yield FileFloor("file_3pl", workspace)


@contextmanager
def sftp_floor(workspace: Path) -> Iterator[FileFloor]:
    """The same folder over SFTP."""
    with serve(workspace) as server:
        login = {"username": "crossdock", "password": "harbour", "port": server.port, "look_for_keys": False,
                 "allow_agent": False}  # fmt: skip
        options = {name: value for name, value in login.items() if isinstance(value, str)}
        url = f"sftp://127.0.0.1:{server.port}/"
        yield FileFloor("file_3pl over SFTP", workspace, url=url, options=json.dumps(options))
