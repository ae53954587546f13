"""What a message about a warehouse says, signed or not, and which field of a bad one is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from canonical.errors import RejectedError
from canonical.ids import aggregate_key
from canonical.records import Message
from canonical.states import MessageState
from canonical.warehouse import EventLine, StockMovement, WarehouseEvent, WarehouseEventKind
from canonical.warehouse_messages import delivery_of
from connectors.warehouse_events import event_of, events_by_key

NOW = datetime(2026, 11, 2, 10, tzinfo=UTC)
KEY = "north:fulfillment-request.create:5123:DC-EAST"


def message(body: bytes, **changes: Any) -> Message:
    given = {
        "seq": 1, "delivery_key": "north:wms:m1", "channel": "wms", "scope": "north", "topic": "warehouse.picked",
        "kind": "warehouse", "aggregate_key": "north:order:5123", "correlation_id": "c", "event_id": "m1",
        "received_at": NOW, "headers": {}, "state": MessageState.CLAIMED,
    }  # fmt: skip
    return Message(**(given | changes), body=body)


def signed(**changes: Any) -> Message:
    event = {
        "type": "warehouse.picked",
        "timestamp": "2026-11-02T11:00:00+01:00",
        "scope": "north",
        "subject": {"kind": "request", "id": KEY},
        "data": {"location": "DC-EAST", "lines": [{"line_id": "1", "item": "MUG", "quantity": 2}]},
    }
    return message(json.dumps({**event, **changes}).encode())


def told(**changes: Any) -> WarehouseEvent:
    given = {"id": "e1", "system": "wms", "kind": WarehouseEventKind.PICKED, "occurred_at": NOW, "location": "DC-EAST"}
    return WarehouseEvent(**(given | changes))


def test_a_signed_event_is_read_with_its_id_its_time_and_the_request_it_is_about() -> None:
    event = event_of(signed())
    assert event == told(
        id="m1", request_key=KEY, lines=(EventLine(line_id="1", item="MUG", quantity=2),), occurred_at=NOW
    )


def test_a_sender_cannot_speak_for_another_system_or_under_another_id() -> None:
    event = event_of(signed(data={"location": "DC-EAST", "system": "erp", "id": "m9", "kind": "shipped"}))
    assert (event.system, event.id, event.kind) == ("wms", "m1", WarehouseEventKind.PICKED)


@pytest.mark.parametrize(
    ("event", "about"),
    [
        (told(request_key=KEY), ("north", "order", "5123")),
        (told(return_id="R1"), ("company", "return", "R1")),
        (
            told(movement=StockMovement(item="MUG", quantity=1, location="DC-EAST", reason="count")),
            ("company", "sku", "MUG@DC-EAST"),
        ),
        (told(), ("company", "warehouse-event", "e1")),
    ],
    ids=["request", "return", "stock", "nothing"],
)
def test_an_event_told_by_a_poll_comes_back_as_it_was_under_the_document_it_is_about(
    event: WarehouseEvent, about: tuple[str, str, str]
) -> None:
    delivery = delivery_of(event, "company")
    assert (delivery.kind, delivery.scope, delivery.aggregate_key) == ("warehouse", about[0], aggregate_key(*about))
    assert event_of(message(delivery.body)) == event


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (message(b"{"), "body"),
        (message(b"[]"), "body"),
        (signed(type="shipments.created"), "type"),
        (signed(type="warehouse.eaten"), "kind"),
        (signed(data=[]), "data"),
        (signed(data={}), "location"),
        (signed(data={"location": "DC", "lines": [{"item": "MUG", "quantity": -1}]}), "lines.0.quantity"),
        (signed(timestamp="soon"), "occurred_at"),
    ],
)
def test_the_field_of_a_bad_event_is_named(bad: Message, field: str) -> None:
    with pytest.raises(RejectedError) as caught:
        event_of(bad)
    assert (caught.value.field, caught.value.document) == (field, "north:wms:m1")


def test_messages_that_cannot_be_read_hide_no_others() -> None:
    assert list(events_by_key([message(b"{"), signed(), signed(type="warehouse.packed")])) == [KEY]
