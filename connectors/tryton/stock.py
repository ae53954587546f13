"""Tryton behind the port `StockSource`: positions of one company by product and warehouse. Nothing of ours is in it.

On hand is the whole warehouse, input and output zones too. Allocated is every planned move that leaves it, whosever
it is. `stock_positions` says in which order they are read, and why.

Limits: a draft move that is deleted leaves no trace, so the poll does not hear of it (the snapshot does). A sale that
plans its shipments later (shipment method manual or on payment) promises nothing until it does. A sale line has no
key of ours: what is allocated is told by order and SKU.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta

import httpx

from canonical.inventory import AllocatedLine, InventoryLevel, StockReport
from canonical.records import Message
from connectors.stock_events import report_of
from connectors.tryton.client import TrytonClient
from connectors.tryton.directory import Directory
from connectors.tryton.settings import TrytonSettings
from connectors.tryton.stock_changes import MoveFeed
from connectors.tryton.stock_positions import At, PositionReader, StockItem

MOST_LEVELS = 5000  # of one part of a snapshot
MOST_PRODUCTS = 500  # of one call
LOOK_BACK = timedelta(days=7)
"""How long a shipped line of ours is told again when positions are asked for; the poll tells it as it happens."""


class TrytonStock:
    """Implements `canonical.ports.stock.StockSource`."""

    def __init__(self, system: str, company: str, client: TrytonClient, directory: Directory) -> None:
        self.system, self.company = system, company
        self._client, self._directory = client, directory
        self._reader, self._feed = PositionReader(client, directory), MoveFeed(client)

    async def changes(self, cursor: str | None) -> StockReport:
        """See the port. The cursor is the time of the newest change; two minutes before it are read again, except for
        what this source has told under that very cursor. Of zero stock, only the warehouses that a change touched."""
        as_of = datetime.now(UTC)
        changes = await self._feed.since(cursor)
        domain = [("id", "in", sorted(changes.products))] if cursor else []
        items = await self._reader.items(domain) if changes.products or not cursor else []
        touched = changes.touched(await self._reader.places())
        report = await self._report(items, as_of, touched, since=changes.since)
        return report.model_copy(update={"cursor": changes.cursor})

    async def snapshot(self) -> AsyncIterator[StockReport]:
        """See the port. All parts have the moment at which the snapshot began; the last names what is complete: what
        stands there from an earlier moment, and no part tells, is zero. What is allocated comes with its SKU."""
        as_of = datetime.now(UTC)
        warehouses = (await self._reader.places()).warehouses.values()
        held = self._told((), ())
        for group in _groups(await self._reader.items([]), max(1, MOST_LEVELS // max(1, len(warehouses)))):
            part = await self._report(group, as_of, set())
            if len(held.levels) + len(part.levels) > MOST_LEVELS:
                yield held
                held = self._told((), ())
            held = self._told((*held.levels, *part.levels), (*held.allocated, *part.allocated))
        yield held.model_copy(update={"complete": tuple(sorted(warehouses))})

    async def positions(self, skus: Sequence[str]) -> StockReport:
        """See the port. Every warehouse the company ever used is told, with zero where nothing is."""
        as_of, used = datetime.now(UTC), await self._reader.used()
        items = await self._reader.items([("code", "in", sorted(set(skus)))])
        return await self._report(items, as_of, {(item.id, warehouse) for item in items for warehouse in used})

    def report_of(self, message: Message) -> StockReport:
        """See the port; the format is in `connectors.stock_events`."""
        return report_of(message, self.company)

    async def check(self) -> None:
        """See the port."""
        await self._directory.shops()

    async def aclose(self) -> None:
        """Close the connections; Tryton forgets the session by itself."""
        await self._client.aclose()

    async def _report(
        self, items: Sequence[StockItem], as_of: datetime, at_zero: Set[At], since: datetime | None = None
    ) -> StockReport:
        levels: list[InventoryLevel] = []
        lines: list[AllocatedLine] = []
        for group in _groups(items):
            found = await self._reader.read(group, since or (as_of - LOOK_BACK).replace(tzinfo=None))
            levels += found.levels(group, at_zero, self.system, as_of)
            lines += found.lines
        return self._told(levels, lines)

    def _told(self, levels: Sequence[InventoryLevel], lines: Sequence[AllocatedLine]) -> StockReport:
        return StockReport(source=self.system, company=self.company, levels=tuple(levels), allocated=tuple(lines))


def open_stock(
    system: str,
    company: str,
    settings: TrytonSettings,
    web_shops: Mapping[str, str],
    transport: httpx.AsyncBaseTransport | None = None,
) -> TrytonStock:
    """The stock of one company; it connects at the first call. `web_shops`: the web shop's name by shop."""
    client = TrytonClient(settings, transport)
    return TrytonStock(system, company, client, Directory(client, web_shops))


def _groups(items: Sequence[StockItem], most: int = MOST_PRODUCTS) -> Iterable[Sequence[StockItem]]:
    size = min(most, MOST_PRODUCTS)
    return (items[start : start + size] for start in range(0, len(items), size))
