"""What the gateway takes, what it refuses, and what it says."""

import asyncio
import json
import logging

import httpx
import pytest

from canonical.errors import MisconfiguredError, RetryableError
from deployments.gateway.intake import HungUp, read_body
from tests.gateway.in_hand import Gateway, Webhook


async def test_a_signed_webhook_is_kept_and_then_answered(gateway: Gateway) -> None:
    answer = await Webhook(body=b'{"id":5123,  "note":"\xc3\xa9"}').send(gateway.client)
    assert answer.status_code == 200
    (kept,) = gateway.inbox.kept.values()
    assert kept.body == b'{"id":5123,  "note":"\xc3\xa9"}', "the original bytes, never altered"
    assert answer.json() == {"verdict": "accepted", "correlation_id": kept.correlation_id}
    assert gateway.figure(
        "crossdock_deliveries_received_total", channel="shopify", scope="north", topic="orders/create"
    ) == pytest.approx(1)


async def test_a_duplicate_is_answered_200_and_counted(gateway: Gateway) -> None:
    first, second = await Webhook().send(gateway.client), await Webhook(body=b"{}").send(gateway.client)
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json()["verdict"] == "duplicate"
    assert len(gateway.inbox.kept) == 1
    assert gateway.figure(
        "crossdock_deliveries_duplicate_total", channel="shopify", scope="north", topic="orders/create"
    ) == pytest.approx(1)


@pytest.mark.parametrize(
    ("webhook", "status", "code"),
    [
        (Webhook(word="wrong"), 401, "bad_signature"),
        (Webhook(word=""), 401, "bad_signature"),
        (Webhook(shop="east"), 401, "unknown_shop"),
        (Webhook(topic="products/update"), 404, "unknown_topic"),
        (Webhook(body=b"x" * 1001), 413, "body_too_large"),
        (Webhook(content_type="text/xml"), 415, "not_json"),
        (Webhook(content_type=""), 415, "not_json"),
        (Webhook(id="w" * 300), 422, "bad_value"),
        (Webhook(path="/webhooks/shopify/south"), 401, "shop_mismatch"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_what_is_refused_is_not_kept_and_the_answer_says_why(
    gateway: Gateway, webhook: Webhook, status: int, code: str
) -> None:
    answer = await webhook.send(gateway.client)
    assert answer.status_code == status
    said = answer.json()
    assert said["error"] == code
    assert said["words"]
    assert gateway.inbox.kept == {}
    assert gateway.figure("crossdock_deliveries_refused_total", channel="shopify", reason=code) == pytest.approx(1)


async def test_a_wrong_signature_is_found_before_anything_else_is_read(gateway: Gateway) -> None:
    answer = await Webhook(word="wrong", shop="east", topic="nonsense", body=b"not json").send(gateway.client)
    assert answer.json()["error"] == "bad_signature"


async def test_the_url_of_a_shop_takes_the_webhooks_of_that_shop(gateway: Gateway) -> None:
    answer = await Webhook(path="/webhooks/shopify/north").send(gateway.client)
    assert answer.status_code == 200


async def test_a_channel_that_is_not_there_is_a_404_with_the_way_out(gateway: Gateway) -> None:
    answer = await Webhook(path="/webhooks/etsy").send(gateway.client)
    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_system")
    assert "landscape" in answer.json()["way_out"]


async def test_only_posts_are_taken(gateway: Gateway) -> None:
    assert (await gateway.client.get("/webhooks/shopify")).status_code == 405


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (RetryableError("the queue is full", code="store_busy", retry_after=2.4), "2"),
        (RetryableError("no connection", code="store_down"), "7"),
        (MisconfiguredError("the schema is too old", code="schema_old"), "7"),
    ],
    ids=["busy", "down", "misconfigured"],
)
async def test_while_the_store_cannot_take_it_the_sender_is_asked_to_come_again(
    gateway: Gateway, error: Exception, wait: str
) -> None:
    gateway.inbox.fails_with = error  # type: ignore[assignment]
    refused = await Webhook().send(gateway.client)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, wait)
    gateway.inbox.fails_with = None
    again = await Webhook().send(gateway.client)
    assert again.json()["verdict"] == "accepted", "nothing was lost, and nothing counted as kept before"


