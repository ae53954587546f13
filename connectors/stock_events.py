"""What a signed stock event says. The same for every system that sends them by `POST /events/<system>`:

    {"type": "stock.changed", "timestamp": "2026-11-02T10:00:00Z", "scope": "north",
     "subject": {"kind": "sku", "id": "TEE-WHI-S"},
     "data": {"levels": [{"sku": "TEE-WHI-S", "location": "DC-EAST", "on_hand": "12", "allocated": "3"}],
              "allocated": [{"shop": "north", "order_id": "5123", "sku": "TEE-WHI-S"}]}}

Fields of a level and of an allocated line are those of `canonical.inventory`. Whole positions, not differences: an
event may come twice, late or never. `sequence`, where the system counts its changes, decides which is newer; else the
event's timestamp does. Quantities are text or whole numbers: a float has no exact value.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from canonical.errors import RejectedError
from canonical.inventory import StockReport
from canonical.records import Message

_WAY_OUT = "Correct the sender; then replay the message."


def report_of(message: Message, company: str) -> StockReport:
    """The report in an event; its source is the system that signed it, a warehouse's as well as the ERP's own.

    Raises `RejectedError` naming the first field that is wrong.
    """
    event = _event(message)
    if event.get("scope") != company:
        raise _wrong(message, "scope", f"is not the company {company}")
    data = event.get("data")
    if not isinstance(data, dict):
        raise _wrong(message, "data", "is not an object with levels")
    levels = [_level(row, message.channel, event.get("timestamp")) for row in _rows(message, data, "levels")]
    content = {
        "source": message.channel,
        "company": company,
        "levels": levels,
        "allocated": _rows(message, data, "allocated"),
    }
    try:
        return StockReport.model_validate_json(json.dumps(content))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in ("data", *first["loc"]))
        raise _wrong(message, field, first["msg"]) from error


def _event(message: Message) -> Mapping[str, Any]:
    try:
        event = json.loads(message.body)
    except ValueError as error:
        raise _wrong(message, "body", "is not JSON") from error
    if not isinstance(event, dict):
        raise _wrong(message, "body", "is not a JSON object")
    return event


def _rows(message: Message, data: Mapping[str, Any], name: str) -> list[Any]:
    rows = data.get(name, [])
    if not isinstance(rows, list):
        raise _wrong(message, f"data.{name}", "is not a list")
    return rows


def _level(row: Any, system: str, at: Any) -> Any:
    """A level with what the event says for all of them; what is no object is left for the model to refuse."""
    if not isinstance(row, dict):
        return row
    return {"native_location": row.get("location"), "as_of": at, **row, "source": system}


def _wrong(message: Message, field: str, words: str) -> RejectedError:
    return RejectedError(
        f"the field {words}", code="bad_event", document=message.delivery_key, field=field, way_out=_WAY_OUT
    )
