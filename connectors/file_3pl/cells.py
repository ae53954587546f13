"""The rows of an incoming file, and one cell as a value of ours."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

from canonical.errors import RejectedError
from connectors.file_3pl.layout import FIELDS, Incoming, Layout

E = TypeVar("E", bound=StrEnum)
_MORE = "\0more"


@dataclass(slots=True)
class Row:
    """A row: its line in the file, its values by field, and what is wrong with it, by field."""

    line: int
    values: Mapping[str, str]
    cells: tuple[str, ...]
    faults: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """What the cell says; empty is a fault."""
        value = self.values.get(name, "")
        if not value:
            self.faults.setdefault(name, "is empty")
        return value

    def maybe(self, name: str) -> str | None:
        """What the cell says; None when it is empty."""
        return self.values.get(name) or None

    def whole(self, name: str) -> int:
        """A whole quantity above zero."""
        text = self.text(name)
        if text and not (text.isascii() and text.isdigit() and int(text) > 0):
            self.faults.setdefault(name, "is no whole number above zero")
        return int(text) if name not in self.faults else 1

    def signed(self, name: str) -> Decimal:
        """An exact quantity that may be negative."""
        try:
            value = Decimal(self.text(name) or "1")
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite():
            self.faults.setdefault(name, "is no number")
            return Decimal(1)
        return value

    def moment(self, name: str) -> datetime:
        """A time with its zone."""
        text = self.text(name)
        try:
            moment = datetime.fromisoformat(text) if text else datetime.now(UTC)
        except ValueError:
            moment = datetime.min  # noqa: DTZ901
        if moment.tzinfo is None:
            self.faults.setdefault(name, "is no ISO 8601 time with its zone")
            return datetime.now(UTC)
        return moment.astimezone(UTC)

    def choice(self, name: str, kinds: Mapping[str, E]) -> E:
        """One of the words of the layout."""
        text = self.text(name).strip().lower()
        if text and text not in kinds:
            self.faults.setdefault(name, f"is none of {', '.join(kinds)}")
        return kinds.get(text, next(iter(kinds.values())))


def rows_of(content: bytes, kind: Incoming, layout: Layout) -> Iterator[Row]:
    """The rows of a file. Raises `ValueError` when it cannot be read at all."""
    text = content.decode(layout.encoding)
    if "\0" in text:
        raise ValueError("holds bytes that are no text")
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=layout.delimiter, restkey=_MORE, restval="")
    fields = {layout.column(kind, name): name for name in FIELDS[kind]}
    try:
        for found in reader:
            if not any(found.values()):
                continue
            values = {fields[column]: cell.strip() for column, cell in found.items() if column in fields}
            cells = tuple(str(cell) for column, cell in found.items() if column != _MORE)
            row = Row(reader.line_num, values, cells)
            if _MORE in found:
                row.faults["row"] = "has more cells than the file has columns"
            yield row
    except csv.Error as error:
        raise ValueError(f"is no CSV: {error}") from error


def fault(file: str, line: int, column: str, words: str) -> RejectedError:
    """What is wrong with a cell: file, line, column."""
    return RejectedError(
        f"line {line}: {words}",
        code="bad_row",
        document=file,
        field=column,
        way_out="Correct the rows in crossdock/set-aside and put the file into the incoming folder again.",
    )
