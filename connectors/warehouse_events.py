"""What a message about a warehouse says, whether it was signed or told by a poll, a file or the counter of a store.

A signed one (`POST /events/<system>`) has the event in `data`:

    {"type": "warehouse.picked", "timestamp": "2026-11-02T10:00:00Z", "scope": "north",
     "subject": {"kind": "request", "id": "north:fulfillment-request.create:5123:DC-EAST"},
     "data": {"location": "DC-EAST", "lines": [{"line_id": "1", "item": "TEE-WHI-S", "quantity": 2}]}}

Its kind is the type after the dot; a subject of kind `request`, `order` or `return` names what it is about. The id of
the message makes the event unique. Fields of `data` are those of `canonical.warehouse.WarehouseEvent`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from canonical.errors import RejectedError
from canonical.records import Message
from canonical.warehouse import WarehouseEvent
from canonical.warehouse_messages import KIND

_WAY_OUT = "Correct the sender; then replay the message."


def event_of(message: Message) -> WarehouseEvent:
    """The event in a message. Raises `RejectedError` naming the first field that is wrong."""
    content = _object(message)
    fields = _signed(message, content) if "type" in content else dict(content)
    try:
        return WarehouseEvent.model_validate_json(json.dumps(fields))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise _wrong(message, ".".join(str(part) for part in first["loc"]), first["msg"]) from error


def events_by_key(messages: Sequence[Message]) -> dict[str, list[WarehouseEvent]]:
    """The events in messages by the request they are about; a message that cannot be read says nothing."""
    found: dict[str, list[WarehouseEvent]] = {}
    for message in messages:
        try:
            event = event_of(message)
        except RejectedError:  # it is quarantined where it is handled
            continue
        if event.request_key:
            found.setdefault(event.request_key, []).append(event)
    return found


def _object(message: Message) -> Mapping[str, Any]:
    try:
        content = json.loads(message.body)
    except ValueError as error:
        raise _wrong(message, "body", "is not JSON") from error
    if not isinstance(content, dict):
        raise _wrong(message, "body", "is not a JSON object")
    return content


def _signed(message: Message, content: Mapping[str, Any]) -> dict[str, Any]:
    prefix, _, kind = str(content["type"]).partition(".")
    if prefix != KIND or not kind:
        raise _wrong(message, "type", f"is not {KIND}. and a kind of event")
    data, subject = content.get("data"), content.get("subject")
    if not isinstance(data, dict):
        raise _wrong(message, "data", "is not an object")
    named = _named(subject) if isinstance(subject, dict) else {}
    own = {"id": message.event_id, "system": message.channel, "kind": kind, "occurred_at": content.get("timestamp")}
    return {**data, **named, **own}


def _named(subject: Mapping[str, Any]) -> dict[str, Any]:
    """What the subject already says."""
    field = {"request": "request_key", "return": "return_id"}.get(str(subject.get("kind")))
    return {field: subject.get("id")} if field else {}


def _wrong(message: Message, field: str, words: str) -> RejectedError:
    return RejectedError(
        f"the field {words}", code="bad_event", document=message.delivery_key, field=field, way_out=_WAY_OUT
    )
