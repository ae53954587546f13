"""From a change to the deliveries it causes: one for each subscription to each of its topics."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any
from uuid import uuid4

import orjson

from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.state import Change, State
from deployments.sandbox.shopify.webhooks.bodies import WRITERS, Writer, topic_of
from deployments.sandbox.shopify.webhooks.deliveries import USER_AGENT, Delivery, nanoseconds, sign
from deployments.sandbox.shopify.webhooks.filters import keep_fields, matches
from deployments.sandbox.shopify.webhooks.rest import Source

DEFAULT_VERSION = "2026-10"
COMPARED = 5_000  # reduced bodies remembered to tell repetitions
SecretOf = Callable[[Record], str]  # subscription -> the secret its app signs with
_topic = lru_cache(maxsize=512)(topic_of)


class Composer:
    """Writes and signs the webhooks of changes."""

    def __init__(self, state: State, secret_of: SecretOf) -> None:
        self._state = state
        self._secret_of = secret_of
        self._sources: dict[str, Source] = {}
        self._last_reduced: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def deliveries(self, change: Change) -> Iterator[Delivery]:
        """Signed deliveries in the order of the change's topics. Topics with the same body share it, as bytes too."""
        subscriptions = self._state.all(change.shop, "WebhookSubscription")
        written: dict[Writer, tuple[dict[str, Any], bytes]] = {}
        for topic in change.topics:
            interested = [one for one in subscriptions if _topic(one["topic"]) == topic]
            writer = WRITERS.get(topic)
            if not interested or writer is None:
                continue
            if writer not in written:
                body = writer(change.record, self._source(change.shop))
                written[writer] = (body, orjson.dumps(body))
            for subscription in interested:
                yield from self._for_subscription(change, topic, subscription, *written[writer])

    def _source(self, shop: str) -> Source:
        if shop not in self._sources:
            self._sources[shop] = Source(self._state, shop)
        return self._sources[shop]

    def _for_subscription(
        self, change: Change, topic: str, subscription: Record, body: dict[str, Any], whole: bytes
    ) -> Iterator[Delivery]:
        if not matches(subscription.get("filter"), body):
            return
        wanted = subscription.get("includeFields")
        raw = orjson.dumps(keep_fields(body, wanted)) if wanted else whole
        if not (wanted and self._repeats(subscription, change.record["id"], raw)):
            yield self._delivery(change, topic, subscription, raw)

    def _repeats(self, subscription: Record, record_id: str, raw: bytes) -> bool:
        """Whether a reduced body says the same as the last one: such repetitions are debounced."""
        key = (subscription["id"], record_id)
        repeated = self._last_reduced.get(key) == raw
        self._last_reduced[key] = raw
        self._last_reduced.move_to_end(key)
        if len(self._last_reduced) > COMPARED:
            self._last_reduced.popitem(last=False)
        return repeated

    def _delivery(self, change: Change, topic: str, subscription: Record, raw: bytes) -> Delivery:
        webhook_id = str(uuid4())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": sign(raw, self._secret_of(subscription)),
            "X-Shopify-Shop-Domain": change.shop,
            "X-Shopify-API-Version": _version(subscription),
            "X-Shopify-Webhook-Id": webhook_id,
            "X-Shopify-Event-Id": change.event_id,
            "X-Shopify-Triggered-At": nanoseconds(change.triggered_at),
        }
        if subscription.get("name"):
            headers["X-Shopify-Name"] = subscription["name"]
        return Delivery(
            webhook_id=webhook_id,
            event_id=change.event_id,
            shop=change.shop,
            topic=topic,
            subscription_id=subscription["id"],
            uri=subscription["uri"],
            record_id=change.record["id"],
            body=raw,
            headers=headers,
            created_at=change.triggered_at,
        )


def _version(subscription: Record) -> str:
    version = subscription.get("apiVersion") or DEFAULT_VERSION
    return str(version["handle"]) if isinstance(version, dict) else str(version)
