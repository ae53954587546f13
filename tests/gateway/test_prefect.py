"""The gateway and a real Prefect server: who is down when, and how many events arrive."""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from deployments.engine import engine_environment, prefect
from deployments.stack.plan import free_port
from tests.processes import ROOT, running, tail
from tests.webhooks import order_webhook, shop_environment

WITHIN = 60.0


@contextmanager
def prefect_server(port: int, home: Path) -> Iterator[str]:
    """Prefect's API on the port; its address."""
    api = f"http://127.0.0.1:{port}/api"
    environment = {**os.environ, **engine_environment(home, api)}
    log = home / "server.log"
    with log.open("wb") as output:
        command = prefect("server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui")
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + WITHIN
        while not _answers(api):
            assert server.poll() is None, tail(log)
            assert time.monotonic() < deadline, tail(log)
            time.sleep(0.2)
        yield api
    finally:
        server.terminate()
        server.wait(20)


def _answers(api: str) -> bool:
    try:
        return httpx.get(f"{api}/health").status_code == 200
    except httpx.HTTPError:
        return False


def events(api: str) -> list[dict[str, object]]:
    """The wake-up events that Prefect has recorded."""
    wanted = {"filter": {"event": {"name": ["crossdock.inbox.orders"]}}}
    found: list[dict[str, object]] = httpx.post(f"{api}/events/filter", json=wanted).json()["events"]
    return found


@pytest.mark.counterpart
async def test_intake_goes_on_without_prefect_and_wakes_it_when_it_is_back(tmp_path: Path) -> None:
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    told = {
        **shop_environment(),
        "CROSSDOCK_STORE_URL": f"sqlite:///{tmp_path}/store.sqlite",
        "CROSSDOCK_GATEWAY_WAKE_INTERVAL": "0.2",
        "CROSSDOCK_GATEWAY_WAKE_PATIENCE": "1",
        "PREFECT_API_URL": api,
    }
    with running("deployments.gateway", workspace=tmp_path, environment=told) as gateway:
        async with httpx.AsyncClient(base_url=gateway.url) as client:
            for number in range(100):
                webhook = order_webhook(number)
                answer = await client.post(
                    "/webhooks/shopify/north", content=webhook.body, headers=webhook.headers(f"w-{number}")
                )
                assert answer.status_code == 200
            figures = (await client.get("/metrics")).text
            assert 'crossdock_wake_events_total{kind="orders",outcome="failed"}' in figures
            home = tmp_path / "prefect"
            home.mkdir()
            with prefect_server(port, home):
                deadline = time.monotonic() + WITHIN
                while not (found := events(api)):
                    assert time.monotonic() < deadline, tail(gateway.log)
                    await asyncio.sleep(0.2)
                assert [event["payload"] for event in found] == [{"kind": "orders", "pending": 100}], (
                    "a hundred, one event"
                )
    assert gateway.log.read_text().count('"event":"wake_failed"') == 1
    assert gateway.log.read_text().count('"event":"wake_works_again"') == 1
