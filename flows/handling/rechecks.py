"""Our own messages that have an order decided again: by a person, a clock or a change of the mappings."""

from collections.abc import Sequence
from datetime import datetime

import orjson

from canonical.ids import delivery_key
from canonical.records import Delivery, OrderRecord
from flows.handling.intake import RECHECK
from flows.handling.verdicts import CHANNEL

ORDERS = "orders"


def recheck_delivery(
    record: OrderRecord, moment: datetime, *, waive: Sequence[str] = (), actor: str, why: str
) -> Delivery:
    """A message that has an order decided again; `waive` names reason codes a person has released."""
    return Delivery(
        delivery_key=delivery_key(CHANNEL, record.scope, f"recheck/{record.order_id}/{moment.isoformat()}"),
        channel=CHANNEL,
        scope=record.scope,
        topic=RECHECK,
        kind=ORDERS,
        aggregate_key=record.aggregate_key,
        correlation_id=record.correlation_id,
        occurred_at=moment,
        body=orjson.dumps({"order": record.order_id, "waive": list(waive), "actor": actor, "why": why}),
    )
