"""Policies as numbers: each field of a place is one number for all its SKUs, or an array where SKUs differ."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias

import numpy as np

from canonical.rules.availability.columns import Ints, whole
from canonical.rules.policies import ANY, EVERYTHING, Policies, PolicyRow, basis_points

Value: TypeAlias = "int | Ints"

NO_CAP: Final = 2**62
_FAR: Final = 2**62
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds at one place now. `safety` below zero: what the source told. `buffer` below zero: basis points."""

    safety: Value
    buffer: Value
    share: Value
    cap: Value
    limit: Value
    open: Value
    days: Value
    priority: Value
    urgent: Value

    def of(self, cells: Ints | None) -> "Terms":
        """The terms of some cells."""
        if cells is None:
            return self
        values = (getattr(self, f.name) for f in fields(self))
        return Terms(*(value if isinstance(value, int) else value[cells] for value in values))


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
        self._members: dict[str, Ints] = {}

    def terms(self, shop: str, location: str, skus: Ints, now: datetime) -> Terms:
        """The terms of a place for these SKU numbers (sorted), at a moment."""
        rows = self._policies.at(shop, location)
        value = {name: self._field(name, rows, skus) for name in _FIELDS}
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
        )

    def _field(self, name: str, rows: Sequence[PolicyRow], skus: Ints) -> Value:
        value: Value
        value, read = _FIELDS[name]
        for row in rows:  # the least specific first
            told = getattr(row, name)
            if told is None:
                continue
            number = read(told, self._scale)
            if row.sku == ANY and row.category == ANY:
                value = number
                continue
            if isinstance(value, int):
                value = np.full(len(skus), value, np.int64)
            value[self._cells(row, skus)] = number
        return value

    def _cells(self, row: PolicyRow, skus: Ints) -> Any:
        """The cells of the SKU, or of the SKUs of the category, that a row is about."""
        if row.sku != ANY:
            number = self._number_of.get(row.sku, -1)
            if row.category not in (ANY, self._policies.categories.get(row.sku)):
                number = -1
            at = int(np.searchsorted(skus, number))
            return slice(at, at + 1) if at < len(skus) and skus[at] == number else slice(0, 0)
        if row.category not in self._members:
            members = [
                self._number_of[s]
                for s, c in self._policies.categories.items()
                if c == row.category and s in self._number_of
            ]
            self._members[row.category] = np.array(sorted(members), np.int64)
        return np.isin(skus, self._members[row.category])


def _at_most(left: Value, right: Value) -> Value:
    """1 where left <= right."""
    found = left <= right
    return int(found) if isinstance(found, bool) else found.astype(np.int64)
