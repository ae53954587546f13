"""The sender against a real receiver on loopback: signatures, retries, deletion, faults, shut-down."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox.shopify.journal import Journal
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.webhooks.deliveries import Delivery, Fate
from deployments.sandbox.shopify.webhooks.faults import Faults
from deployments.sandbox.shopify.webhooks.sender import RETRIES, UnknownDeliveryError, WebhookSender

SHOP, SECRET = "north.myshopify.com", "hush"
QUICK = 1e-6  # retries of four hours in 14 milliseconds


@dataclass(slots=True)
class Received:
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Received], Awaitable[int]]


@dataclass(slots=True)
class Receiver:
    """A small HTTP server: keeps what comes in, answers what it is told."""

    got: list[Received] = field(default_factory=list)
    answer: Answer | None = None
    port: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks"

    @property
    def webhook_ids(self) -> list[str]:
        return [one.headers["x-shopify-webhook-id"] for one in self.got]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        while head := await self._head(reader):
            lines = head.decode().split("\r\n")[1:]
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines if line)}
            received = Received(headers, await reader.readexactly(int(headers["content-length"])))
            self.got.append(received)
            self.arrived.set()
            status = await self.answer(received) if self.answer else 200
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nLocation: {self.url}\r\n\r\n".encode())
        writer.close()

    @staticmethod
    async def _head(reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""


def answering(*statuses: int) -> Answer:
    """Answer the statuses in turn, the last one for ever."""
    left = list(statuses)

    async def answer(_received: Received) -> int:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    yield receiver
    server.close()
    for writer in receiver.writers:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.fixture
def state() -> State:
    return open_state()


def open_state(journal: Journal | None = None) -> State:
    state = State(journal)
    state.add_shop(SHOP, {"name": "Quayside", "currencyCode": "USD", "ianaTimezone": "America/New_York"})
    return state


@pytest.fixture
async def sender(state: State) -> AsyncIterator[WebhookSender]:
    sender = WebhookSender(state, lambda _subscription: SECRET, time_scale=QUICK, total_seconds=0.5)
    await sender.start()
    yield sender
    await sender.stop()


def subscribe(state: State, receiver: Receiver, topic: str = "CUSTOMERS_CREATE", **more: Any) -> str:
    record = {"topic": topic, "uri": receiver.url, "apiVersion": {"handle": "2026-10"}, **more}
    return str(state.add(SHOP, "WebhookSubscription", record)["id"])


def add_customer(state: State, first_name: str = "Ada") -> str:
    return str(state.add(SHOP, "Customer", {"firstName": first_name, "tags": []})["id"])


def newest(sender: WebhookSender) -> Delivery:
    return next(iter(sender.deliveries()))


async def test_a_webhook_carries_its_headers_and_a_signature_over_the_raw_body(
    state: State, sender: WebhookSender, receiver: Receiver
) -> None:
    subscribe(state, receiver, name="crm")
    customer = add_customer(state, "Zoë")
    assert await sender.wait_idle(5)
    (got,) = receiver.got
    digest = hmac.new(SECRET.encode(), got.body, hashlib.sha256).digest()
    assert got.headers["x-shopify-hmac-sha256"] == base64.b64encode(digest).decode()
    assert got.headers["x-shopify-topic"] == "customers/create"
    assert got.headers["x-shopify-shop-domain"] == SHOP
    assert got.headers["x-shopify-api-version"] == "2026-10"
    assert got.headers["x-shopify-name"] == "crm"
    assert got.headers["x-shopify-webhook-id"] == newest(sender).webhook_id
    assert got.headers["x-shopify-event-id"]
    assert len(got.headers["x-shopify-triggered-at"]) == len("2026-03-30T14:30:00.000000000Z")
    assert json.loads(got.body)["admin_graphql_api_id"] == customer


async def test_two_subscriptions_get_the_same_event_under_two_webhook_ids(
    state: State, sender: WebhookSender, receiver: Receiver
) -> None:
    subscribe(state, receiver)
    subscribe(state, receiver)
    add_customer(state)
    assert await sender.wait_idle(5)
    assert len(set(receiver.webhook_ids)) == 2
    assert len({one.headers["x-shopify-event-id"] for one in receiver.got}) == 1


async def test_a_failed_webhook_is_sent_again_unchanged_until_it_is_accepted(
    state: State, sender: WebhookSender, receiver: Receiver
) -> None:
    receiver.answer = answering(500, 302, 404, 200)
    subscribe(state, receiver)
    customer = add_customer(state, "before")
    state.update(SHOP, customer, {"firstName": "after"})
    assert await sender.wait_idle(5)
    assert [one.status for one in newest(sender).attempts] == [500, 302, 404, 200]
    assert len({(one.body, one.headers["x-shopify-webhook-id"]) for one in receiver.got}) == 1
    assert b"before" in receiver.got[-1].body


async def test_after_the_last_retry_the_subscription_is_deleted(
    state: State, sender: WebhookSender, receiver: Receiver
) -> None:
    receiver.answer = answering(503)
    subscription = subscribe(state, receiver)
    add_customer(state)
    assert await sender.wait_idle(10)
    assert len(receiver.got) == 1 + RETRIES
    assert newest(sender).fate is Fate.FAILED
    assert state.get(SHOP, subscription) is None


async def test_a_subscription_that_accepted_something_meanwhile_stays(
    state: State, sender: WebhookSender, receiver: Receiver
) -> None:
    async def answer(received: Received) -> int:
        return 500 if b"bad" in received.body else 200

    receiver.answer = answer
    subscription = subscribe(state, receiver)
    add_customer(state, "bad")
    await receiver.arrived.wait()
    add_customer(state, "good")
    assert await sender.wait_idle(10)
    assert Counter(one.fate for one in sender.deliveries()) == {Fate.FAILED: 1, Fate.DELIVERED: 1}
    assert state.get(SHOP, subscription) is not None


async def test_a_receiver_that_does_not_answer_in_time_has_failed(
    state: State, sender: WebhookSender, receiver: Receiver
) -> None:
    waited: list[float] = []

    async def slow_once(_received: Received) -> int:
        if not waited:
            waited.append(1.0)
            await asyncio.sleep(1.0)
        return 200

    receiver.answer = slow_once
    subscribe(state, receiver)
    add_customer(state)
    assert await sender.wait_idle(5)
    first, second = newest(sender).attempts
    assert first.status is None
    assert 0.4 < first.seconds < 0.9
    assert second.status == 200


async def test_nobody_listening_is_a_failure_that_is_retried(
    state: State, sender: WebhookSender, receiver: Receiver
) -> None:
    sender.time_scale = 1.0
    closed = Receiver(port=1)
    subscribe(state, closed)
    add_customer(state)
    assert not await sender.wait_idle(0.3)
    assert "ConnectError" in newest(sender).attempts[0].error
    assert newest(sender).fate is Fate.WAITING


async def test_faults_double_lose_and_delay_as_often_as_they_are_told(
    state: State, sender: WebhookSender, receiver: Receiver
) -> None:
    subscribe(state, receiver)
    sender.set_faults(Faults(duplicate=0.5, lose=0.2, seed=4))
    for place in range(100):
        add_customer(state, f"c{place}")
    assert await sender.wait_idle(10)
    lost = [one for one in sender.deliveries() if one.fate is Fate.LOST]
    counts = Counter(Counter(receiver.webhook_ids).values())
    assert 10 <= len(lost) <= 30
    assert 25 <= counts[2] <= 55
    assert counts[1] + counts[2] + len(lost) == 100


async def test_reordered_webhooks_arrive_out_of_order_and_complete(
    state: State, sender: WebhookSender, receiver: Receiver
) -> None:
    subscribe(state, receiver)
    sender.set_faults(Faults(reorder=0.5, seed=1))
    names = [f"c{place:02d}" for place in range(30)]
    for name in names:
        add_customer(state, name)
    assert await sender.wait_idle(10)
    arrived = [json.loads(one.body)["first_name"] for one in receiver.got]
    assert sorted(arrived) == names
    assert arrived != names


async def test_the_same_seed_tampers_the_same_way(state: State, sender: WebhookSender, receiver: Receiver) -> None:
    subscribe(state, receiver)
    fates = []
    for _ in range(2):
        sender.set_faults(Faults(duplicate=0.3, lose=0.3, seed=9))
        for _customer in range(20):
            add_customer(state)
        assert await sender.wait_idle(10)
        fates.append([one.copies for one in list(sender.deliveries())[:20]])
    assert fates[0] == fates[1]


async def test_a_filter_and_a_field_list_are_obeyed(state: State, sender: WebhookSender, receiver: Receiver) -> None:
    subscribe(state, receiver, filter="first_name:Ada AND -note:vip", includeFields=["id", "first_name"])
    add_customer(state, "Ada")
    add_customer(state, "Bob")
    subscribe(state, receiver, filter="no_such_field:1")
    assert await sender.wait_idle(5)
    (got,) = receiver.got
    assert json.loads(got.body).keys() == {"id", "first_name"}


async def test_reduced_payloads_that_repeat_themselves_are_left_out(
    state: State, sender: WebhookSender, receiver: Receiver
) -> None:
    subscribe(state, receiver, topic="CUSTOMERS_UPDATE", includeFields=["id", "first_name"])
    customer = add_customer(state)
    for note in ("a", "b"):
        state.update(SHOP, customer, {"note": note})
    state.update(SHOP, customer, {"firstName": "Eve"})
    assert await sender.wait_idle(5)
    assert [json.loads(one.body)["first_name"] for one in receiver.got] == ["Ada", "Eve"]


async def test_paused_means_nothing_leaves(state: State, sender: WebhookSender, receiver: Receiver) -> None:
    subscribe(state, receiver)
    sender.pause()
    add_customer(state)
    assert not await sender.wait_idle(0.1)
    assert receiver.got == []
    sender.resume()
    assert await sender.wait_idle(5)
    assert len(receiver.got) == 1


async def test_a_delivery_is_sent_again_under_its_id(state: State, sender: WebhookSender, receiver: Receiver) -> None:
    subscribe(state, receiver)
    add_customer(state)
    assert await sender.wait_idle(5)
    sender.resend(newest(sender).webhook_id)
    assert await sender.wait_idle(5)
    assert len(receiver.got) == 2
    assert len(set(receiver.webhook_ids)) == 1
    with pytest.raises(UnknownDeliveryError, match="no delivery nonsense"):
        sender.resend("nonsense")


async def test_what_waits_at_shut_down_is_sent_by_the_next_run(receiver: Receiver, tmp_path: Path) -> None:
    state = open_state(Journal(tmp_path / "shop.sqlite"))
    sender = WebhookSender(state, lambda _subscription: SECRET)
    await sender.start()
    subscribe(state, receiver)
    sender.pause()
    for name in ("Ada", "Bob"):
        add_customer(state, name)
    assert await sender.stop() == 2
    state.close()
    again = State(Journal(tmp_path / "shop.sqlite"))
    restarted = WebhookSender(again, lambda _subscription: SECRET)
    await restarted.start()
    assert await restarted.wait_idle(5)
    assert sorted(json.loads(one.body)["first_name"] for one in receiver.got) == ["Ada", "Bob"]
    assert await restarted.stop() == 0
    again.close()


async def test_a_record_without_a_body_is_counted_and_harms_nobody(
    state: State, sender: WebhookSender, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    subscribe(state, receiver, topic="PRODUCTS_CREATE")
    state.add(SHOP, "Product", {"variants": [{"id": "gid://shopify/ProductVariant/1"}]})
    assert sender.unwritable == 1
    assert "no webhook body for Product products/create" in caplog.text
