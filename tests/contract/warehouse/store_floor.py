"""Stores: their till sends signed events to a gateway that runs as a process; the connector shares its database."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import select
from standardwebhooks import Webhook

from canonical.ports.counter import StoreBoard
from canonical.ports.warehouse import Warehouse
from canonical.warehouse import FulfillmentRequest, WarehouseEvent, WarehouseEventKind
from connectors.statestore import inbox
from connectors.statestore.board import SqlStoreBoard
from connectors.statestore.settings import StoreSettings
from connectors.statestore.store import SqlStateStore, open_store
from connectors.statestore.tables import INBOX
from connectors.store.warehouse import StoreWarehouse
from deployments.landscape_loader import ORDERS_LANDSCAPE_FILE
from tests.contract.warehouse.floor import Boxes
from tests.processes import RunningProcess, running
from tests.webhooks import shop_environment

SECRET = "whsec_" + "Q3Jvc3Nkb2NrIHNhbmRib3ggc3RvcmUgc2VjcmV0ISE="
SYSTEM = """
[[systems]]
name = "stores"
kind = "store"
role = "wms"

[[warehouses]]
system = "stores"
locations = ["STORE-01"]
"""


class SharedStores(StoreWarehouse):
    """The connector on a database of its own connection, opened at the first call."""

    def __init__(self, url: str) -> None:
        super().__init__("stores", LateBoard(url))

    async def aclose(self) -> None:
        assert isinstance(self._board, LateBoard)
        await self._board.aclose()

    async def everything(self) -> list[WarehouseEvent]:
        """What the stores told, as the inbox keeps it."""
        assert isinstance(self._board, LateBoard)
        database = (await self._board.store()).database
        query = select(INBOX.c.seq).where(INBOX.c.channel == "stores").order_by(INBOX.c.seq)
        messages = await database.read(lambda c: inbox.messages(c, [row.seq for row in c.execute(query)]))
        assert {message.kind for message in messages} <= {"warehouse"}
        return [self.event_of(message) for message in messages]


class LateBoard:
    """A board whose database is opened when it is asked."""

    def __init__(self, url: str) -> None:
        self._url, self._store = url, None

    async def store(self) -> SqlStateStore:
        if self._store is None:
            self._store = await open_store(StoreSettings(url=SecretStr(self._url)))
        return self._store

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any) -> Any:
            store = await self.store()
            return await getattr(SqlStoreBoard(store.database, store), name)(*arguments)

        if name not in dir(StoreBoard):
            raise AttributeError(name)
        return call

    async def aclose(self) -> None:
        if self._store is not None:
            await self._store.aclose()


class StoreFloor:
    """Implements `Floor`: a till that knows what it has read from the board."""

    name, place = "store", "STORE-01"

    def __init__(self, process: RunningProcess, url: str) -> None:
        self.process, self._url = process, url
        self._numbers = itertools.count(1)
        self._picked: dict[str, dict[str, int]] = {}
        self._lots: dict[tuple[str, str], str] = {}
        self._boxes: dict[str, Boxes] = {}

    def connect(self, **changes: Any) -> Warehouse:
        return SharedStores(self._url)

    def open_mail(self) -> None:
        """The board is there for everybody."""

    def tasks(self, key: str) -> int:
        return int(self._entry(key) is not None)

    def asked(self, key: str) -> dict[str, int]:
        request, totals = self._request(key), dict[str, int]()
        for line in request.lines:
            totals[line.item] = totals.get(line.item, 0) + line.quantity
        return totals

    def pick(self, key: str) -> None:
        self._picked[key] = {line.line_id: line.quantity for line in self._request(key).lines}
        self._tell("picked", key, lines=self._lines(key))

    def come_short(self, key: str, sku: str, missing: int) -> None:
        line = next(line for line in self._request(key).lines if line.item == sku)
        self._picked[key][line.line_id] -= missing
        self._tell("short", key, lines=[{"line_id": line.line_id, "item": sku, "quantity": missing}])

    def mark_lot(self, key: str, sku: str, lot: str) -> None:
        self._lots[key, sku] = lot

    def pack(self, key: str, boxes: Boxes) -> None:
        self._boxes[key] = boxes
        self._tell("packed", key, lines=self._lines(key))

    def hand_over(self, key: str) -> None:
        by_item = {line.item: line.line_id for line in self._request(key).lines}
        parcels = [
            {
                "id": tracking,
                "carrier": "UPS",
                "tracking_number": tracking,
                "lines": [{"line_id": by_item[sku], "quantity": held} for sku, held in content.items()],
            }
            for tracking, content in self._boxes[key]
        ]
        self._tell("shipped", key, lines=self._lines(key), parcels=parcels)

    def reject(self, key: str) -> None:
        self._tell("rejected", key, reason="closed today")

    def take_back(self, key: str | None, number: str, found: Mapping[str, Mapping[str, int]]) -> None:
        by_item = {line.item: line.line_id for line in self._request(key).lines} if key else {}
        named = {"return_id": number}
        received = [
            {"line_id": by_item.get(sku), "item": sku, "quantity": sum(parts.values())} for sku, parts in found.items()
        ]
        inspected = [
            {"line_id": by_item.get(sku), "item": sku, "quantity": held, "disposition": disposition}
            for sku, parts in found.items()
            for disposition, held in parts.items()
        ]
        self._tell("return_received", key, lines=received, **named)
        self._tell("return_inspected", key, lines=inspected, **named)

    async def told(self, warehouse: Warehouse) -> list[WarehouseEvent]:
        assert isinstance(warehouse, SharedStores)
        assert (await warehouse.changes("c")).cursor == "c"
        return await warehouse.everything()

    def send(self, kind: str, subject: Mapping[str, str], data: Mapping[str, Any], number: str) -> httpx.Response:
        """A signed event of the till."""
        at = datetime.now(UTC)
        event = {"type": f"warehouse.{kind}", "timestamp": at.isoformat(), "scope": "north", "subject": subject,
                 "data": data}  # fmt: skip
        body = json.dumps(event)
        headers = {
            "content-type": "application/json",
            "webhook-id": number,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(SECRET).sign(number, at, body),
        }
        return httpx.post(f"{self.process.url}/events/stores", content=body.encode(), headers=headers)

    def _tell(self, kind: str, key: str | None, **data: Any) -> None:
        subject = {"kind": "request", "id": key} if key else {"kind": "return", "id": data["return_id"]}
        answer = self.send(kind, subject, {"location": self.place, **data}, f"till-{next(self._numbers)}")
        assert answer.status_code == 200, answer.text

    def _lines(self, key: str) -> list[dict[str, Any]]:
        items = {line.line_id: line.item for line in self._request(key).lines}
        return [
            {"line_id": line, "item": items[line], "quantity": held, "lot": self._lots.get((key, items[line]))}
            for line, held in self._picked[key].items()
        ]

    def _request(self, key: str) -> FulfillmentRequest:
        entry = self._entry(key)
        assert entry is not None, key
        return entry

    def _entry(self, key: str) -> FulfillmentRequest | None:
        """The request as the till reads it from the board, unless it was cancelled."""

        async def look() -> FulfillmentRequest | None:
            store = await open_store(StoreSettings(url=SecretStr(self._url)))
            found = await SqlStoreBoard(store.database, store).on_board("stores", [key])
            await store.aclose()
            entry = found.get(key)
            return entry.request if entry is not None and entry.cancelled is None else None

        return _in_a_thread(look)


def _in_a_thread(work: Any) -> Any:
    """Run a coroutine beside the loop of the test."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


@contextmanager
def store_floor(workspace: Path) -> Iterator[StoreFloor]:
    """A gateway on a database of its own, with the stores as a sender."""
    landscape, url = workspace / "landscape.toml", f"sqlite:///{workspace / 'store.sqlite'}"
    landscape.write_text(ORDERS_LANDSCAPE_FILE.read_text() + SYSTEM)
    environment = {
        **shop_environment(),
        "CROSSDOCK_STORE_URL": url,
        "CROSSDOCK_GATEWAY_SENDERS": json.dumps(
            {"stores": {"secret": SECRET, "topics": [f"warehouse.{kind}" for kind in WarehouseEventKind]}}
        ),
    }
    arguments = ("--landscape", str(landscape))
    with running("deployments.gateway", *arguments, workspace=workspace, environment=environment) as process:
        yield StoreFloor(process, url)
