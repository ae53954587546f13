"""Policies as numbers: each field of a place is one number for all its SKUs, or an array where SKUs differ."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias

import numpy as np

from canonical.rules.availability.columns import Ints, whole
from canonical.rules.availability.pool import find
from canonical.rules.policies import ANY, EVERYTHING, Policies, PolicyRow, basis_points

Value: TypeAlias = "int | Ints"

NO_CAP: Final = 2**62
_FAR: Final = 2**62
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds at one place now. `safety` below zero: what the source told. `buffer` below zero: basis points.

    `pool` is the shop's own; `before` and `after` are those of other shops of the location, by whose turn it is.
    """

    safety: Value
    buffer: Value
    share: Value
    cap: Value
    limit: Value
    open: Value
    days: Value
    priority: Value
    urgent: Value
    pool: Value = 0
    before: Value = 0
    after: Value = 0

    def of(self, cells: Ints | None) -> "Terms":
        """The terms of some cells."""
        if cells is None:
            return self
        return Terms(*(at_cells(getattr(self, name), cells) for name in _TERMS))


def at_cells(value: Value, cells: Ints) -> Value:
    """A term of some cells."""
    return value if isinstance(value, int) else value.take(cells)


class Columns:
    """The terms of several places, field by field: looked through once, then read for many cells."""

    def __init__(self, terms: Sequence[Terms]) -> None:
        self._fields: list[int | Ints | list[Value]] = []
        for name in _TERMS:
            values: list[Value] = [getattr(one, name) for one in terms]
            numbers = [value for value in values if isinstance(value, int)]
            if len(numbers) < len(values):
                self._fields.append(values)
            else:
                self._fields.append(numbers[0] if len(set(numbers)) == 1 else np.array(numbers, np.int64))

    def joined(self, cells: Sequence[Ints]) -> Terms:
        """The terms at some cells of each place, one place after another."""
        counts = [len(some) for some in cells]

        def together(field: "int | Ints | list[Value]") -> Value:
            if isinstance(field, int):
                return field
            if not isinstance(field, list):
                return np.repeat(field, counts)
            parts = zip(field, cells, strict=True)
            return np.concatenate([np.full(len(c), v, np.int64) if isinstance(v, int) else v.take(c) for v, c in parts])

        return Terms(*(together(field) for field in self._fields))

    def stacked(self, cells: Ints) -> Terms:
        """The terms at the same cells of each place: a row for each place."""

        def rows(field: "int | Ints | list[Value]") -> Value:
            if isinstance(field, int):
                return field
            if not isinstance(field, list):
                return field[:, None]
            return np.stack(np.broadcast_arrays(*(at_cells(value, cells) for value in field)))

        return Terms(*(rows(field) for field in self._fields))


_TERMS: Final = tuple(f.name for f in fields(Terms))
_Reader: TypeAlias = Callable[[Any, int], int]


def _buffer(text: str, scale: int) -> int:
    points = basis_points(text)
    return whole(Decimal(text), scale) if points is None else -points


def _moment(value: datetime, _scale: int) -> int:
    return (value - _EPOCH) // timedelta(microseconds=1)


_FIELDS: Final[Mapping[str, tuple[int, _Reader]]] = {
    "safety_stock": (-1, whole),
    "buffer": (0, _buffer),
    "share": (EVERYTHING, lambda text, _: basis_points(text) or 0),
    "pool": (0, whole),
    "cap": (NO_CAP, whole),
    "sell": (1, lambda value, _: int(value)),
    "sell_from": (-_FAR, _moment),
    "sell_until": (_FAR, _moment),
    "backorder": (0, lambda value, _: int(value)),
    "backorder_limit": (0, whole),
    "backorder_until": (_FAR, lambda day, _: day.toordinal()),
    "incoming_days": (0, lambda value, _: int(value)),
    "priority": (100, lambda value, _: int(value)),
    "urgent_below": (0, lambda value, _: int(value)),
}
"""Field of a row: what holds when no row sets it, and how its value becomes a number."""


