"""The hot path: one signed request in, one committed delivery, one answer.

Plain ASGI, because every layer on this path is paid by each webhook. The order of steps is fixed: content type, size,
signature over the raw bytes, subscription, commit, 200, wake-up.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

from pydantic import ValidationError
from starlette.types import Message, Receive, Scope, Send

from canonical.errors import CrossdockError, RejectedError, RetryableError
from canonical.ports import Inbox, WebhookSource
from canonical.records import Delivery
from deployments.gateway.answers import Answer, kept, refusal
from deployments.gateway.journal import Journal
from deployments.gateway.metrics import Metrics


class Wakes(Protocol):
    """Who is told that messages of a kind have arrived. Never blocks, never raises."""

    def notify(self, kind: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read and how long is waited, bytes and seconds."""

    body: int
    commit: float
    retry_after: int


@dataclass(frozen=True, slots=True)
class Desk:
    """What every intake of the process shares."""

    inbox: Inbox
    wakes: Wakes
    metrics: Metrics
    journal: Journal


class HungUp(Exception):  # noqa: N818 - a fact about the sender, not an error of ours
    """The sender closed the connection before the body was complete: there is nobody to answer."""


class Intake:
    """Takes the requests of one source. `bound` names the path parameter that must equal the delivery's scope."""

    def __init__(self, source: WebhookSource, desk: Desk, limits: Limits, *, bound: str | None = None) -> None:
        self._source, self._desk, self._limits, self._bound = source, desk, limits, bound

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        delivery: Delivery | None = None
        try:
            delivery = await self._admit(scope, receive)
            answer, verdict = await self._keep(delivery)
        except HungUp:
            self._desk.metrics.refused(self._source.channel, "hung_up")
            return
        except CrossdockError as error:
            answer, verdict = refusal(error, self._limits.retry_after), error.code
            self._desk.metrics.refused(self._source.channel, error.code)
        await answer.send(send)
        self._desk.journal.delivery(self._source.channel, delivery, verdict, answer.status, perf_counter() - started)

    async def _admit(self, scope: Scope, receive: Receive) -> Delivery:
        """The delivery in the request. Raises `RejectedError` when it is not one we take."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        require_json(headers)
        body = await read_body(headers, receive, self._limits.body)
        if not self._source.verify(headers, body):
            raise RejectedError(
                "the signature does not match the body",
                code="bad_signature",
                way_out="Sign the raw bytes with the secret configured here; check for a secret that was rotated.",
            )
        delivery = read_delivery(self._source, headers, body)
        if self._bound is not None and scope["path_params"][self._bound] != delivery.scope:
            raise RejectedError(
                "the request names another shop than its URL",
                code="shop_mismatch",
                field="X-Shopify-Shop-Domain",
                way_out="Point each shop's subscriptions at the URL of that shop.",
            )
        return delivery

    async def _keep(self, delivery: Delivery) -> tuple[Answer, str]:
        """Commit, count, wake. Raises `RetryableError` when the store cannot take it in time."""
        metrics, scope, topic = self._desk.metrics, delivery.scope, delivery.topic
        metrics.received(self._source.channel, scope, topic)
        started = perf_counter()
        try:
            with metrics.waiting():
                async with asyncio.timeout(self._limits.commit):
                    (new,) = await self._desk.inbox.put((delivery,))
        except TimeoutError as error:
            # It may still be committed; the sender's next copy then counts as a duplicate.
            raise RetryableError(
                "the store did not commit in time", code="store_slow", way_out="Send it again.", maybe_applied=True
            ) from error
        metrics.committed(perf_counter() - started)
        verdict = "accepted" if new else "duplicate"
        if new:
            self._desk.wakes.notify(delivery.kind)
        else:
            metrics.duplicate(self._source.channel, scope, topic)
        return kept(verdict, delivery.correlation_id), verdict


def read_delivery(source: WebhookSource, headers: Mapping[str, str], body: bytes) -> Delivery:
    """The delivery in a verified request. Raises `RejectedError`, also for a value that no delivery may hold."""
    try:
        return source.delivery(headers, body)
    except ValidationError as error:
        names = ", ".join(str(problem["loc"][0]) for problem in error.errors(include_input=False) if problem["loc"])
        raise RejectedError(
            "a header or field is empty, too long or no moment in time",
            code="bad_value",
            field=names or None,
            way_out="Correct the sender.",
        ) from error


def require_json(headers: Mapping[str, str]) -> None:
    """Raises `RejectedError` when the content type is not JSON."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise RejectedError(
            f"the content type is {media_type[:60] or 'missing'}",
            code="not_json",
            field="Content-Type",
            way_out="Send application/json.",
        )


async def read_body(headers: Mapping[str, str], receive: Receive, limit: int) -> bytes:
    """The raw bytes, at most `limit` of them. Raises `RejectedError` beyond, `HungUp` when the sender goes away."""
    declared = headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        return body
    return await _read_chunks(message, receive, limit)


async def _read_chunks(message: Message, receive: Receive, limit: int) -> bytes:
    chunks, size = [], 0
    while message["type"] == "http.request":
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)
        message = await receive()
    raise HungUp


def _too_large(limit: int) -> RejectedError:
    return RejectedError(
        f"the body is larger than {limit:,} bytes",
        code="body_too_large",
        way_out="Leave out fields that are not needed, or raise the limit of the gateway.",
    )
