"""What must hold of all rows together: no gaps, no overlaps, no conflicts, look-ups back stay unique, kits end."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Final

from canonical.mapping.cells import cells_of, faults
from canonical.mapping.kinds import ANY, BY_ANY_COLUMN, KEY_COLUMNS, MappingKind, MappingRow
from canonical.mapping.seeds import overlap

Rows = list[MappingRow]


def new_problems(before: Iterable[MappingRow], after: Iterable[MappingRow]) -> tuple[str, ...]:
    """What is wrong after a change that was not wrong before, each in a sentence.

    Only rows that changed, and those that share a place, a part of the key or a value with them, are looked at: one
    change among 100,000 rows costs little more than reading them.
    """
    old, new = list(before), list(after)
    touched = {trait for row in set(old) ^ set(new) for trait in _traits(row)}
    near = [[row for row in rows if not touched.isdisjoint(_traits(row))] for rows in (old, new)]
    known = set(problems(near[0]))
    return tuple(dict.fromkeys(words for words in problems(near[1]) if words not in known))


def _traits(row: MappingRow) -> Iterator[tuple[str, ...]]:
    """What two rows share that can contradict each other."""
    if row.kind is MappingKind.KITS:
        yield (row.kind,)
    elif row.kind in BY_ANY_COLUMN:
        yield from ((row.kind, row.shop, part) for part in row.key if part)
        if row.kind is MappingKind.LOCATIONS:
            yield (row.kind, row.shop, "value", row.value)
    else:
        yield (row.kind, row.shop, *(part.casefold() for part in row.key))


def problems(rows: Iterable[MappingRow]) -> Iterator[str]:
    """Everything that contradicts itself."""
    by_kind: dict[MappingKind, Rows] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row)
        for fault in faults(row.kind, cells_of(row)):
            yield f"{row.words()}: {fault}"
    for kind, mine in by_kind.items():
        yield from _times(mine)
        if kind in BY_ANY_COLUMN:
            yield from _conflicts(mine)
        if kind in _OF_KIND:
            yield from _OF_KIND[kind](mine)


def _grouped(rows: Rows, key: Callable[[MappingRow], object]) -> Iterator[Rows]:
    groups: dict[object, Rows] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return (group for group in groups.values() if len(group) > 1)


def _times(rows: Rows) -> Iterator[str]:
    """Rows of one place follow each other without a gap and without an overlap."""
    for group in _grouped(rows, lambda row: row.place):
        ordered = sorted(group, key=lambda row: (row.valid_from is not None, row.valid_from))
        for first, second in pairwise(ordered):
            if overlap(first, second):
                yield f"{first.words()} and {second.words()} overlap in time"
            elif first.valid_to != second.valid_from:
                yield f"{first.words()}: nothing is mapped between {first.valid_to} and {second.valid_from}"


def _conflicts(rows: Rows) -> Iterator[str]:
    """One SKU (id, name) of a shop stands for one thing."""
    for column, name in enumerate(KEY_COLUMNS[rows[0].kind]):
        filled = [row for row in rows if len(row.key) > column and row.key[column]]
        for group in _grouped(filled, lambda row, column=column: (row.shop, row.key[column])):  # type: ignore[misc]
            for one, other in combinations(group, 2):
                if one.value != other.value and overlap(one, other):
                    yield f"{name} {one.key[column]} of {one.shop} stands for {one.value} and for {other.value}"


def _one_way_back(rows: Rows) -> Iterator[str]:
    """A canonical location is one location of the shop, so that stock knows where to be shown."""
    own = [row for row in rows if row.value != ANY and ANY not in row.key]
    for group in _grouped(own, lambda row: (row.shop, row.value)):
        for one, other in combinations(group, 2):
            if one.place != other.place and overlap(one, other):
                places = " and ".join(" ".join(part for part in row.key if part) for row in (one, other))
                yield f"{one.value} of {one.shop} would be two locations: {places}"


def _unit_factors(rows: Rows) -> Iterator[str]:
    """A unit that is spelled in two ways is still one unit."""
    for group in _grouped(rows, lambda row: (row.shop, row.key[0], row.key[1].casefold())):
        for one, other in combinations(group, 2):
            if overlap(one, other) and _factor(one) != _factor(other):
                yield f"unit {one.key[1]} of {one.shop} is {one.value}, but {other.key[1]} is {other.value}"


def _factor(row: MappingRow) -> Fraction | None:
    try:
        return Fraction(row.value)
    except (ValueError, ZeroDivisionError):
        return None


def _kits_end(rows: Rows) -> Iterator[str]:
    """A kit is never part of itself, however deep."""
    for shop in sorted({row.shop for row in rows}):
        inside: dict[str, set[str]] = {}
        for row in rows:
            if row.shop in (shop, ANY):
                inside.setdefault(row.key[0], set()).add(row.key[1])
        for sku in sorted(inside):
            if sku in _reached(sku, inside):
                yield f"kit {sku} of {shop} would be part of itself"


def _reached(sku: str, inside: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    queue = [sku]
    while queue:
        for part in inside.get(queue.pop(), ()):
            if part not in found:
                found.add(part)
                queue.append(part)
    return found


_OF_KIND: Final[dict[MappingKind, Callable[[Rows], Iterator[str]]]] = {
    MappingKind.LOCATIONS: _one_way_back,
    MappingKind.UNITS: _unit_factors,
    MappingKind.KITS: _kits_end,
}
