"""Events of ERPs and warehouses, signed by the Standard Webhooks scheme (https://www.standardwebhooks.com).

The body is JSON:

    {"type": "shipments.created", "timestamp": "2026-11-02T10:00:00Z", "scope": "north",
     "subject": {"kind": "order", "id": "5123"}, "data": {...}}

`type` before its first dot is the kind of message and thus which flow reads it; `scope` is a shop or company of the
landscape; `subject` is the document the event is about: events about one subject are handled one at a time, in order.
A warehouse names a request of ours by its key, `{"kind": "request", "id": "north:fulfillment-request.create:5123:DC"}`:
the event is then about the order in that key. What such an event says is in `connectors.warehouse_events`.
Stock has a flow for each company, so `stock.changed` of company north is of the kind `stock.north`; what such an event
says is in `connectors.stock_events`.
"""

import base64
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from pydantic import SecretStr
from standardwebhooks import Webhook, WebhookVerificationError

from canonical.errors import MisconfiguredError, RejectedError
from canonical.ids import aggregate_key, correlation_id, delivery_key
from canonical.landscape import Landscape
from canonical.records import Delivery
from canonical.warehouse_messages import order_of_request
from deployments.gateway.settings import EventSender

SHORTEST_KEY: Final = 24
"""Bytes; the scheme asks for 24 to 64."""
STOCK: Final = "stock"
REQUEST: Final = "request"
LONGEST: Final = 200  # characters of the key of a request
KEPT_HEADERS: Final = ("webhook-id", "webhook-timestamp", "content-type", "user-agent")


class EventSource:
    """The `WebhookSource` of one sender. A message signed more than five minutes ago, or ahead, is refused."""

    def __init__(self, system: str, sender: EventSender, scopes: Collection[str], companies: Collection[str]) -> None:
        """`scopes` are the shops and companies an event may be about; stock belongs to `companies`.

        Raises `MisconfiguredError` when a secret is not base64, or short.
        """
        self.channel = system
        self._topics, self._scopes, self._companies = frozenset(sender.topics), frozenset(scopes), frozenset(companies)
        secrets = (sender.secret, sender.previous_secret)
        self._webhooks = [Webhook(_key(system, secret)) for secret in secrets if secret is not None]

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        return any(_signed(webhook, headers, body) for webhook in self._webhooks)

    def delivery(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Raises `RejectedError` when the type or scope is not configured, or a field is missing."""
        event = _event(body)
        topic, scope, subject = _text(event, "type"), _text(event, "scope"), event.get("subject")
        self._check(topic, scope)
        if not isinstance(subject, dict):
            raise _bad("subject", "an object with kind and id")
        where, about = self._about(scope, _text(subject, "kind", "subject."), _text(subject, "id", "subject.", LONGEST))
        message_id = headers["webhook-id"]
        return Delivery(
            delivery_key=delivery_key(self.channel, scope, message_id),
            channel=self.channel,
            scope=where,
            topic=topic,
            kind=_kind(topic, scope),
            aggregate_key=aggregate_key(where, *about),
            correlation_id=correlation_id(where, *about),
            event_id=message_id,
            occurred_at=_moment(event),
            headers={name: headers[name] for name in KEPT_HEADERS if name in headers},
            body=body,
        )

    def _about(self, scope: str, kind: str, native_id: str) -> tuple[str, tuple[str, str]]:
        """The document an event is about. A request of ours stands for its order, whose shop is in its key.

        Raises `RejectedError` when the key is none of ours.
        """
        if kind != REQUEST:
            return scope, (kind, native_id)
        order = order_of_request(native_id)
        if order is None or order[0] not in self._scopes:
            raise _bad("subject.id", "the key of a request of ours")
        return order[0], ("order", order[1])

    def _check(self, topic: str, scope: str) -> None:
        """Whether the sender may say this of that. Raises `RejectedError`."""
        if topic not in self._topics:
            raise RejectedError(
                f"{self.channel} may not send events of this type",
                code="unknown_topic",
                field="type",
                way_out="Add the type to the sender's topics in the settings of the gateway.",
            )
        if scope not in self._scopes:
            raise RejectedError(
                "the scope is no shop or company of the landscape",
                code="unknown_shop",
                field="scope",
                way_out="Name a shop or a company as the landscape spells it.",
            )
        if topic.partition(".")[0] == STOCK and scope not in self._companies:
            raise RejectedError(
                "the scope is no company of the landscape, and stock belongs to a company",
                code="unknown_company",
                field="scope",
                way_out="Name a company as the landscape spells it.",
            )


def _kind(topic: str, scope: str) -> str:
    """Which flow reads it; stock has one for each company."""
    kind = topic.partition(".")[0]
    return f"{STOCK}.{scope}" if kind == STOCK else kind


def _key(system: str, secret: SecretStr) -> bytes:
    """The bytes of a secret. The library drops what is not base64 and signs with the rest, so it is checked here."""
    try:
        key = base64.b64decode(secret.get_secret_value().removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if len(key) < SHORTEST_KEY:
        raise MisconfiguredError(
            f"a webhook secret of {system} is not base64 of {SHORTEST_KEY} bytes or more",
            code="bad_secret",
            way_out="Make one with: openssl rand -base64 32",
        )
    return key


def _signed(webhook: Webhook, headers: Mapping[str, str], body: bytes) -> bool:
    try:
        webhook.verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):  # ValueError: a signature or body that is not text of its alphabet
        return False
    return True


def _event(body: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _bad("body", "JSON") from error
    if not isinstance(event, dict):
        raise _bad("body", "a JSON object")
    return event


def _text(event: Mapping[str, Any], field: str, place: str = "", longest: int = 100) -> str:
    value = event.get(field)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise _bad(place + field, f"text of 1 to {longest} characters")
    return value


def _moment(event: Mapping[str, Any]) -> datetime:
    text = _text(event, "timestamp")
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _bad("timestamp", "an ISO 8601 time") from error
    raise _bad("timestamp", "a time with its zone")


def _bad(field: str, wanted: str) -> RejectedError:
    return RejectedError(f"the field is not {wanted}", code="bad_event", field=field, way_out="Correct the sender.")


def event_sources(senders: Mapping[str, EventSender], landscape: Landscape) -> dict[str, EventSource]:
    """The source of each sender. Raises `MisconfiguredError` when a sender is no system of the landscape."""
    companies = {company.name for company in landscape.companies}
    scopes = {shop.name for shop in landscape.shops} | companies
    return {
        landscape.system(name).name: EventSource(name, sender, scopes, companies) for name, sender in senders.items()
    }
