"""Values for the tests of the state store: short calls, every field can be given."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from canonical.records import (
    AuditEntry,
    Case,
    CaseKind,
    Clock,
    CrossReference,
    Delivery,
    EffectIntent,
    Message,
    MessageVerdict,
    OrderRecord,
    Reservation,
)
from canonical.states import MessageState, OrderState

NOW = datetime(2026, 5, 4, 10, 30, 15, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
AT_ONCE = timedelta(0)

_numbers = itertools.count(1)


def delivery(order: str = "5001", *, scope: str = "north", webhook: str | None = None, **changes: Any) -> Delivery:
    """A webhook about an order; each call is another webhook unless `webhook` is given."""
    name = webhook or f"w-{next(_numbers)}"
    fields: dict[str, Any] = {
        "delivery_key": f"{scope}:web:{name}",
        "channel": "web",
        "scope": scope,
        "topic": "orders/updated",
        "kind": "order",
        "aggregate_key": f"{scope}:order:{order}",
        "correlation_id": f"corr-{scope}-{order}",
        "body": b'{"id": 1}',
    }
    return Delivery(**(fields | changes))


def done(messages: Sequence[Message], state: MessageState = MessageState.DONE, **more: Any) -> Any:
    """The same verdict for all of them."""
    return tuple(MessageVerdict(seq=message.seq, state=state, **more) for message in messages)


def order_record(order: str = "5001", *, scope: str = "north", **changes: Any) -> OrderRecord:
    """An accepted order."""
    fields: dict[str, Any] = {
        "scope": scope,
        "order_id": order,
        "name": f"#{order[-4:]}",
        "aggregate_key": f"{scope}:order:{order}",
        "correlation_id": f"corr-{scope}-{order}",
        "state": OrderState.ACCEPTED,
        "updated_at": NOW,
        "received_at": NOW,
        "document": b"{}",
    }
    return OrderRecord(**(fields | changes))


def intent(subject: str = "5001", *, scope: str = "north", **changes: Any) -> EffectIntent:
    """The intent to book an order."""
    fields: dict[str, Any] = {
        "key": f"{scope}:sales-order.create:{subject}",
        "system": "erp",
        "operation": "sales-order.create",
        "scope": scope,
        "aggregate_key": f"{scope}:order:{subject}",
        "correlation_id": f"corr-{scope}-{subject}",
        "request_digest": "digest-1",
    }
    return EffectIntent(**(fields | changes))


def case(order: str = "5001", *, scope: str = "north", **changes: Any) -> Case:
    """An order held because its item is not mapped."""
    fields: dict[str, Any] = {
        "kind": CaseKind.HELD,
        "scope": scope,
        "aggregate_key": f"{scope}:order:{order}",
        "correlation_id": f"corr-{scope}-{order}",
        "document": f"order {order}",
        "reason_code": "item_unmapped",
        "words": "SKU A-1 has no ERP item",
        "owner": "operations",
        "opened_at": NOW,
    }
    return Case(**(fields | changes))


def reservation(order: str = "5001", line: str = "1", **changes: Any) -> Reservation:
    """One line of an order, at no location yet."""
    fields: dict[str, Any] = {"scope": "north", "order_id": order, "line_id": line, "sku": "A-1", "quantity": "1"}
    fields |= changes
    return Reservation.model_validate(fields, strict=False)


def reference(left: str = "5001", right: str = "77", **changes: Any) -> CrossReference:
    """An order of the shop and its document in the ERP."""
    fields: dict[str, Any] = {
        "scope": "north",
        "kind": "sales-order",
        "left_system": "web",
        "left_id": left,
        "right_system": "erp",
        "right_id": right,
    }
    return CrossReference(**(fields | changes))


def clock(order: str = "5001", **changes: Any) -> Clock:
    """The clock from receipt to booking."""
    fields: dict[str, Any] = {"scope": "north", "aggregate_key": f"north:order:{order}", "name": "booked"}
    return Clock(**(fields | {"started_at": NOW} | changes))


def entry(order: str = "5001", action: str = "order.accepted", **changes: Any) -> AuditEntry:
    """Somebody did something to an order."""
    fields: dict[str, Any] = {
        "at": NOW,
        "actor": "worker-1",
        "action": action,
        "scope": "north",
        "aggregate_key": f"north:order:{order}",
        "correlation_id": f"corr-north-{order}",
    }
    return AuditEntry(**(fields | changes))
