"""Reads and writes mappings as CSV texts, one file a kind: columns `shop` (or `system`), the key of the kind, `value`.

Every bad line is reported at once with its file, line and field, because a mapping file is repaired in a spreadsheet.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from canonical.errors import MisconfiguredError
from canonical.mapping.cells import cells_of, columns_of, faults, row_of
from canonical.mapping.kinds import OPTIONAL_COLUMNS, MappingKind, MappingRow, in_force
from canonical.mapping.table import TableMappings

SEED_FILES: Final = tuple(f"{kind}.csv" for kind in MappingKind)
FIRST_FILES: Final = tuple(
    f"{kind}.csv"
    for kind in (
        MappingKind.ITEMS, MappingKind.TAXES, MappingKind.SHIPPING_METHODS, MappingKind.LOCATIONS,
        MappingKind.PAYMENT_METHODS, MappingKind.ACCOUNT_ITEMS,
    )
)  # fmt: skip
"""Without these no order can be booked: a folder of seeds that lacks one is refused. The others may be left out."""


def read_mappings(texts: Mapping[str, str], moment: datetime | None = None) -> TableMappings:
    """The mappings in CSV texts by file name (`items.csv`), those in force at the moment where one is given.

    Raises `MisconfiguredError` naming every bad line.
    """
    rows = read_rows(texts)
    return TableMappings(rows if moment is None else in_force(rows, moment))


def read_rows(texts: Mapping[str, str]) -> list[MappingRow]:
    """The rows of all files, checked. Raises `MisconfiguredError` naming every bad line."""
    problems = [
        f"{name}: no such mapping; there are {', '.join(SEED_FILES)}" for name in texts if name not in SEED_FILES
    ]
    rows: list[MappingRow] = []
    for kind in MappingKind:
        name = f"{kind}.csv"
        if name in texts:
            rows += read_file(kind, texts[name], name, problems)
        elif name in FIRST_FILES:
            problems.append(f"{name} is missing")
    refuse(problems)
    return rows


def refuse(problems: list[str]) -> None:
    """Raises `MisconfiguredError` with all problems, when there are any."""
    if problems:
        raise MisconfiguredError(
            "\n".join(problems),
            code="mapping_invalid",
            document="mappings",
            way_out="Correct these lines and start again",
        )


def read_file(kind: MappingKind, text: str, name: str, problems: list[str]) -> list[MappingRow]:
    """The good rows of one file; what is wrong with the others is added to `problems`, file and line first."""
    rows: list[MappingRow] = []
    seen: dict[tuple[str, str, tuple[str, ...]], list[tuple[int, MappingRow]]] = {}
    for line, cells in _lines(name, kind, text, problems):
        found = list(faults(kind, cells))
        if not found:
            row = row_of(kind, cells)
            found = [f"the same key as line {first}" for first, other in seen.get(row.place, ()) if overlap(row, other)]
            seen.setdefault(row.place, []).append((line, row))
        problems += [f"{name} line {line}: {fault}" for fault in found]
        if not found:
            rows.append(row)
    return rows


def overlap(one: MappingRow, other: MappingRow) -> bool:
    """Whether there is a moment at which both hold."""
    first = one.valid_to is None or other.valid_from is None or other.valid_from < one.valid_to
    second = other.valid_to is None or one.valid_from is None or one.valid_from < other.valid_to
    return first and second


def _lines(name: str, kind: MappingKind, text: str, problems: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The data lines with their line numbers; a wrong header is one problem and gives no lines."""
    reader = csv.DictReader(io.StringIO(text))
    columns, header = columns_of(kind), list(reader.fieldnames or ())
    needed = [column for column in columns if column not in OPTIONAL_COLUMNS]
    given = [column for column in columns if column in header]
    if header != given or [column for column in header if column not in OPTIONAL_COLUMNS] != needed:
        optional = ", ".join(column for column in columns if column in OPTIONAL_COLUMNS)
        problems.append(f"{name} line 1: the columns are {', '.join(needed)}; in their places may be {optional}")
        return
    for row in reader:
        if None in row or None in row.values():
            problems.append(f"{name} line {reader.line_num}: {len(header)} columns are expected")
        else:
            yield reader.line_num, dict.fromkeys(columns, "") | {k: cell.strip() for k, cell in row.items()}


def write_file(kind: MappingKind, rows: Iterable[MappingRow]) -> str:
    """The rows of a kind as CSV, sorted; optional columns that are blank in every row are left out."""
    lines = sorted((cells_of(row) for row in rows if row.kind is kind), key=lambda cells: tuple(cells.values()))
    used = {column for cells in lines for column, cell in cells.items() if cell}
    columns = [column for column in columns_of(kind) if column not in OPTIONAL_COLUMNS or column in used]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()
