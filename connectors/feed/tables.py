"""CSV, JSON and JSON Lines as rows of one shape: the fields of a product, and of one of its variants, with the place.

A row whose product cannot even be told is an error of its own. What a whole file is wrong with, is one error.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from canonical.errors import RejectedError
from connectors.feed.layout import KEY, Layout

WAY_OUT = "Correct the row in the PIM; the next file is read as a whole."


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table, or one variant of an object: the values by field, and where they stand."""

    key: str
    place: str
    values: Mapping[str, Any]


def rows_of(name: str, content: bytes, layout: Layout) -> Iterator[Row | RejectedError]:
    """The rows of a file, in their order, and an error for each that is none."""
    try:
        text = content.decode(layout.encoding)
    except (UnicodeDecodeError, LookupError) as error:
        yield fault(name, "the file", "encoding", f"is not {layout.encoding}", error)
        return
    if name.lower().endswith(".csv"):
        yield from _table(name, text, layout)
    elif name.lower().endswith(".json"):
        yield from _array(name, text, layout)
    else:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                yield from _parsed(name, f"line {number}", line, layout)


def fault(name: str, place: str, field: str, words: str, cause: Exception | None = None) -> RejectedError:
    """What is wrong, with file, line and field."""
    error = RejectedError(f"{place}: {field} {words}", code="feed_row", document=name, field=field, way_out=WAY_OUT)
    error.__cause__ = cause
    return error


def _table(name: str, text: str, layout: Layout) -> Iterator[Row | RejectedError]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=layout.delimiter, strict=True)
    try:
        header = next(reader, [])
        fields = {place: field for place, column in enumerate(header) if (field := layout.field_of(column.strip()))}
        if KEY not in fields.values():
            yield fault(name, "line 1", layout.key, "is no column, so nothing says which product a line is of")
            return
        begins = reader.line_num + 1
        for cells in reader:
            place, begins = f"line {begins}", reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                key = _key_in(cells, fields)
                yield fault(name, place, key or layout.key, f"has {len(cells)} cells, the header has {len(header)}")
                if key:
                    yield Row(key, place, {"": "cells"})
                continue
            yield _row(name, place, {field: cells[at] for at, field in fields.items()}, layout)
    except csv.Error as error:
        yield fault(name, f"line {reader.line_num}", "quotes", f"cannot be read ({error})", error)


def _key_in(cells: list[str], fields: Mapping[int, str]) -> str | None:
    return next((cells[at].strip() for at, field in fields.items() if field == KEY and at < len(cells)), None)


def _row(name: str, place: str, values: Mapping[str, Any], layout: Layout) -> Row | RejectedError:
    key = values.get(KEY)
    text = str(key).strip() if isinstance(key, str | int) and not isinstance(key, bool) else ""
    if not text:
        return fault(name, place, layout.key, "is empty")
    return Row(text, place, {field: value for field, value in values.items() if field != KEY})


def _array(name: str, text: str, layout: Layout) -> Iterator[Row | RejectedError]:
    try:
        content = json.loads(text, parse_float=Decimal)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        yield fault(name, f"line {line}", "JSON", "cannot be read", error)
        return
    items = content.get("products") if isinstance(content, dict) else content
    if not isinstance(items, list):
        yield fault(name, "the file", "products", "is no list")
        return
    for number, item in enumerate(items, 1):
        yield from _object(name, f"item {number}", item, layout)


def _parsed(name: str, place: str, line: str, layout: Layout) -> Iterator[Row | RejectedError]:
    try:
        item = json.loads(line, parse_float=Decimal)
    except ValueError as error:
        yield fault(name, place, "JSON", "cannot be read", error)
        return
    yield from _object(name, place, item, layout)


def _object(name: str, place: str, item: Any, layout: Layout) -> Iterator[Row | RejectedError]:
    """An object as rows: the first has the fields of the product, and one each has a variant."""
    if not isinstance(item, dict):
        yield fault(name, place, "product", "is no object")
        return
    variants = item.get("variants", [])
    own = {field: value for column, value in item.items() if (field := _field(layout, column, ""))}
    first = _row(name, place, own, layout)
    yield first
    if isinstance(first, RejectedError):
        return
    if not isinstance(variants, list) or not all(isinstance(one, dict) for one in variants):
        yield fault(name, place, "variants", "is no list of objects")
        yield Row(first.key, place, {"": "variants"})
        return
    for number, variant in enumerate(variants, 1):
        values = {field: value for column, value in variant.items() if (field := _field(layout, column, "variants."))}
        yield Row(first.key, f"{place}, variant {number}", values)


def _field(layout: Layout, column: str, prefix: str) -> str | None:
    """The field a key of an object holds; lists and maps keep their own name."""
    if column in ("translations", "metafields", "options", "prices"):
        return f"{prefix}{column}"
    field = layout.field_of(column)
    if prefix and (field is None or not field.startswith(prefix)):
        field = layout.field_of(f"{prefix}{column}")
    return field
