"""What the suite needs of each warehouse: a connector to it, its workers, and what it told so far."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from canonical.ids import effect_key
from canonical.outcomes import Failed, Outcome, Settled
from canonical.party import Address
from canonical.ports.warehouse import Warehouse
from canonical.warehouse import (
    FulfillmentRequest,
    RequestLine,
    WarehouseEvent,
    WarehouseEventKind,
    WarehouseRef,
)

Boxes = Sequence[tuple[str, Mapping[str, int]]]
TEE, MUG = "TEE-WHI-S", "MUG-WHT"
_ORDERS = itertools.count(7001)


class Floor(Protocol):
    """A warehouse and its workers. `place`: the location it ships from."""

    name: str
    place: str

    def connect(self, **changes: Any) -> Warehouse: ...
    def open_mail(self) -> None:
        """See what was handed over; in a warehouse that is asked, nothing is to be done."""
        ...

    def tasks(self, key: str) -> int:
        """How many tasks it has for a key."""
        ...

    def asked(self, key: str) -> dict[str, int]:
        """Quantities by item of its tasks."""
        ...

    def pick(self, key: str) -> None: ...
    def come_short(self, key: str, sku: str, missing: int) -> None: ...
    def mark_lot(self, key: str, sku: str, lot: str) -> None: ...
    def pack(self, key: str, boxes: Boxes) -> None: ...
    def hand_over(self, key: str) -> None: ...
    def reject(self, key: str) -> None: ...
    def take_back(self, key: str | None, number: str, found: Mapping[str, Mapping[str, int]]) -> None: ...

    async def told(self, warehouse: Warehouse) -> list[WarehouseEvent]:
        """Everything it has told since it was opened, each event once."""
        ...


def a_request(place: str, lines: Sequence[tuple[str, str, int]] = (("1", TEE, 2), ("2", MUG, 1)), **more: Any) -> Any:
    """A request of an order of its own."""
    order = str(next(_ORDERS))
    return FulfillmentRequest(
        **{
            "key": effect_key("north", "fulfillment-request.create", order, place),
            "shop": "north",
            "company": "north",
            "order_id": order,
            "order_name": f"#{order}",
            "location": place,
            "lines": tuple(RequestLine(line_id=line, item=item, quantity=held) for line, item, held in lines),
            "ship_to": Address(
                name="Ada Marsh", line1="1 Quay", city="Elizabeth", postal_code="07201", region="NJ", country="US"
            ),
            "email": "ada@example.com",
            "requested_at": datetime.now(UTC),
            **more,
        }
    )


def settled(outcome: Outcome[WarehouseRef]) -> WarehouseRef:
    """The reference of an outcome that settled."""
    assert isinstance(outcome, Settled), outcome
    return outcome.value


def failed(outcome: Outcome[WarehouseRef], kind: type[Exception]) -> Any:
    """The error of an outcome that failed so."""
    assert isinstance(outcome, Failed), outcome
    assert isinstance(outcome.error, kind), outcome.error
    return outcome.error


def of(events: Sequence[WarehouseEvent], request: FulfillmentRequest, kind: WarehouseEventKind) -> list[WarehouseEvent]:
    return [event for event in events if event.request_key == request.key and event.kind is kind]


def kinds(events: Sequence[WarehouseEvent], request: FulfillmentRequest) -> list[str]:
    """What was told of a request, in order, each kind once."""
    return list(dict.fromkeys(str(event.kind) for event in events if event.request_key == request.key))


def quantities(event: WarehouseEvent) -> dict[str | None, int]:
    """By line."""
    found: dict[str | None, int] = {}
    for line in event.lines:
        found[line.line_id] = found.get(line.line_id, 0) + line.quantity
    return found
