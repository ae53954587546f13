"""What changed since a cursor: shipments, boxes, returns and moves, by when Tryton says they changed.

Tryton dates a change by the begin of its transaction, which others see when it ends; so every poll reads two minutes
again. Events carry ids, so twice does no harm.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

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


class Poller:
    """Asks for changes."""

    def __init__(self, system: str, client: WmsClient, reader: TaskReader, settings: TrytonWmsSettings) -> None:
        self._system, self._client, self._reader, self._settings = system, client, reader, settings

    async def changes(self, cursor: str | None) -> WarehouseReport:
        """Without a cursor: every request and return there is; of the warehouse's own stock, only what it does now."""
        since = _time(cursor) - OVERLAP if cursor else None
        of_stock = since or datetime.now(UTC) - OVERLAP
        shipments, boxes, returns, moves = await asyncio.gather(
            self._client.find("stock.shipment.out", _since(since), ["customer", *_DATES]),
            self._client.find("stock.package", _since(since), ["shipment", *_DATES]),
            self._client.find("stock.shipment.out.return", _since(since), RETURN_FIELDS),
            self._client.find("stock.move", [*_since(of_stock), *_OWN], MOVE_FIELDS),
        )
        parties = {row["customer"] for row in shipments} | await self._receivers(boxes)
        tasks = await self._reader.by_party(parties | {row["customer"]["id"] for row in returns})
        events = [event for party in sorted(parties & tasks.keys()) for event in events_of(tasks[party], self._system)]
        for row in returns:
            events += return_events(row, tasks.get(row["customer"]["id"]), self._system, self._settings)
        fields = ["code", "name", "type", "parent"]
        homes = homes_of(await self._client.find("stock.location", [], fields)) if moves else {}
        told = (movement_event(row, homes, self._system, self._settings) for row in moves)
        events += [event for event in told if event is not None]
        newest = _newest([*shipments, *boxes, *returns, *moves], cursor)
        return WarehouseReport(events=tuple(_in_order(events)), cursor=newest)

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


def _newest(rows: Iterable[dict[str, Any]], cursor: str | None) -> str | None:
    moments = [changed_at(row) for row in rows]
    if cursor:
        moments.append(_time(cursor))
    return max(moments).isoformat() if moments else None


def _time(cursor: str) -> datetime:
    try:
        return datetime.fromisoformat(cursor).astimezone(UTC)
    except ValueError as error:
        raise RejectedError(
            "the cursor is no time", code="bad_cursor", way_out="Delete the cursor; everything is read again."
        ) from error
