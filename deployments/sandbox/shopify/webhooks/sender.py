"""The webhook sender: delivers what changed, retries what failed, gives up the way Shopify does.

* 5 s for a delivery, 1 s of it to connect; anything but 2xx is a failure.
* 8 retries over 4 hours at doubling distances, the payload unchanged. `time_scale` shortens the distances only.
* A subscription is deleted when a webhook has failed for the last time and nothing else was accepted meanwhile.
* `stop()` keeps what still waits in the state and says how much; the next `start()` takes it up again.
"""

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from uuid import uuid4

import httpx

from deployments.sandbox.shopify.records import Record, gid_type
from deployments.sandbox.shopify.state import Change, State
from deployments.sandbox.shopify.webhooks import kept
from deployments.sandbox.shopify.webhooks.bodies import WRITERS
from deployments.sandbox.shopify.webhooks.composer import Composer, SecretOf
from deployments.sandbox.shopify.webhooks.deliveries import Attempt, Delivery, Fate
from deployments.sandbox.shopify.webhooks.faults import Faults, Tamperer
from deployments.sandbox.shopify.webhooks.lines import Lines
from deployments.sandbox.shopify.webhooks.schedule import Errand, Schedule

RETRIES = 8
RETRY_SECONDS = 4 * 60 * 60
CONNECT_SECONDS, TOTAL_SECONDS = 1.0, 5.0
REMEMBERED = 5_000
log = logging.getLogger(__name__)


def retry_distance(retry: int, time_scale: float = 1.0) -> float:
    """Seconds before retry 1 to 8: they double, and sum up to four hours.

    >>> round(retry_distance(1)), round(sum(retry_distance(n) for n in range(1, 9)))
    (56, 14400)
    """
    return float(RETRY_SECONDS * 2 ** (retry - 1) / (2**RETRIES - 1) * time_scale)


class UnknownDeliveryError(LookupError):
    """No delivery of this id is remembered (any more)."""


class UnknownTopicError(ValueError):
    """The stand-in writes no body for this topic; the message names those it writes."""


