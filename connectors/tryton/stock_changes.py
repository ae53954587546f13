"""Which moves changed since the last poll.

Tryton dates a change by the begin of its transaction, which others see when it ends; so a poll reads a stretch again.
What it has told already under the very cursor it is given, it does not tell again: the caller kept that report.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from canonical.errors import MisconfiguredError
from connectors.tryton.client import TrytonClient
from connectors.tryton.stock_places import Places

OVERLAP = timedelta(seconds=120)
"""Longer than any transaction of Tryton's: its requests end after sixty seconds, a batch of fifty orders after ten."""
_FIELDS = ["product", "from_location", "to_location", "write_date", "create_date"]


@dataclass(frozen=True, slots=True)
class Changes:
    """The moves that changed: products, the locations between which they moved, and the cursor after them.

    `since` is from when on they were read; None where that is since ever.
    """

    moves: tuple[tuple[int, int, int], ...]  # product, from, to
    since: datetime | None
    cursor: str | None

    @property
    def products(self) -> set[int]:
        """The products whose positions may have changed."""
        return {product for product, _, _ in self.moves}

    def touched(self, places: Places) -> set[tuple[int, int]]:
        """Products and warehouses of these moves."""
        pairs = ((product, places.warehouse_of(end)) for product, *ends in self.moves for end in ends)
        return {(product, warehouse) for product, warehouse in pairs if warehouse is not None}


class MoveFeed:
    """Asks for moves by when they changed, remembering what was told under the last cursor."""

    def __init__(self, client: TrytonClient) -> None:
        self._client = client
        self._cursor: str | None = None
        self._told: dict[int, datetime] = {}

    async def since(self, cursor: str | None) -> Changes:
        """The changes since the cursor. Without one: none, and the cursor of now, taken before anything is read."""
        if cursor is None:
            newest = await self._rows([], limit=1)
            if not newest:
                return Changes((), None, None)
            last = _changed(newest[0])
            self._remember(await self._rows([_changed_since(last - OVERLAP)]), last)
            return Changes((), None, self._cursor)
        since = _moment(cursor) - OVERLAP
        rows = await self._rows([_changed_since(since)])
        known = self._told if cursor == self._cursor else {}
        moves = tuple(
            (row["product"], row["from_location"], row["to_location"])
            for row in rows
            if known.get(row["id"]) != _changed(row)
        )
        if not moves and cursor == self._cursor:
            return Changes((), since, cursor)
        self._remember(rows, max([_moment(cursor), *(_changed(row) for row in rows)]))
        return Changes(moves, since, self._cursor)

    def _remember(self, rows: list[dict[str, Any]], last: datetime) -> None:
        self._cursor = _cursor(last)
        self._told = {row["id"]: _changed(row) for row in rows if _changed(row) >= last - OVERLAP}

    async def _rows(self, domain: list[Any], limit: int | None = None) -> list[dict[str, Any]]:
        order = [("write_date", "DESC NULLS LAST"), ("id", "DESC")] if limit else None
        company = await self._client.company()
        rows: list[dict[str, Any]] = await self._client.read(
            "model.stock.move.search_read", [("company", "=", company), *domain], 0, limit, order, _FIELDS
        )
        return rows


def _changed_since(moment: datetime) -> list[Any]:
    """Tryton leaves the date of the last change empty until the first."""
    return ["OR", ("write_date", ">=", moment), [("write_date", "=", None), ("create_date", ">=", moment)]]


def _changed(row: Mapping[str, Any]) -> datetime:
    changed: datetime = row["write_date"] or row["create_date"]
    return changed


def _cursor(moment: datetime) -> str:
    """The moment, and something of its own, so that what was told under it is known to have been kept."""
    return f"{moment.isoformat()}/{uuid4().hex[:12]}"


def _moment(cursor: str) -> datetime:
    try:
        return datetime.fromisoformat(cursor.partition("/")[0])
    except ValueError as error:
        raise MisconfiguredError(
            f"the cursor {cursor!r} is no cursor of Tryton's stock",
            code="cursor_unreadable",
            way_out="Delete the cursor: everything is read once more.",
        ) from error
