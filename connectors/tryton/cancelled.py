"""Sales that were cancelled in Tryton since the last look.

Tryton dates a change by the begin of its transaction, so the last two minutes are read again; what was told under the
cursor that comes back is not told again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from canonical.errors import MisconfiguredError
from connectors.tryton.client import TrytonClient
from connectors.tryton.directory import Directory

OVERLAP = timedelta(seconds=120)
_BEFORE_ALL = datetime(2000, 1, 1)  # noqa: DTZ001 - Tryton's own times, UTC without saying so
_FIELDS = ["web_id", "state", "write_date", "shipments.state", "invoices.state"]


class CancelledSales:
    """Asks for sales of the company's web shops by when they changed."""

    def __init__(self, client: TrytonClient, directory: Directory) -> None:
        self._client, self._directory = client, directory
        self._cursor: str | None = None
        self._told: frozenset[str] = frozenset()

    async def since(self, cursor: str | None) -> tuple[tuple[str, ...], str | None]:
        """See the port. Without a cursor: none, and the cursor of now; where nothing changed yet, all is news later."""
        shops = sorted(shop.id for shop in (await self._directory.shops()).values())
        ours: list[Any] = [("web_shop", "in", shops), ("write_date", "!=", None)]
        if cursor is None:
            newest = await self._rows(ours, limit=1)
            self._cursor, self._told = _cursor(newest[0]["write_date"] if newest else _BEFORE_ALL), frozenset()
            return (), self._cursor
        rows = await self._rows([*ours, ("write_date", ">=", _moment(cursor) - OVERLAP)])
        keys = tuple(row["web_id"] for row in rows if _is_cancelled(row))
        known = self._told if cursor == self._cursor else frozenset()
        fresh = tuple(key for key in keys if key not in known)
        if not fresh and cursor == self._cursor:
            return (), cursor
        self._cursor = _cursor(max([_moment(cursor), *(row["write_date"] for row in rows)]))
        self._told = frozenset(keys)
        return fresh, self._cursor

    async def _rows(self, domain: list[Any], limit: int | None = None) -> list[dict[str, Any]]:
        ended = [] if limit else [("state", "in", ["cancelled", "done"]), ("origin", "=", None)]
        rows: list[dict[str, Any]] = await self._client.read(
            "model.sale.sale.search_read", [*domain, *ended], 0, limit, [("write_date", "DESC")], _FIELDS
        )
        return rows


def _is_cancelled(row: Mapping[str, Any]) -> bool:
    """Cancelled before it was processed, or done because all it led to was cancelled: Tryton calls that done."""
    if row["state"] == "cancelled":
        return True
    states = {record["state"] for record in (*(row["shipments."] or ()), *(row["invoices."] or ()))}
    return states == {"cancelled"}


def _cursor(moment: datetime) -> str:
    return f"{moment.isoformat()}/{uuid4().hex[:12]}"


def _moment(cursor: str) -> datetime:
    try:
        return datetime.fromisoformat(cursor.partition("/")[0])
    except ValueError as error:
        raise MisconfiguredError(
            f"the cursor {cursor!r} is no cursor of Tryton's sales",
            code="cursor_unreadable",
            way_out="Delete the cursor: cancellations are told from now on.",
        ) from error
