"""What a source counts of an order line, place by place, also where the line does not wait (yet).

An ERP books a sale at one warehouse and counts all its pieces there, while some wait at another: those stay reserved
where they wait until they have left from there. And a line may be moved to where it is counted already. So each
reservation remembers what is counted `elsewhere`, and a move gives every piece its count back.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

import orjson

Row: TypeAlias = dict[str, Any]
Line: TypeAlias = tuple[str, str, str, str]
_ZERO: Final = Decimal(0)


def line_of(row: Mapping[str, Any]) -> Line:
    """The order line that a reservation is a part of, whatever location its id is of."""
    location = row["location"]
    line_id = row["line_id"] if location is None else row["line_id"].removesuffix(f"@{location}")
    return row["scope"], row["order_id"], line_id, row["sku"]


def elsewhere(row: Mapping[str, Any]) -> dict[str, Decimal]:
    """What is counted of the line at places where this part of it does not wait."""
    return {place: Decimal(text) for place, text in orjson.loads(row["elsewhere"] or b"{}").items()}


def with_elsewhere(row: Row, counted: Mapping[str, Decimal]) -> Row:
    """The row that remembers so."""
    text = {place: f"{amount:f}" for place, amount in sorted(counted.items()) if amount}
    return row | {"elsewhere": orjson.dumps(text).decode() if text else None}


class Counts:
    """What is counted of the lines of some orders, to be shared out anew among their parts."""

    def __init__(self, standing: Iterable[Row]) -> None:
        self._rows: dict[Line, list[Row]] = defaultdict(list)
        for row in standing:
            self._rows[line_of(row)].append(row)

    def at(self, line: Line, location: str | None) -> Row | None:
        """The part of a line that stands at a location."""
        return next((row for row in self._rows[line] if row["location"] == location), None)

    def share(self, line: Line, parts: Sequence[Row]) -> list[Row]:
        """The parts of a line, each with what is counted of it where it waits, and what is counted elsewhere."""
        nowhere, told = self._told(line)
        shared: list[Row] = []
        for place, mine in _by_place(parts).items():
            if place is None:
                total, others = nowhere + sum(told.values(), _ZERO), told
            else:
                total = nowhere + told.get(place, _ZERO)
                others = {other: amount for other, amount in told.items() if other != place}
            nowhere = _ZERO
            shared += [with_elsewhere(row, others) for row in self._split(line, mine, total)]
        return shared

    def _split(self, line: Line, parts: Sequence[Row], total: Decimal) -> list[Row]:
        """What a part had it keeps; the rest goes to those that lack it, and what is too much to the first."""
        own = [min(total, (self.at(line, row["location"]) or {}).get("allocated") or _ZERO) for row in parts]
        rest = max(_ZERO, total - sum(own, _ZERO))
        for number, row in enumerate(parts):
            more = min(rest, max(_ZERO, row["quantity"] - own[number]))
            own[number], rest = own[number] + more, rest - more
        own[0] += rest
        return [row | {"allocated": amount} for row, amount in zip(parts, own, strict=True)]

    def _told(self, line: Line) -> tuple[Decimal, dict[str, Decimal]]:
        """What was counted while the line had no place, nobody said where; and what is counted at each place."""
        nowhere, told = _ZERO, defaultdict[str, Decimal](Decimal)
        for row in self._rows[line]:
            counted = row["allocated"] or _ZERO
            if row["place"] is None:
                nowhere += max(_ZERO, counted - sum(elsewhere(row).values(), _ZERO))
            else:
                told[row["place"]] += counted
        for row in self._rows[line]:
            for place, amount in elsewhere(row).items():
                told[place] = max(told[place], amount)
        return nowhere, dict(told)


def parts_of(rows: Iterable[Row]) -> dict[Line, list[Row]]:
    """Rows by the line that they are parts of."""
    found: dict[Line, list[Row]] = defaultdict(list)
    for row in rows:
        found[line_of(row)].append(row)
    return found


def _by_place(parts: Sequence[Row]) -> dict[str | None, list[Row]]:
    found: dict[str | None, list[Row]] = defaultdict(list)
    for row in parts:
        found[row["place"]].append(row)
    return found
