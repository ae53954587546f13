"""Tryton's JSON: decimals, dates and times are objects that name their class. No number becomes a float."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any


def dumps(value: Any) -> bytes:
    """A request body. Raises `TypeError` for anything Tryton has no word for."""
    return json.dumps(value, default=_object).encode()


def loads(body: bytes) -> Any:
    """An answer, with Python's values instead of Tryton's objects. Raises `ValueError` when it is no JSON."""
    return json.loads(body, object_hook=_value, parse_float=Decimal)


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, datetime):  # Tryton keeps its times without a zone; so do we on this wire
        names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{name: getattr(value, name) for name in names}}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"Tryton's JSON has no {type(value).__name__}")


def _value(found: dict[str, Any]) -> Any:
    kind = found.get("__class__")
    if kind == "Decimal":
        return Decimal(found["decimal"])
    if kind == "date":
        return date(found["year"], found["month"], found["day"])
    if kind == "datetime":
        parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return datetime(*(found.get(part, 0) for part in parts))  # noqa: DTZ001
    return found
