"""Whatever dies, what was acknowledged is kept, once. Real processes, killed the hard way under load."""

import asyncio
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from tests.postgres import PostgresServer
from tests.processes import RunningProcess, start
from tests.webhooks import SignedWebhook, order_webhook, shop_environment

SENDERS = 16
WEBHOOKS = 600
pytestmark = pytest.mark.crash


@dataclass
class Sender:
    """Shopify in small: sends each webhook until it is answered 2xx, one in ten twice, over keep-alive connections."""

    port: int
    random: random.Random
    acknowledged: set[str] = field(default_factory=set)
    one_more: asyncio.Event = field(default_factory=asyncio.Event)
    refused: Counter[int] = field(default_factory=Counter)
    waiting: list[str] = field(default_factory=lambda: [f"w-{number}" for number in range(WEBHOOKS)])

    def webhook(self, webhook_id: str) -> SignedWebhook:
        return order_webhook(int(webhook_id.removeprefix("w-")) // 3)

    async def until_acknowledged(self, count: int) -> None:
        """Returns when so many are acknowledged."""
        while len(self.acknowledged) < count:
            self.one_more.clear()
            await self.one_more.wait()

    async def send_all(self) -> None:
        """Until everything is acknowledged, whatever happens to the gateway meanwhile."""
        await asyncio.gather(*(self._line() for _ in range(SENDERS)))

    async def _line(self) -> None:
        while self.waiting:
            with suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    await self._send_over(reader, writer)
                finally:
                    writer.close()
            await asyncio.sleep(0.05)

    async def _send_over(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while self.waiting:
            webhook_id = self.waiting.pop(self.random.randrange(len(self.waiting)))
            status = 0
            try:
                writer.write(self.webhook(webhook_id).request(webhook_id))
                status = await _status(reader)
            finally:
                if status != 200:
                    self.waiting.append(webhook_id)  # no answer, or not kept: Shopify sends it again
            if status == 200:
                self.acknowledged.add(webhook_id)
                self.one_more.set()
                if self.random.random() < 0.1:
                    self.waiting.append(webhook_id)
            else:
                self.refused[status] += 1
                await asyncio.sleep(0.05)


async def _status(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
    await reader.readexactly(int(length))
    return int(head[9:12])


@dataclass
class Store:
    """A database, and what is in it by SQL of our own, not by the code under test."""

    url: str
    rows: Callable[[], list[tuple[str, bytes]]]


READ = "SELECT delivery_key, body FROM inbox JOIN payload USING (seq)"


@pytest.fixture(scope="module")
def durable() -> Iterator[PostgresServer]:
    with PostgresServer(durable=True) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "sqlite":
        file = tmp_path / "store.sqlite"

        def read_sqlite() -> list[tuple[str, bytes]]:
            with sqlite3.connect(file) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                return connection.execute(READ).fetchall()

        return Store(f"sqlite:///{file}", read_sqlite)
    server: PostgresServer = request.getfixturevalue("durable")
    return _postgres_store(server)


def _postgres_store(server: PostgresServer) -> Store:
    url = server.new_database()

    def read_postgres() -> list[tuple[str, bytes]]:
        with psycopg.connect(url) as connection:
            return connection.execute(READ).fetchall()

    return Store(url, read_postgres)


def begin(store: Store, workspace: Path, port: int = 0) -> RunningProcess:
    environment = {**shop_environment(), "CROSSDOCK_STORE_URL": store.url}
    return start("deployments.gateway", workspace=workspace, port=port, environment=environment)


def check(store: Store, sender: Sender) -> None:
    """Everything is there, once, and as it was sent."""
    found = store.rows()
    ids = Counter(key.rpartition(":")[2] for key, _ in found)
    assert sender.acknowledged - set(ids) == set(), "acknowledged and lost"
    assert [webhook_id for webhook_id, count in ids.items() if count > 1] == []
    assert len(ids) == WEBHOOKS
    assert all(bytes(body) == sender.webhook(key.rpartition(":")[2]).body for key, body in found)


async def test_killed_under_load_it_loses_nothing_it_acknowledged(store: Store, tmp_path: Path) -> None:
    chance = random.Random(7)
    gateway = begin(store, tmp_path)
    try:
        sender = Sender(gateway.port, chance)
        sending = asyncio.create_task(sender.send_all())
        for kill in (1, 2, 3):
            await asyncio.wait_for(sender.until_acknowledged(kill * WEBHOOKS // 5), 30)
            await asyncio.sleep(chance.random() * 0.02)
            gateway.kill()
            gateway = await asyncio.to_thread(begin, store, tmp_path, gateway.port)
        assert not sending.done(), "the kills fell into the load"
        await asyncio.wait_for(sending, 60)
        assert gateway.stop() == 0
    finally:
        gateway.kill()
    check(store, sender)


async def test_while_the_database_is_down_it_refuses_and_comes_back_by_itself(
    durable: PostgresServer, tmp_path: Path
) -> None:
    store = _postgres_store(durable)
    gateway = begin(store, tmp_path)
    try:
        sender = Sender(gateway.port, random.Random(7))
        sending = asyncio.create_task(sender.send_all())
        await asyncio.wait_for(sender.until_acknowledged(WEBHOOKS // 4), 30)
        await asyncio.to_thread(durable.restart_hard)
        await asyncio.wait_for(sending, 60)
        assert set(sender.refused) <= {503}
        assert gateway.stop() == 0
    finally:
        gateway.kill()
    check(store, sender)
