"""Reads mapping seeds: one CSV text a kind, columns `shop`, the key of the kind, and `value`.

Every bad line is reported at once with its file and line, because a mapping file is repaired in a spreadsheet.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping

from canonical.errors import MisconfiguredError
from canonical.mapping.table import ANY, KEY_COLUMNS, MappingKind, MappingRow, TableMappings, normal_rate

SEED_FILES: tuple[str, ...] = tuple(f"{kind}.csv" for kind in MappingKind)
_LONGEST = 200


def read_mappings(texts: Mapping[str, str]) -> TableMappings:
    """The mappings in CSV texts by file name (`items.csv`). Raises `MisconfiguredError` naming every bad line."""
    return TableMappings(read_rows(texts))


def read_rows(texts: Mapping[str, str]) -> list[MappingRow]:
    """The rows of all files, checked. Raises `MisconfiguredError` naming every bad line."""
    rows: list[MappingRow] = []
    problems = [
        f"{name}: no such mapping; there are {', '.join(SEED_FILES)}" for name in texts if name not in SEED_FILES
    ]
    for kind in MappingKind:
        name = f"{kind}.csv"
        if name not in texts:
            problems.append(f"{name} is missing")
            continue
        seen: dict[tuple[str, ...], int] = {}
        for line, row in _lines(name, kind, texts[name], problems):
            faults = list(_faults(kind, row))
            place = (row["shop"], *_key(kind, row))
            if not faults and (first := seen.setdefault(place, line)) != line:
                faults.append(f"the same key as line {first}")
            problems += [f"{name} line {line}: {fault}" for fault in faults]
            if not faults:
                rows.append(MappingRow(kind=kind, shop=row["shop"], key=_key(kind, row), value=row["value"]))
    if problems:
        raise MisconfiguredError(
            "\n".join(problems),
            code="mapping_invalid",
            document="mappings",
            way_out="Correct these lines and start again",
        )
    return rows


def _lines(name: str, kind: MappingKind, text: str, problems: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The data lines with their line numbers; a wrong header is one problem and gives no lines."""
    reader = csv.DictReader(io.StringIO(text))
    expected = ["shop", *KEY_COLUMNS[kind], "value"]
    if list(reader.fieldnames or ()) != expected:
        problems.append(f"{name} line 1: the columns are {', '.join(expected)}")
        return
    for row in reader:
        if None in row or None in row.values():
            problems.append(f"{name} line {reader.line_num}: {len(expected)} columns are expected")
        else:
            yield reader.line_num, {column: cell.strip() for column, cell in row.items()}


def _key(kind: MappingKind, row: Mapping[str, str]) -> tuple[str, ...]:
    if kind is MappingKind.TAXES:
        return (row["title"], normal_rate(row["rate"]), row["country"] or ANY, row["region"] or ANY)
    return tuple(row[column] for column in KEY_COLUMNS[kind])


def _faults(kind: MappingKind, row: Mapping[str, str]) -> Iterator[str]:
    """Everything wrong with one line."""
    key = [row[column] for column in KEY_COLUMNS[kind]]
    if not row["shop"]:
        yield "shop is empty; write a shop or *"
    if not row["value"]:
        yield "value is empty; delete the line to unmap"
    if not any(key):
        yield f"one of {', '.join(KEY_COLUMNS[kind])} is needed"
    if any(len(cell) > _LONGEST for cell in row.values()):
        yield f"a cell is longer than {_LONGEST} characters"
    if row["value"] == ANY and ANY not in key:
        yield "value * (the same code) needs a key of *"
    if row["value"] != ANY and kind is MappingKind.ITEMS and ANY in key:
        yield "a key of * needs value * (the same code): not every item is one item"
    if kind is MappingKind.TAXES:
        yield from _tax_faults(row)


def _tax_faults(row: Mapping[str, str]) -> Iterator[str]:
    if ANY in (row["title"], row["rate"], row["value"]):
        yield "a tax is mapped by its own title and rate, never by *"
    if row["rate"] and not re.fullmatch(r"0(\.\d+)?|1(\.0+)?", row["rate"]):
        yield f"rate {row['rate']} is not a fraction such as 0.19"
    if row["country"] not in ("", ANY) and not re.fullmatch(r"[A-Z]{2}", row["country"]):
        yield f"country {row['country']} is not a code of two letters"
    if row["region"] not in ("", ANY) and row["country"] in ("", ANY):
        yield f"region {row['region']} needs its country"
