"""The `OrderTranslator`: from an inbox message to the canonical order, or to the id that must be read."""

import orjson

from canonical.errors import RejectedError
from canonical.order import Order
from canonical.records import Message
from connectors.shopify.identify import order_id_in
from connectors.shopify.mapper_rest import order_from_webhook
from connectors.shopify.topics import WHOLE_ORDER

_NEEDED = ("id", "name", "currency", "updated_at", "line_items", "total_price_set")
"""A body without these was cut down by the subscription (`includeFields`): the order is read instead."""


class ShopifyTranslator:
    """Stateless; one serves every shop."""

    def order_of(self, message: Message) -> Order | None:
        """As `OrderTranslator.order_of`. None for every topic that has deltas or a pointer instead of the order."""
        if message.topic not in WHOLE_ORDER:
            return None
        try:
            fields = orjson.loads(message.body)
        except orjson.JSONDecodeError as error:
            raise RejectedError(
                "the body is no JSON",
                code="order_unreadable",
                document=message.delivery_key,
                field="body",
                way_out="Read the order again by name.",
            ) from error
        if not isinstance(fields, dict) or any(name not in fields for name in _NEEDED):
            return None
        return order_from_webhook(fields, message.scope, str(fields["name"]))

    def order_id_of(self, message: Message) -> str:
        """As `OrderTranslator.order_id_of`."""
        order_id = order_id_in(message.topic, message.body)
        if order_id is None:
            raise RejectedError(
                f"a message of topic {message.topic} names no order",
                code="order_unknown",
                document=message.delivery_key,
                field="body",
                way_out="Nothing can be done with it: close it. The poll finds the order if it changed.",
            )
        return order_id
