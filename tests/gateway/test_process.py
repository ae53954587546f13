"""The gateway as a process of its own: how it starts, what it loads, how it stops."""

import asyncio
import json
import socket
import sqlite3
from pathlib import Path

import httpx
import pytest

from tests.processes import ProcessFailedError, running, start
from tests.webhooks import order_webhook, shop_environment


def environment(folder: Path) -> dict[str, str]:
    """Settings of a gateway on a store in the folder."""
    return {**shop_environment(), "CROSSDOCK_STORE_URL": f"sqlite:///{folder}/store.sqlite"}


def kept(folder: Path) -> set[str]:
    """The webhook ids in the store."""
    with sqlite3.connect(folder / "store.sqlite") as connection:
        return {key.rpartition(":")[2] for (key,) in connection.execute("SELECT delivery_key FROM inbox")}


def test_it_never_loads_prefect_pandas_or_great_expectations(tmp_path: Path) -> None:
    told = {**environment(tmp_path), "PYTHONPROFILEIMPORTTIME": "1"}
    with running("deployments.gateway", workspace=tmp_path, environment=told) as gateway:
        webhook = order_webhook(5123)
        answer = httpx.post(f"{gateway.url}/webhooks/shopify", content=webhook.body, headers=webhook.headers("w-1"))
        assert answer.status_code == 200
        for page in ("/ready", "/metrics", "/health", "/"):
            assert httpx.get(gateway.url + page).status_code == 200
        figures = httpx.get(f"{gateway.url}/metrics").text
        assert "crossdock_store_up 1.0" in figures
        assert 'crossdock_inbox_messages{kind="orders",scope="north",state="ready"} 1.0' in figures
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0]
        for line in gateway.log.read_text().splitlines()
        if line.startswith("import time:")
    }
    assert {"starlette", "uvicorn"} <= imported, "the list of imports was read"
    assert imported & {"prefect", "pandas", "great_expectations", "fastapi", "numpy", "shopify_app"} == set()


def test_each_line_it_writes_is_json_without_secrets(tmp_path: Path) -> None:
    with running("deployments.gateway", workspace=tmp_path, environment=environment(tmp_path)) as gateway:
        webhook = order_webhook(5123)
        httpx.post(f"{gateway.url}/webhooks/shopify", content=webhook.body, headers=webhook.headers("w-1"))
        assert gateway.stop() == 0
    lines = [json.loads(line) for line in gateway.log.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["started", "delivery", "stopped"]
    text = gateway.log.read_text()
    assert webhook.signature not in text
    assert "client-secret" not in text


async def test_asked_to_stop_it_finishes_what_it_took_and_ends_well(tmp_path: Path) -> None:
    with running("deployments.gateway", workspace=tmp_path, environment=environment(tmp_path)) as gateway:
        acknowledged: set[str] = set()

        async def send_until_refused(sender: int) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
            for number in range(10_000):
                name = f"s{sender}-{number}"
                try:
                    writer.write(order_webhook(sender).request(name))
                    status = await reader.readline()
                    if b" 200 " not in status:
                        return
                    acknowledged.add(name)
                    await reader.readuntil(b"}")
                except (ConnectionError, asyncio.IncompleteReadError):
                    return

        senders = [asyncio.create_task(send_until_refused(sender)) for sender in range(16)]
        await asyncio.sleep(1)
        assert await asyncio.to_thread(gateway.stop) == 0
        await asyncio.gather(*senders)
    assert len(acknowledged) > 50
    assert acknowledged - kept(tmp_path) == set()


def test_it_says_what_is_misconfigured_and_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in shop_environment():
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ProcessFailedError, match="CROSSDOCK_SHOP_NORTH_CLIENT_SECRET"):
        start("deployments.gateway", workspace=tmp_path, environment={"CROSSDOCK_STORE_URL": f"sqlite:///{tmp_path}/s"})


def test_a_taken_port_is_said_in_words(tmp_path: Path) -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    with taken, pytest.raises(ProcessFailedError, match="cannot listen on"):
        start("deployments.gateway", workspace=tmp_path, port=taken.getsockname()[1], environment=environment(tmp_path))
