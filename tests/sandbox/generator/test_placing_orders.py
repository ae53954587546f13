"""Orders placed over HTTP land in the state, fire their webhooks, and are noted where no client looks."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
import uvicorn

from deployments.sandbox.catalogue import load_catalogue
from deployments.sandbox.shopify.app import create_app
from deployments.sandbox.shopify.generator.command import InvalidRateError, parse_rate, place_orders
from deployments.sandbox.shopify.generator.references import seeded
from deployments.sandbox.shopify.stand_in import Settings, StandIn
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.webhooks.command import SandboxRefusedError, set_faults, wait_idle

NORTH, SOUTH = "north.myshopify.com", "south.myshopify.com"


@dataclass(slots=True)
class Running:
    """A stand-in that serves on a port of its own."""

    stand_in: StandIn
    url: str

    @property
    def state(self) -> State:
        return self.stand_in.state


@pytest.fixture
async def stand_in() -> AsyncIterator[Running]:
    stand_in = StandIn(Settings(webhook_time_scale=1e-6))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(stand_in), log_level="warning"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield Running(stand_in, f"http://127.0.0.1:{listening.getsockname()[1]}")
    server.should_exit = True
    await serving


async def ask(stand_in: Running, method: str, path: str, **more: object) -> httpx.Response:
    async with httpx.AsyncClient(base_url=stand_in.url, trust_env=False) as client:
        return await client.request(method, path, **more)  # type: ignore[arg-type]


async def test_orders_are_placed_and_what_should_become_of_them_is_noted(stand_in: Running) -> None:
    summary = await place_orders(stand_in.url, count=45, profile="mixed", seed=3)
    orders = stand_in.state.all(NORTH, "Order")
    assert (summary.placed, len(orders), len(summary.names)) == (45, 45, 45)
    noted = (await ask(stand_in, "GET", "/_sandbox/orders/expectations")).json()
    assert noted["total"] == 45
    assert noted["expected"] == dict(summary.expected)
    assert noted["reasons"] == dict(summary.reasons)
    assert sum(noted["reasons"].values()) == noted["expected"]["hold"] + noted["expected"]["skip"]
    totals = {order["id"]: order["totalPriceSet"]["shopMoney"]["amount"] for order in orders}
    assert {entry["order_id"]: entry["total"] for entry in noted["orders"]} == totals


async def test_notes_can_be_narrowed_by_shop_and_kind(stand_in: Running) -> None:
    await place_orders(stand_in.url, count=5, shop="north")
    await place_orders(stand_in.url, count=3, shop=SOUTH)
    narrowed = (await ask(stand_in, "GET", "/_sandbox/orders/expectations?shop=south&kind=book")).json()
    assert narrowed["total"] == 3
    assert {entry["shop"] for entry in narrowed["orders"]} == {SOUTH}
    assert (await ask(stand_in, "GET", "/_sandbox/orders/expectations?shop=east")).status_code == 404


async def test_the_same_seed_places_the_same_orders_in_any_number_of_requests(stand_in: Running) -> None:
    once = await place_orders(stand_in.url, count=12, seed=8)
    first = await place_orders(stand_in.url, count=5, seed=8)
    rest = await place_orders(stand_in.url, count=7, seed=8, start=5)
    totals = [order["totalPriceSet"] for order in stand_in.state.all(NORTH, "Order")]
    assert once.placed == first.placed + rest.placed
    assert totals[:12] == totals[12:]


async def test_a_rate_is_kept(stand_in: Running) -> None:
    began = time.monotonic()
    heard: list[int] = []
    summary = await place_orders(stand_in.url, count=30, rate=50, on_progress=heard.append)
    assert 0.5 <= time.monotonic() - began < 3
    assert heard[-1] == 30
    assert summary.rate <= 60


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"count": 0}, "count: a whole number from 1"),
        ({"profile": "cheerful"}, "bookable, mixed, hostile"),
        ({"shop": "east"}, "no shop 'east'"),
        ({"rate": -1}, "rate: orders a second"),
        ({"seed": "x"}, "seed: a whole number"),
    ],
)
async def test_a_wish_that_cannot_be_met_is_refused_by_field(
    stand_in: Running, wish: dict[str, object], words: str
) -> None:
    answer = await ask(stand_in, "POST", "/_sandbox/orders/generate", json=wish)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


async def test_every_order_fires_its_webhook_and_faults_are_set_over_http(stand_in: Running) -> None:
    uri = f"{stand_in.url}/nobody"  # answers 404: the deliveries stay listed as failed
    stand_in.state.add(NORTH, "WebhookSubscription", {"topic": "ORDERS_CREATE", "uri": uri})
    assert (await set_faults(stand_in.url, lose=1.0, seed=2))["lose"] == 1.0
    await place_orders(stand_in.url, count=4)
    assert await wait_idle(stand_in.url, seconds=5)
    listed = (await ask(stand_in, "GET", "/_sandbox/webhooks/deliveries?fate=lost")).json()
    assert listed["total"] == 4
    resent = await ask(
        stand_in, "POST", f"/_sandbox/webhooks/deliveries/{listed['deliveries'][0]['webhook_id']}/resend"
    )
    assert resent.status_code == 202
    assert await wait_idle(stand_in.url, seconds=10)
    assert (await ask(stand_in, "GET", "/_sandbox/webhooks")).json()["fates"] == {
        "waiting": 0,
        "delivered": 0,
        "failed": 1,
        "lost": 3,
        "cancelled": 0,
    }
    with pytest.raises(SandboxRefusedError, match="lose is a probability"):
        await set_faults(stand_in.url, lose=2.0)


async def test_any_topic_can_be_fired_about_what_is_there(stand_in: Running) -> None:
    (name,) = (await place_orders(stand_in.url, count=1)).names
    for topic in ("ORDERS_CANCELLED", "APP_UNINSTALLED"):
        stand_in.state.add(NORTH, "WebhookSubscription", {"topic": topic, "uri": f"{stand_in.url}/nobody"})
    for wish in ({"topic": "orders/cancelled", "name": name}, {"topic": "app/uninstalled"}):
        assert (await ask(stand_in, "POST", "/_sandbox/webhooks/fire", json=wish)).status_code == 202
    assert await wait_idle(stand_in.url, seconds=10)
    listed = (await ask(stand_in, "GET", "/_sandbox/webhooks/deliveries")).json()["deliveries"]
    assert {entry["topic"] for entry in listed} == {"orders/cancelled", "app/uninstalled"}
    unknown = {"topic": "orders/admired", "name": name}
    assert "no body for topic" in (await ask(stand_in, "POST", "/_sandbox/webhooks/fire", json=unknown)).json()["error"]


async def test_pausing_and_waiting_work_over_http(stand_in: Running) -> None:
    assert (await ask(stand_in, "POST", "/_sandbox/webhooks/pause")).json()["paused"]
    stand_in.state.add(NORTH, "WebhookSubscription", {"topic": "ORDERS_CREATE", "uri": f"{stand_in.url}/nobody"})
    await place_orders(stand_in.url, count=1)
    assert not await wait_idle(stand_in.url, seconds=0.1)
    assert not (await ask(stand_in, "POST", "/_sandbox/webhooks/resume")).json()["paused"]
    assert await wait_idle(stand_in.url, seconds=10)


def test_an_unseeded_shop_is_refused_by_what_it_lacks() -> None:
    state = State()
    state.add_shop(NORTH, {})
    with pytest.raises(LookupError, match="lacks variants of the catalogue: "):
        seeded(state, NORTH, load_catalogue())


@pytest.mark.parametrize(
    ("text", "rate"), [("20/s", 20.0), ("600/min", 10.0), ("1800/h", 0.5), ("7", 7.0), (None, None)]
)
def test_a_rate_is_read_as_people_write_it(text: str | None, rate: float | None) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["fast", "0/s", "20/day", ""])
def test_what_is_no_rate_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InvalidRateError, match="write 20/s"):
        parse_rate(text)
