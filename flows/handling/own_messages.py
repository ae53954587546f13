"""Messages of our own about an order, for the same inbox as everybody's."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from canonical.ids import delivery_key
from canonical.records import Delivery, OrderRecord

CHANNEL: Final = "crossdock"


def own_message(
    record: OrderRecord,
    topic: str,
    kind: str,
    name: str,
    now: datetime,
    body: Mapping[str, Any],
    *,
    aggregate: str | None = None,
) -> Delivery:
    """`name` makes it unique in the shop. It waits its turn behind what the order waits for, or behind `aggregate`."""
    return Delivery(
        delivery_key=delivery_key(CHANNEL, record.scope, name),
        channel=CHANNEL,
        scope=record.scope,
        topic=topic,
        kind=kind,
        aggregate_key=aggregate or record.aggregate_key,
        correlation_id=record.correlation_id,
        occurred_at=now,
        body=orjson.dumps(body),
    )
