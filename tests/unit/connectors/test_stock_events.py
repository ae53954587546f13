"""What a signed stock event says, and which field of a bad one is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from canonical.errors import RejectedError
from canonical.records import Message
from canonical.states import MessageState
from connectors.stock_events import report_of

NOW = datetime(2026, 11, 2, 10, tzinfo=UTC)


def message(**changes: Any) -> Message:
    """An event of the warehouse about one SKU."""
    data = {
        "levels": [
            {
                "sku": "MUG-WHT",
                "location": "DC-EAST",
                "on_hand": "12.5",
                "allocated": 3,
                "sequence": 7,
                "incoming": [{"quantity": "4", "due": "2026-11-09", "document": "PO-1"}],
            }
        ],
        "allocated": [{"shop": "north", "order_id": "5123", "sku": "MUG-WHT", "gone": True}],
    }
    event = {"type": "stock.changed", "timestamp": "2026-11-02T11:00:00+01:00", "scope": "north", "data": data}
    body = changes.pop("body", None) or json.dumps({**event, **changes}).encode()
    return Message(
        seq=1,
        delivery_key="north:wms:m1",
        channel="wms",
        scope="north",
        topic="stock.changed",
        kind="stock.north",
        aggregate_key="north:sku:MUG-WHT",
        correlation_id="c",
        received_at=NOW,
        headers={},
        body=body,
        state=MessageState.CLAIMED,
    )


def test_an_event_says_whole_positions_and_which_orders_they_count() -> None:
    report = report_of(message(), "north")
    (level,), (line,) = report.levels, report.allocated
    assert (report.source, report.company, level.source) == ("wms", "north", "wms")
    assert (level.sku, level.location, level.native_location) == ("MUG-WHT", "DC-EAST", "DC-EAST")
    assert (level.on_hand, level.allocated, level.sequence) == (Decimal("12.5"), Decimal(3), 7)
    assert level.as_of == NOW
    assert [coming.document for coming in level.incoming] == ["PO-1"]
    assert (line.order_id, line.gone) == ("5123", True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"body": b"{"}, "body"),
        ({"body": b"[]"}, "body"),
        ({"scope": "south"}, "scope"),
        ({"data": None}, "data"),
        ({"data": {"levels": {}}}, "data.levels"),
        ({"data": {"levels": ["MUG"]}}, "data.levels.0"),
        ({"data": {"levels": [{"sku": "A", "location": "B"}]}}, "data.levels.0.on_hand"),
        ({"data": {"levels": [{"sku": "A", "location": "B", "on_hand": "1", "on_hnd": 1}]}}, "data.levels.0.on_hnd"),
        ({"data": {"levels": [{"sku": "A", "location": "B", "on_hand": 1.5}]}}, "data.levels.0.on_hand"),
        ({"data": {"allocated": [{"shop": "north", "sku": "A"}]}}, "data.allocated.0.order_id"),
    ],
)
def test_a_bad_event_is_refused_naming_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RejectedError) as caught:
        report_of(message(**changes), "north")
    assert (caught.value.field, caught.value.document) == (field, "north:wms:m1")
    assert caught.value.way_out
