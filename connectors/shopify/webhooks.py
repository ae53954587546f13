"""Webhooks: is it really from Shopify, and which delivery is it. Imported by the gateway, so it imports little.

The HMAC is computed here and not by `shopifyapp`, which wants the body as text; a body is bytes, and its signature is
over bytes (a test shows that both agree). Headers are not signed: shop and topic are checked against what we
subscribed to, and the shop's own secret binds the shop.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from canonical.errors import RejectedError
from canonical.ids import aggregate_key, correlation_id, delivery_key
from canonical.records import Delivery
from connectors.shopify.identify import (
    fulfillment_order_in,
    order_id_in,
    place_in,
    resource_id_in,
    return_in,
    returned_order_in,
    shipping_order_in,
)
from connectors.shopify.settings import ShopifySettings
from connectors.shopify.topics import CHANNEL, FULFILLMENT, LEVELS, ORDERS, RETURNS, kind_of

_KEPT = ("x-shopify-", "shopify-")
_WAY_OUT = "Add it to the subscriptions of this shop in the settings, or delete the subscription in Shopify."


@dataclass(frozen=True, slots=True)
class WebhookShop:
    """What the gateway knows of a shop: our name for it, its secrets (current first), the topics it may send."""

    name: str
    secrets: tuple[bytes, ...]
    topics: frozenset[str]

    @classmethod
    def of(cls, name: str, settings: ShopifySettings) -> Self:
        secrets = (settings.client_secret, settings.previous_client_secret)
        return cls(
            name=name,
            secrets=tuple(secret.get_secret_value().encode() for secret in secrets if secret is not None),
            topics=frozenset(settings.topics),
        )

    def __repr__(self) -> str:
        return f"WebhookShop(name={self.name!r})"


class ShopifyWebhooks:
    """The `WebhookSource` for all shops; `shops` is keyed by domain (north.myshopify.com)."""

    channel = CHANNEL

    def __init__(self, shops: Mapping[str, WebhookShop]) -> None:
        self._shops = {domain.lower(): shop for domain, shop in shops.items()}

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        """As `WebhookSource.verify`. A shop that is not ours has no secret, so nothing of it can be right."""
        sent = _lower(headers)
        shop = self._shops.get(_header(sent, "shop-domain").lower())
        try:
            signature = base64.b64decode(_header(sent, "hmac-sha256").encode("ascii"), validate=True)
        except (binascii.Error, UnicodeEncodeError):
            return False
        if shop is None:
            return False
        return any(hmac.compare_digest(hmac.digest(key, body, hashlib.sha256), signature) for key in shop.secrets)

    def delivery(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """As `WebhookSource.delivery`. The key is Shopify's delivery id, the same on every retry."""
        sent = _lower(headers)
        domain, topic = _header(sent, "shop-domain").lower(), _header(sent, "topic").lower()
        shop, webhook_id = self._shops.get(domain), _header(sent, "webhook-id")
        if shop is None:
            raise RejectedError("the shop is not one of ours", code="unknown_shop", field="X-Shopify-Shop-Domain")
        if topic not in shop.topics:
            raise RejectedError(
                f"shop {shop.name} is not subscribed to this topic",
                code="unknown_topic",
                field="X-Shopify-Topic",
                way_out=_WAY_OUT,
            )
        if not webhook_id:
            raise RejectedError("the delivery has no id", code="no_delivery_id", field="X-Shopify-Webhook-Id")
        kind, subject = _subject(topic, shop.name, body) or ("delivery", webhook_id)
        return Delivery(
            delivery_key=delivery_key(CHANNEL, shop.name, webhook_id),
            channel=CHANNEL,
            scope=shop.name,
            topic=topic,
            kind=kind_of(topic, shop.name),
            aggregate_key=aggregate_key(shop.name, kind, subject),
            correlation_id=correlation_id(shop.name, kind, subject),
            event_id=_header(sent, "event-id") or None,
            occurred_at=_moment(_header(sent, "triggered-at")),
            headers={name: value for name, value in sent.items() if name.startswith(_KEPT)},
            body=body,
        )


def webhook_source(shops: Mapping[str, ShopifySettings]) -> ShopifyWebhooks:
    """The source for shops, keyed by our name for them."""
    return ShopifyWebhooks({settings.domain: WebhookShop.of(name, settings) for name, settings in shops.items()})


def _subject(topic: str, shop: str, body: bytes) -> tuple[str, str] | None:
    """What is processed in order: the order, where the body names it; else the place of a stock level or the resource.

    None: it waits for nothing.
    """
    kind = kind_of(topic, shop)
    if kind == ORDERS:
        return _named("order", order_id_in(topic, body))
    if kind == FULFILLMENT:
        order = _named("order", shipping_order_in(topic, body))
        return order or _named("fulfillment-order", fulfillment_order_in(body))
    if kind == RETURNS:
        return _named("order", returned_order_in(body)) or _named("return", return_in(topic, body))
    if topic.startswith(f"{LEVELS}/"):
        return _named("place", place_in(body))
    return _named(kind, resource_id_in(body))


def _named(kind: str, native_id: str | None) -> tuple[str, str] | None:
    return (kind, native_id) if native_id else None


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _header(headers: Mapping[str, str], name: str) -> str:
    """A Shopify header, spelled with or without the leading X-; empty when absent."""
    return headers.get(f"x-shopify-{name}") or headers.get(f"shopify-{name}") or ""


def _moment(text: str) -> datetime | None:
    """2026-03-30T14:30:00.000000000Z; None when absent or unreadable: the time is a hint, the body has its own."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
