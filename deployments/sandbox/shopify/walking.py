"""Long lists in a fixed order, paged by looking only at the rows of the page."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from deployments.sandbox.shopify.errors import bad_request
from deployments.sandbox.shopify.records import Record


@dataclass(frozen=True, slots=True)
class Walk:
    """Ids in order, with the place of each; `row` gives the record, None when it does not count."""

    ids: list[str]
    places: dict[str, int]
    row: Callable[[str], Record | None]
    reverse: bool = False

    def page(self, first: int | None, last: int | None, after: str | None, before: str | None) -> Record:
        """One page as a connection."""
        size = len(self.ids)
        start = self._place(after) + 1 if after else 0
        stop = self._place(before) if before else size
        if first is not None:
            rows, more = self._taken(range(start, stop), first)
            ahead, behind = more, start > 0 and self._any(range(start))
        else:
            assert last is not None
            rows, more = self._taken(range(stop - 1, start - 1, -1), last)
            rows.reverse()
            ahead, behind = stop < size and self._any(range(stop, size)), more
        cursors = [_cursor(row["id"]) for row in rows]
        return {
            "nodes": rows,
            "edges": [{"cursor": cursor, "node": row} for cursor, row in zip(cursors, rows, strict=True)],
            "pageInfo": {
                "hasNextPage": ahead,
                "hasPreviousPage": behind,
                "startCursor": cursors[0] if cursors else None,
                "endCursor": cursors[-1] if cursors else None,
            },
        }

    def reversed(self) -> "Walk":
        """The same list from its end."""
        return replace(self, reverse=not self.reverse)

    def _taken(self, places: range, limit: int) -> tuple[list[Record], bool]:
        """Up to `limit` rows, and whether there are more."""
        rows: list[Record] = []
        for place in places:
            row = self._at(place)
            if row is None:
                continue
            if len(rows) == limit:
                return rows, True
            rows.append(row)
        return rows, False

    def _any(self, places: range) -> bool:
        return any(self._at(place) is not None for place in places)

    def _at(self, place: int) -> Record | None:
        return self.row(self.ids[len(self.ids) - 1 - place if self.reverse else place])

    def _place(self, cursor: str) -> int:
        """Where a cursor stands; one whose record is gone stands before everything."""
        try:
            value: Any = orjson.loads(base64.b64decode(cursor, validate=True))["last_id"]
        except (binascii.Error, ValueError, KeyError, TypeError):
            raise bad_request("Malformed cursor") from None
        place = self.places.get(value)
        if place is None:
            return -1
        return len(self.ids) - 1 - place if self.reverse else place


def _cursor(record_id: str) -> str:
    return base64.b64encode(orjson.dumps({"last_id": record_id, "last_value": record_id})).decode()