async def test_a_commit_that_takes_too_long_is_a_503_before_the_sender_hangs_up(gateway: Gateway) -> None:
    gateway.inbox.gate.clear()
    answer = await Webhook().send(gateway.client)
    assert (answer.status_code, answer.json()["error"]) == (503, "store_slow")


async def test_nothing_is_answered_before_the_commit(gateway: Gateway) -> None:
    gateway.inbox.gate.clear()
    request = asyncio.create_task(Webhook().send(gateway.client))
    await asyncio.sleep(0.05)
    assert not request.done()
    assert gateway.figure("crossdock_commit_queue") == pytest.approx(1)
    gateway.inbox.gate.set()
    assert (await request).status_code == 200
    assert gateway.figure("crossdock_commit_queue") == pytest.approx(0)


async def test_a_fault_of_ours_is_a_500_that_shows_nothing(gateway: Gateway) -> None:
    gateway.inbox.fails_with = ValueError("Jane Doe, 5 Elm Street")  # type: ignore[assignment]
    answer = await Webhook().send(gateway.client)
    assert (answer.status_code, answer.json()["error"]) == (500, "internal")
    assert "Jane" not in answer.text


async def test_a_body_in_chunks_is_limited_as_well() -> None:
    chunks = [b"a" * 60, b"b" * 60]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    with pytest.raises(Exception, match="larger than 100 bytes"):
        await read_body({}, receive, 100)
    chunks[:] = [b"a" * 60, b"b" * 40]
    assert await read_body({}, receive, 100) == b"a" * 60 + b"b" * 40


async def test_a_sender_that_goes_away_in_the_middle_is_not_a_delivery() -> None:
    messages: list[dict[str, object]] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, object]:
        return messages.pop(0)

    with pytest.raises(HungUp):
        await read_body({}, receive, 100)


async def test_each_request_is_one_line_without_customer_data(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    from deployments.gateway.journal import JsonLines

    with caplog.at_level(logging.INFO, logger="crossdock.gateway"):
        await Webhook(body=b'{"email":"jane@example.com"}').send(gateway.client)
        await Webhook(word="guess", body=b'{"email":"jane@example.com"}').send(gateway.client)
    lines = [JsonLines().format(record) for record in caplog.records if record.name == "crossdock.gateway"]
    accepted, refused = (json.loads(line) for line in lines)
    (kept,) = gateway.inbox.kept.values()
    assert (accepted["verdict"], accepted["key"]) == ("accepted", kept.delivery_key)
    assert accepted["correlation_id"] == kept.correlation_id
    assert accepted["ms"] >= 0
    assert (refused["verdict"], refused["status"]) == ("bad_signature", 401)
    assert not any("jane" in line or "guess" in line or "sesame" in line for line in lines)


async def test_the_line_of_a_fault_names_the_place_and_not_the_message() -> None:
    from deployments.gateway.journal import JsonLines

    record = logging.LogRecord("crossdock.gateway", logging.ERROR, "", 1, "fault", (), None)
    try:
        raise ValueError("jane@example.com")
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)
    line = json.loads(JsonLines().format(record))
    assert line["error"] == "ValueError"
    assert "test_intake.py" in line["at_code"][-1]
    assert "jane" not in json.dumps(line)


async def test_many_at_once_are_each_kept_once(gateway: Gateway) -> None:
    sent = [Webhook(id=f"w-{number % 80}") for number in range(100)]
    answers: list[httpx.Response] = await asyncio.gather(*(webhook.send(gateway.client) for webhook in sent))
    verdicts = [answer.json()["verdict"] for answer in answers]
    assert (verdicts.count("accepted"), verdicts.count("duplicate")) == (80, 20)
