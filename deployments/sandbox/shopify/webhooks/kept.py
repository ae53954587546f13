"""Webhooks still waiting when the stand-in stops: kept in its state, taken up at the next start."""

import base64
from collections.abc import Iterable
from datetime import datetime

from deployments.sandbox.shopify.records import Record, gid
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.webhooks.deliveries import Delivery

TYPE = "SandboxWaitingWebhook"
_TEXTS = ("webhook_id", "event_id", "shop", "topic", "subscription_id", "uri", "record_id")


def keep(state: State, deliveries: Iterable[Delivery]) -> None:
    """Store deliveries, in one commit. Attempts made so far are not counted again."""
    with state.action():
        for delivery in deliveries:
            state.add(delivery.shop, TYPE, _record(delivery), topics=())


def take(state: State) -> list[Delivery]:
    """What the last run kept; it is removed from the state."""
    deliveries = []
    with state.action():
        for shop in state.shops:
            for record in state.all(shop, TYPE):
                deliveries.append(_delivery(record))
                state.remove(shop, record["id"], topics=())
    return deliveries


def _record(delivery: Delivery) -> Record:
    return {
        "id": gid(TYPE, delivery.webhook_id),
        **{name: getattr(delivery, name) for name in _TEXTS},
        "headers": delivery.headers,
        "body": base64.b64encode(delivery.body).decode(),
        "created_at": delivery.created_at.isoformat(),
        "failures": delivery.failures,
    }


def _delivery(record: Record) -> Delivery:
    return Delivery(
        **{name: record[name] for name in _TEXTS},
        headers=record["headers"],
        body=base64.b64decode(record["body"]),
        created_at=datetime.fromisoformat(record["created_at"]),
        failures=record["failures"],
    )
