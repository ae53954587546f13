"""What changed since a cursor: shipments, boxes, returns and moves, by when Tryton says they changed.

Tryton dates a change by the begin of its transaction, which others see when it ends; so every poll reads two minutes
again. Events carry ids, so twice does no harm.

The stock of the warehouse is aligned by comparison, never told as movements: the first poll takes what is done by then
as the start. The moves it saw that the next polls read again are kept in the cursor, by id: a move that was in the
making meanwhile bears an earlier date than the start and is told.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from canonical.errors import RejectedError
from canonical.ports.warehouse import WarehouseReport
from canonical.warehouse import WarehouseEvent
from connectors.tryton_wms.goods import MOVE_FIELDS, RETURN_FIELDS, homes_of, movement_event, return_events
from connectors.tryton_wms.rest import WmsClient
from connectors.tryton_wms.settings import TrytonWmsSettings
from connectors.tryton_wms.tasks import TaskReader, changed_at
from connectors.tryton_wms.telling import events_of

OVERLAP: Final = timedelta(seconds=120)
"""Longer than any transaction of Tryton's."""
_DATES: Final = ["write_date", "create_date"]
_OWN: Final = [
    ("state", "=", "done"),
    ["OR", ("shipment", "=", None), ("shipment", "like", "stock.shipment.in%")],
]  # internal shipments too: their model's name begins the same way


_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Cursor:
    """How far we read, by the warehouse's clock, and the opening moves that lie in the overlap: "TIME ID,ID"."""

    at: datetime
    opening: frozenset[int] = frozenset()

    @classmethod
    def read(cls, text: str) -> Self:
        moment, _, ids = text.partition(" ")
        try:
            return cls(
                datetime.fromisoformat(moment).astimezone(UTC), frozenset(int(id_) for id_ in ids.split(",") if id_)
            )
        except ValueError as error:
            raise RejectedError(
                "the cursor is no time", code="bad_cursor", way_out="Delete the cursor; everything is read again."
            ) from error

    def __str__(self) -> str:
        ids = ",".join(str(id_) for id_ in sorted(self.opening))
        return f"{self.at.isoformat()} {ids}".rstrip()


class Poller:
    """Asks for changes."""

    def __init__(self, system: str, client: WmsClient, reader: TaskReader, settings: TrytonWmsSettings) -> None:
        self._system, self._client, self._reader, self._settings = system, client, reader, settings

    async def changes(self, cursor: str | None) -> WarehouseReport:
        """Without a cursor: every request and return there is; of the warehouse's own stock, nothing before now."""
        known = _Cursor.read(cursor) if cursor else None
        since = known.at - OVERLAP if known else None
        shipments, boxes, returns, moves = await asyncio.gather(
            self._client.find("stock.shipment.out", _since(since), ["customer", *_DATES]),
            self._client.find("stock.package", _since(since), ["shipment", *_DATES]),
            self._client.find("stock.shipment.out.return", _since(since), RETURN_FIELDS),
            self._own_moves(since),
        )
        opening = {row["id"] for row in moves if known is None or row["id"] in known.opening}
        newest = _newest([*shipments, *boxes, *returns, *moves], known)
        parties = {row["customer"] for row in shipments} | await self._receivers(boxes)
        tasks = await self._reader.by_party(parties | {row["customer"]["id"] for row in returns})
        events = [event for party in sorted(parties & tasks.keys()) for event in events_of(tasks[party], self._system)]
        for row in returns:
            events += return_events(row, tasks.get(row["customer"]["id"]), self._system, self._settings)
        events += await self._movements([row for row in moves if row["id"] not in opening])
        cursor = str(_Cursor(newest, frozenset(opening)))
        return WarehouseReport(events=tuple(_in_order(events)), cursor=cursor)

    async def _own_moves(self, since: datetime | None) -> list[dict[str, Any]]:
        """What the warehouse did to its own stock; without a time, what lies so near the end that it is read again."""
        if since is None:
            last = await self._client.last_written("stock.move", _OWN, _DATES)
            if last is None:
                return []
            since = changed_at(last) - OVERLAP
        return await self._client.find("stock.move", [*_since(since), *_OWN], MOVE_FIELDS)

    async def _movements(self, moves: list[dict[str, Any]]) -> list[WarehouseEvent]:
        """The moves as events."""
        if not moves:
            return []
        homes = homes_of(await self._client.find("stock.location", [], ["code", "name", "type", "parent"]))
        told = (movement_event(row, homes, self._system, self._settings) for row in moves)
        return [event for event in told if event is not None]

    async def _receivers(self, boxes: Iterable[dict[str, Any]]) -> set[int]:
        """The consignees of boxes."""
        ids = sorted({int(number) for box in boxes if (number := (box["shipment"] or "").rpartition(",")[2])})
        rows = await self._client.find("stock.shipment.out", [("id", "in", ids)], ["customer"]) if ids else []
        return {row["customer"] for row in rows}


def _since(moment: datetime | None) -> list[Any]:
    if moment is None:
        return []
    at = moment.astimezone(UTC).replace(tzinfo=None)
    return [["OR", ("write_date", ">=", at), ("create_date", ">=", at)]]


def _in_order(events: Iterable[WarehouseEvent]) -> list[WarehouseEvent]:
    """By time; events of one moment stay in the order in which they were told."""
    return sorted(events, key=lambda event: event.occurred_at)


def _newest(rows: Iterable[dict[str, Any]], known: _Cursor | None) -> datetime:
    """In a warehouse where nothing happened yet, the beginning of time: a start all the same."""
    return max([known.at if known else _BEGINNING, *(changed_at(row) for row in rows)])