class WebhookSender:
    """Sends the webhooks of one stand-in. One event loop owns it; `start()` and `stop()` frame its life."""

    def __init__(
        self, state: State, secret_of: SecretOf, *, time_scale: float = 1.0, total_seconds: float = TOTAL_SECONDS
    ) -> None:
        self._state = state
        self._composer = Composer(state, secret_of)
        self._tamperer = Tamperer(Faults())
        self._schedule = Schedule()
        self._deliveries: OrderedDict[str, Delivery] = OrderedDict()
        self._accepted_at: dict[str, float] = {}
        self._failing_since: dict[str, float] = {}
        self._lines = Lines(httpx.Timeout(total_seconds, connect=min(CONNECT_SECONDS, total_seconds)))
        self._attempts: dict[asyncio.Task[None], Errand] = {}
        self._dispatcher: asyncio.Task[None] | None = None
        self._total_seconds = total_seconds
        self.time_scale = time_scale
        self.unwritable = 0
        state.on_change(self.changed)

    # life

    async def start(self) -> None:
        """Begin to send, what the last run left waiting first."""
        for delivery in kept.take(self._state):
            self._remember(delivery)
            self._schedule.push(delivery, 0)
        self._dispatcher = asyncio.create_task(self._dispatch(), name="webhook dispatcher")

    async def stop(self) -> int:
        """End sending; how many webhooks still wait. They are kept in the state."""
        if self._dispatcher is None:
            return 0
        under_way = [errand for errand in self._attempts.values() if not errand.extra]
        for task in (self._dispatcher, *self._attempts):
            task.cancel()
        await asyncio.gather(self._dispatcher, *self._attempts, return_exceptions=True)
        await self._lines.close()
        self._dispatcher = None
        planned = [errand for errand in self._schedule.empty() if not errand.extra]
        waiting = {errand.delivery.webhook_id: errand.delivery for errand in (*under_way, *planned)}
        kept.keep(self._state, waiting.values())
        if waiting:
            log.warning("webhooks not delivered, kept for the next start: %d", len(waiting))
        return len(waiting)

    # what to send

    def changed(self, change: Change) -> None:
        """Queue the webhooks of a change. Never raises: a body that cannot be written is counted and logged."""
        try:
            deliveries = list(self._composer.deliveries(change))
        except (LookupError, TypeError, ValueError, AttributeError):
            self.unwritable += 1
            log.exception("no webhook body for %s %s", change.record_type, "/".join(change.topics))
            return
        for delivery in deliveries:
            self._remember(delivery)
            delays = self._tamperer.delays()
            delivery.copies = len(delays)
            delivery.fate = Fate.WAITING if delays else Fate.LOST
            for copy, delay in enumerate(delays):
                self._schedule.push(delivery, delay, extra=copy > 0)

    def fire(self, shop: str, topic: str, record: Record) -> None:
        """Send a topic about a record as it is, though nothing changed. Raises UnknownTopicError."""
        if topic not in WRITERS:
            raise UnknownTopicError(f"no body for topic {topic!r}; there are {', '.join(sorted(WRITERS))}")
        kind = gid_type(record["id"]) or ""
        self.changed(Change(shop, (topic,), kind, record, record, str(uuid4()), self._now()))

    def set_faults(self, faults: Faults) -> None:
        """Switch faults for webhooks queued from now on; the seed starts anew."""
        self._tamperer = Tamperer(faults)

    @property
    def faults(self) -> Faults:
        """The switches as they are."""
        return self._tamperer.faults

    def resend(self, webhook_id: str) -> Delivery:
        """Send a remembered webhook once more, under its id. Raises UnknownDeliveryError."""
        delivery = self._deliveries.get(webhook_id)
        if delivery is None:
            raise UnknownDeliveryError(f"no delivery {webhook_id}; the last {REMEMBERED} are remembered")
        delivery.fate, delivery.failures = Fate.WAITING, 0
        self._schedule.push(delivery, 0)
        return delivery

    # watching

    def deliveries(self) -> Iterator[Delivery]:
        """Remembered deliveries, newest first."""
        return reversed(self._deliveries.values())

    def pause(self) -> None:
        """Hold everything back."""
        self._schedule.pause()

    def resume(self) -> None:
        """Go on sending."""
        self._schedule.resume()

    @property
    def paused(self) -> bool:
        """Whether everything is held back."""
        return self._schedule.paused

    @property
    def waiting(self) -> int:
        """POSTs planned or under way, retries and second copies included."""
        return self._schedule.open

    async def wait_idle(self, seconds: float) -> bool:
        """Wait until nothing is planned or under way; False when the time is up before."""
        try:
            async with asyncio.timeout(seconds):
                await self._schedule.idle()
        except TimeoutError:
            return False
        return True

    # sending

    async def _dispatch(self) -> None:
        while True:
            client = await self._lines.take()
            try:
                errand = await self._schedule.next()
            except asyncio.CancelledError:
                self._lines.give_back(client)
                raise
            task = asyncio.create_task(self._carry_out(errand, client))
            self._attempts[task] = errand
            task.add_done_callback(partial(self._finished, client))

    def _finished(self, client: httpx.AsyncClient, task: asyncio.Task[None]) -> None:
        del self._attempts[task]
        self._lines.give_back(client)
        self._schedule.done()
        if not task.cancelled() and (error := task.exception()):
            log.error("webhook attempt broke", exc_info=error)

    async def _carry_out(self, errand: Errand, client: httpx.AsyncClient) -> None:
        delivery = errand.delivery
        if self._state.get(delivery.shop, delivery.subscription_id) is None:
            delivery.fate = Fate.CANCELLED if delivery.fate is Fate.WAITING else delivery.fate
            return
        attempt = await self._post(delivery, client)
        delivery.attempts.append(attempt)
        if attempt.accepted:
            delivery.fate = Fate.DELIVERED
            self._accepted_at[delivery.subscription_id] = time.monotonic()
            self._failing_since.pop(delivery.webhook_id, None)
        elif not errand.extra and delivery.fate is not Fate.DELIVERED:
            self._failed(delivery)

    async def _post(self, delivery: Delivery, client: httpx.AsyncClient) -> Attempt:
        began, at = time.monotonic(), self._now()
        try:
            async with asyncio.timeout(self._total_seconds):
                answer = await client.post(delivery.uri, content=delivery.body, headers=delivery.headers)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return Attempt(at, time.monotonic() - began, error=f"{type(error).__name__}: {error}".rstrip(": "))
        return Attempt(at, time.monotonic() - began, status=answer.status_code)

    def _failed(self, delivery: Delivery) -> None:
        delivery.failures += 1
        since = self._failing_since.setdefault(delivery.webhook_id, time.monotonic())
        if delivery.failures <= RETRIES:
            self._schedule.push(delivery, retry_distance(delivery.failures, self.time_scale))
            return
        delivery.fate = Fate.FAILED
        self._failing_since.pop(delivery.webhook_id, None)
        if self._accepted_at.get(delivery.subscription_id, 0.0) < since:
            self._delete_subscription(delivery)

    def _delete_subscription(self, delivery: Delivery) -> None:
        log.warning(
            "subscription %s to %s deleted after %d failures", delivery.subscription_id, delivery.topic, RETRIES
        )
        with contextlib.suppress(KeyError):  # deleted by its owner in the meantime
            self._state.remove(delivery.shop, delivery.subscription_id, topics=())

    def _remember(self, delivery: Delivery) -> None:
        self._deliveries[delivery.webhook_id] = delivery
        while len(self._deliveries) > REMEMBERED:
            oldest = next(iter(self._deliveries.values()))
            if oldest.fate is Fate.WAITING:
                break
            self._deliveries.popitem(last=False)

    def _now(self) -> datetime:
        return self._state.clock()
