"""Our own messages that have an order decided again: by a person, a clock or a change of the mappings."""

from collections.abc import Sequence
from datetime import datetime

from canonical.records import Delivery, OrderRecord
from flows.handling.intake import RECHECK
from flows.handling.own_messages import own_message

ORDERS = "orders"


def recheck_delivery(
    record: OrderRecord, moment: datetime, *, waive: Sequence[str] = (), actor: str, why: str
) -> Delivery:
    """A message that has an order decided again; `waive` names reason codes a person has released."""
    body = {"order": record.order_id, "waive": list(waive), "actor": actor, "why": why}
    return own_message(record, RECHECK, ORDERS, f"recheck/{record.order_id}/{moment.isoformat()}", moment, body)