class Compiler:
    """Makes the terms of places. `names` are all SKUs by number, `number_of` the way back."""

    def __init__(self, policies: Policies, names: Sequence[str], number_of: Mapping[str, int], scale: int) -> None:
        self._policies, self._names, self._number_of, self._scale = policies, names, number_of, scale
        self._members_of: dict[str, Ints] = {}
        self._holding_at: dict[tuple[str, str], Any] = {}
        numbers = [(row, self._in_numbers(row)) for row in policies.in_order]
        self._rows = [(row, found) for row, found in numbers if row.sku == ANY]
        alone = [(row, found) for row, found in numbers if row.sku != ANY]
        self._sku_rows = [row for row, _ in alone]
        self._sku_fields: dict[str, tuple[Ints, Ints]] = {}
        for name in _FIELDS:
            pairs = [(n, found[name]) for n, (_, found) in enumerate(alone) if name in found]
            self._sku_fields[name] = (_column(pairs, 0), _column(pairs, 1))
        self.forget()

    def terms(self, shop: str, location: str, skus: Ints, now: datetime) -> Terms:
        """The terms of a place for these SKU numbers (sorted), at a moment."""
        value = self._values(shop, location, skus)
        moment = _moment(now, 1)
        begun, ended = _at_most(value["sell_from"], moment), _at_most(value["sell_until"], moment)
        in_time = _at_most(now.date().toordinal(), value["backorder_until"])
        return Terms(
            safety=value["safety_stock"],
            buffer=value["buffer"],
            share=value["share"],
            cap=value["cap"],
            limit=value["backorder_limit"] * value["backorder"] * in_time,
            open=value["sell"] * begun * (1 - ended),
            days=value["incoming_days"],
            priority=value["priority"],
            urgent=value["urgent_below"],
            pool=value["pool"] * value["sell"] * (1 - ended),
        )

    @property
    def keep_pools(self) -> bool:
        """Whether any row keeps something for a shop."""
        return any(row.pool for row in self._policies.rows)

    def forget(self) -> None:
        """There are more SKUs now."""
        self._members_of.clear()
        self._sku_numbers = np.array([self._number(row) for row in self._sku_rows], np.int64)

    def _values(self, shop: str, location: str, skus: Ints) -> dict[str, Value]:
        value: dict[str, Value] = {name: usual for name, (usual, _) in _FIELDS.items()}
        self._by_rows(value, shop, location, skus)
        self._by_sku_rows(value, shop, location, skus)
        return value

    def _in_numbers(self, row: PolicyRow) -> dict[str, int]:
        told = ((name, getattr(row, name)) for name in _FIELDS)
        return {name: _FIELDS[name][1](value, self._scale) for name, value in told if value is not None}

    def _by_rows(self, value: dict[str, Value], shop: str, location: str, skus: Ints) -> None:
        """The rows of every SKU, the least specific first, then those of a category."""
        for row, numbers in self._rows:
            if not self._policies.holds(row, shop, location):
                continue
            if row.category == ANY:
                value |= numbers
                continue
            cells, there = find(skus, self._members(row.category))
            for name, number in numbers.items():
                _array(value, name, len(skus))[cells[there]] = number

    def _by_sku_rows(self, value: dict[str, Value], shop: str, location: str, skus: Ints) -> None:
        """The rows of one SKU, together: of two for the same cell the later one counts."""
        if not self._sku_rows:
            return
        cells, there = find(skus, self._sku_numbers)
        there &= self._holding(shop, location)
        for name, (rows, numbers) in self._sku_fields.items():
            counts = there[rows]
            if counts.any():
                _array(value, name, len(skus))[cells[rows[counts]]] = numbers[counts]

    def _holding(self, shop: str, location: str) -> Any:
        """Which of the rows of one SKU may hold at a place."""
        if (shop, location) not in self._holding_at:
            holding = (self._policies.holds(row, shop, location) for row in self._sku_rows)
            self._holding_at[shop, location] = np.fromiter(holding, bool)
        return self._holding_at[shop, location]

    def _number(self, row: PolicyRow) -> int:
        """Of the row's SKU; below zero when it is in another category than the row says."""
        fits = row.category in (ANY, self._policies.categories.get(row.sku))
        return self._number_of.get(row.sku, -1) if fits else -1

    def _members(self, category: str) -> Ints:
        if category not in self._members_of:
            of = self._policies.categories.items()
            numbers = [self._number_of[sku] for sku, name in of if name == category and sku in self._number_of]
            self._members_of[category] = np.array(sorted(numbers), np.int64)
        return self._members_of[category]


def _column(pairs: Sequence[tuple[int, int]], which: int) -> Ints:
    return np.array([pair[which] for pair in pairs], np.int64)


def _array(value: dict[str, Value], name: str, count: int) -> Ints:
    """The field as an array that may be written to: SKUs differ in it."""
    known = value[name]
    if isinstance(known, int):
        known = np.full(count, known, np.int64)
        value[name] = known
    return known


def _at_most(left: Value, right: Value) -> Value:
    """1 where left <= right."""
    found = left <= right
    return int(found) if isinstance(found, bool) else found.astype(np.int64)
