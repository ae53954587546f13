"""Messages about lives: our own, and those that are handed on to the order they turn out to be about."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from canonical.ids import aggregate_key, correlation_id, delivery_key
from canonical.records import Delivery, Message, OrderRecord
from flows.handling.own_messages import CHANNEL, own_message

FULFILLMENT: Final = "fulfillment"
RETURNS: Final = "returns"
WAREHOUSE: Final = "warehouse"
START: Final = "life/start"
"""The order is booked: it may be shipped."""
CHANGED: Final = "life/order"
"""The shop told something new of it."""
LOOK: Final = "life/look"
"""A time has come, a lane may be open again, or somebody released it."""
ERP_CANCELLED: Final = "life/erp-cancelled"


def about_order(
    record: OrderRecord,
    topic: str,
    kind: str,
    cause: str,
    now: datetime,
    *,
    retry: bool = False,
    waive: Sequence[str] = (),
    place: bool = False,
    **more: object,
) -> Delivery:
    """A message of our own about an order's life. `cause` makes it unique.

    `retry`: what was stopped is tried again; `waive` are the reason codes that a person has released; `place`: what
    nobody ships is placed again at once; `more` is what only its topic tells.
    """
    body = {"order": record.aggregate_key, "retry": retry, "waive": list(waive), "place": place, **more}
    return own_message(record, topic, kind, f"{topic}/{kind}/{record.order_id}/{cause}", now, body)


def handed_on(message: Message, shop: str, order_id: str, kind: str) -> Delivery:
    """The same message, on the order it is about. The original stays, with its bytes."""
    return Delivery(
        delivery_key=delivery_key(CHANNEL, shop, f"handed-on/{order_id}/{message.delivery_key}"),
        channel=message.channel,
        scope=shop,
        topic=message.topic,
        kind=kind,
        aggregate_key=aggregate_key(shop, "order", order_id),
        correlation_id=correlation_id(shop, "order", order_id),
        event_id=message.event_id,
        occurred_at=message.occurred_at,
        headers=message.headers,
        body=message.body,
    )
