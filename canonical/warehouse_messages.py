"""Events of warehouses on their way into the inbox: which order they are about, and the body that keeps one.

Signed, polled, read from a file or typed at a counter: the same message for all four.
"""

from datetime import datetime
from typing import Final
from urllib.parse import unquote

from canonical.ids import aggregate_key, correlation_id, delivery_key
from canonical.records import Delivery
from canonical.warehouse import WarehouseEvent

KIND: Final = "warehouse"
"""The kind of these messages in the inbox, and what the type of a signed event begins with."""


def about(event: WarehouseEvent, scope: str) -> tuple[str, str, str]:
    """Scope, kind and id of the document an event is about: the order of its request, else the order or return named.

    Without any of these (its own stock), the item at its location, in `scope`.
    """
    if event.request_key and (order := order_of_request(event.request_key)):
        return order[0], "order", order[1]
    if event.return_id:
        return scope, "return", event.return_id
    if event.movement:
        return scope, "sku", f"{event.movement.item}@{event.movement.location}"
    return scope, "warehouse-event", event.id


def order_of_request(key: str) -> tuple[str, str] | None:
    """Shop and order id in the key of a request; None when it is no such key.

    >>> order_of_request("north:fulfillment-request.create:5123:DC-EAST")
    ('north', '5123')
    """
    parts = key.split(":")
    return (unquote(parts[0]), unquote(parts[2])) if len(parts) >= 3 and all(parts) else None


def delivery_of(event: WarehouseEvent, scope: str, *, moment: datetime | None = None) -> Delivery:
    """The message of an event that was not signed. Its id makes it unique; `scope` is the company where no request is.

    `moment`: when it was told, where that differs from when it happened.
    """
    document = about(event, scope)
    return Delivery(
        delivery_key=delivery_key(event.system, scope, event.id),
        channel=event.system,
        scope=document[0],
        topic=f"{KIND}.{event.kind}",
        kind=KIND,
        aggregate_key=aggregate_key(*document),
        correlation_id=correlation_id(*document),
        event_id=event.id,
        occurred_at=moment or event.occurred_at,
        body=event.model_dump_json(exclude_none=True).encode(),
    )
