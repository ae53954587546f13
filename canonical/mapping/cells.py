"""A mapping as cells of text, as files and people write it: everything wrong with it in words, and the row it makes."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

from canonical.mapping.kinds import ANY, BY_ANY_COLUMN, KEY_COLUMNS, MappingKind, MappingRow, scope_column
from canonical.mapping.table import normal_rate

Cells = Mapping[str, str]
LONGEST: Final = 200
DATES: Final = ("valid_from", "valid_to")


def columns_of(kind: MappingKind) -> tuple[str, ...]:
    """All columns of a kind, the optional ones too."""
    return (scope_column(kind), *KEY_COLUMNS[kind], "value", *DATES)


def row_of(kind: MappingKind, cells: Cells) -> MappingRow:
    """The row that cells without faults make."""
    key = tuple(cells.get(column, "") for column in KEY_COLUMNS[kind])
    if kind is MappingKind.TAXES:
        key = (key[0], normal_rate(key[1]), key[2] or ANY, key[3] or ANY)
    starts, ends = (moment_of(cells.get(column, "")) for column in DATES)
    return MappingRow(
        kind=kind, shop=cells[scope_column(kind)], key=key, value=cells["value"], valid_from=starts, valid_to=ends
    )


def cells_of(row: MappingRow) -> dict[str, str]:
    """Back to text."""
    cells = {scope_column(row.kind): row.shop, **dict.fromkeys(KEY_COLUMNS[row.kind], ""), "value": row.value}
    cells |= dict(zip(KEY_COLUMNS[row.kind], row.key, strict=False))
    return cells | {"valid_from": _text(row.valid_from), "valid_to": _text(row.valid_to)}


def _text(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat().replace("+00:00", "Z")


def moment_of(text: str) -> datetime | None:
    """A date (its first moment in UTC) or a moment with its zone. Raises `ValueError` for anything else.

    >>> moment_of("2027-01-01").isoformat()
    '2027-01-01T00:00:00+00:00'
    """
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return moment.replace(tzinfo=UTC)
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return moment.astimezone(UTC)


def faults(kind: MappingKind, cells: Cells) -> Iterator[str]:
    """Everything wrong with one mapping; each sentence names the field."""
    scope, columns = scope_column(kind), KEY_COLUMNS[kind]
    key = [cells.get(column, "") for column in columns]
    if not cells[scope]:
        yield f"{scope} is empty; write a {scope} or {ANY}"
    if not cells["value"]:
        yield "value is empty; delete the line to unmap"
    if not any(key):
        yield f"one of {', '.join(columns)} is needed"
    if any(len(cell) > LONGEST for cell in cells.values()):
        yield f"a cell is longer than {LONGEST} characters"
    if cells["value"] == ANY and ANY not in key:
        yield "value * (the same code) needs a key of *"
    yield from _date_faults(cells)
    if any(key):
        yield from _SPECIAL.get(kind, _whole_key)(kind, cells)


def _date_faults(cells: Cells) -> Iterator[str]:
    moments: list[datetime | None] = []
    for column in DATES:
        try:
            moments.append(moment_of(cells.get(column, "")))
        except ValueError:
            yield f"{column} {cells[column]} is not a date such as 2027-01-01, or a moment with its zone"
    if len(moments) == len(DATES) and moments[0] and moments[1] and moments[0] >= moments[1]:
        yield "valid_to is not after valid_from"


def _item_faults(kind: MappingKind, cells: Cells) -> Iterator[str]:
    if cells["value"] != ANY and ANY in (cells.get(column, "") for column in KEY_COLUMNS[kind]):
        yield "a key of * needs value * (the same code): not every item is one item"


def _tax_faults(_: MappingKind, cells: Cells) -> Iterator[str]:
    if ANY in (cells["title"], cells["rate"], cells["value"]):
        yield "a tax is mapped by its own title and rate, never by *"
    if cells["rate"] and not re.fullmatch(r"0(\.\d+)?|1(\.0+)?", cells["rate"]):
        yield f"rate {cells['rate']} is not a fraction such as 0.19"
    if cells["country"] not in ("", ANY) and not re.fullmatch(r"[A-Z]{2}", cells["country"]):
        yield f"country {cells['country']} is not a code of two letters"
    if cells["region"] not in ("", ANY) and cells["country"] in ("", ANY):
        yield f"region {cells['region']} needs its country"


def _kit_faults(kind: MappingKind, cells: Cells) -> Iterator[str]:
    yield from _whole_key(kind, cells)
    if ANY in (cells["sku"], cells["item"]):
        yield "a kit names its own sku and item, never *"
    try:
        good = Decimal(cells["value"] or "1") > 0 and Decimal(cells["value"] or "1").is_finite()
    except InvalidOperation:
        good = False
    if not good:
        yield f"value {cells['value']} is not how many of the item the kit takes"


def _unit_faults(kind: MappingKind, cells: Cells) -> Iterator[str]:
    yield from _whole_key(kind, cells)
    if cells["unit"] == ANY:
        yield "unit * says nothing; name the unit"
    try:
        good = Fraction(cells["value"] or "1") > 0
    except (ValueError, ZeroDivisionError):
        good = False
    if not good:
        yield f"value {cells['value']} is not a number of base units such as 12 or 1/12"


def _account_faults(_: MappingKind, cells: Cells) -> Iterator[str]:
    if not cells["company_id"]:
        yield "company_id is empty"
    if ANY in (cells["company_id"], cells["location_id"], cells["value"]):
        yield "an account is mapped for its own company and location, never by *"


def _whole_key(kind: MappingKind, cells: Cells) -> Iterator[str]:
    if kind in BY_ANY_COLUMN:
        return
    for column in KEY_COLUMNS[kind]:
        if not cells.get(column):
            yield f"{column} is empty"


_SPECIAL: Final[dict[MappingKind, Callable[[MappingKind, Cells], Iterator[str]]]] = {
    MappingKind.ITEMS: _item_faults,
    MappingKind.TAXES: _tax_faults,
    MappingKind.KITS: _kit_faults,
    MappingKind.UNITS: _unit_faults,
    MappingKind.ACCOUNTS: _account_faults,
}
