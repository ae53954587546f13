"""The demo's table of a life: everything that happened, in its order, under the number that each system gave it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import to_json

from canonical.life import OrderLife
from canonical.records import OrderRecord
from canonical.states import OrderState
from canonical.steps import Operation
from deployments.stack.life_story import Told, story

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEYS = {"scope": "north", "aggregate_key": "north:order:5", "correlation_id": "c", "document": b"{}"}
NAMES = {"order_id": "5", "order_name": "#1001"}


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def done(seconds: float, id_: str, number: str | None = None) -> dict[str, Any]:
    return {"id": id_, "number": number, "at": after(seconds)}


def lived() -> OrderLife:
    placed = {"location": "DC-EAST", "lines": {"1": 1}}
    request = "north:fulfillment-request.create:5:DC-EAST"
    parcel = {"id": "p1", "carrier": "UPS", "tracking_number": "1Z7", "lines": [{"line_id": "1", "quantity": 1}]}
    shipment = {
        "id": "s1",
        "location": "DC-EAST",
        "shipped_at": after(3),
        "parcels": [parcel],
        "told": {"p1": "gid/77"},
    }
    task = {"key": request, "system": "wms", "location": "DC-EAST", "lines": {"1": 1}, "number": "W-4"}
    facts = {
        **NAMES,
        "shop": "north",
        "company": "north",
        "decisions": [{"order_id": "5", "assignments": [placed], "decided_by": "us"}],
        "tasks": [{**task, "created_at": NOON, "updated_at": NOON}],
        "shipments": [shipment],
        "done": {
            "north:order.note-invoice:5:number": done(7.51, "gid/5"),
            "north:order.note-invoice:5:status": done(7.52, "gid/5"),
            "north:invoice.post:5:s1": done(6, "31", "INV-9"),
            "north:fulfillment.create:5:s1:p1": done(4, "gid/77"),
            request: done(2, "w4"),
        },
        "started_at": after(0.5),
        "updated_at": NOON,
    }
    return OrderLife.model_validate_json(to_json(facts))


def test_a_life_is_told_in_its_order_with_the_number_of_each_system() -> None:
    record = OrderRecord.model_validate({
        **KEYS,
        "order_id": "5",
        "name": "#1001",
        "state": OrderState.POSTED,
        "updated_at": NOON,
        "received_at": NOON,
        "posted_at": after(1),
        "external_number": "SO-12",
    })  # fmt: skip
    acts = [Told(after(3), "shipped from DC-EAST", "wms", "UPS 1Z7")]
    assert story(record, lived(), acts, "tryton") == [
        ("0.0", "ordered", "shopify", "#1001"),
        ("0.5", "routed", "crossdock", "DC-EAST by us"),
        ("1.0", "booked", "tryton", "SO-12"),
        ("2.0", "requested from the warehouse", "wms", "W-4"),
        ("3.0", "shipped from DC-EAST", "wms", "UPS 1Z7"),
        ("4.0", "shown to the shopper", "shopify", "77 (UPS 1Z7)"),
        ("6.0", "invoiced", "tryton", "INV-9"),
        ("7.5", "invoice noted at the order", "shopify", "5"),
    ]


def test_every_write_of_a_life_has_words_of_its_own() -> None:
    words = [operation.words for operation in Operation]
    assert len(set(words)) == len(Operation)
