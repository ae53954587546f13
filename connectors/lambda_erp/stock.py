"""Lambda ERP behind the port `StockSource`: the balance of one company's warehouses.

The balance has, of one moment, what is there and what submitted sales orders still have to deliver: that is allocated.
Our orders that it counts are read before it, and what purchase orders will bring after it, so that a change meanwhile
makes a figure too low, never too high.

Limits: no list of changes, so a poll reads the whole balance in one call and compares. What is due comes from purchase
orders with a date; stock entries happen at once, so nothing is in transit. Quality holds are unknown to it.
A warehouse is named here without the suffix of its company: `DC-EAST` for `DC-EAST - NORT`.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from canonical.errors import MisconfiguredError
from canonical.inventory import AllocatedLine, InventoryLevel, StockReport
from canonical.records import Message
from connectors.exact import exact
from connectors.lambda_erp.client import LambdaErpClient
from connectors.lambda_erp.settings import LambdaErpSettings
from connectors.lambda_erp.stock_documents import StockDocuments
from connectors.lambda_erp.stock_masters import StockMasters
from connectors.stock_events import report_of

MOST_LEVELS = 5000  # of one part of a snapshot
ONE_BY_ONE = 5  # up to so many SKUs the balance is asked for each
OVERLAP = timedelta(seconds=60)
"""Read again with each poll: longer than any of its transactions."""
LOOK_BACK = timedelta(days=7)
"""How far back orders of ours are told when positions are asked for; the poll tells each as it changes."""
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


class LambdaStock:
    """Implements `canonical.ports.stock.StockSource`."""

    def __init__(self, system: str, company: str, settings: LambdaErpSettings, client: LambdaErpClient) -> None:
        self.system, self.company = system, company
        self._settings, self._client = settings, client
        self._documents, self._masters = StockDocuments(client, settings), StockMasters(client, settings)
        self._cursor: str | None = None
        self._told: dict[tuple[str, str], InventoryLevel] = {}
        self._told_orders: dict[str, str] = {}

    async def changes(self, cursor: str | None) -> StockReport:
        """See the port. What this source has told under that very cursor, it does not tell again."""
        as_of = datetime.now(UTC)
        last = _moment(cursor) if cursor else _BEGIN
        same = cursor is not None and cursor == self._cursor
        orders = await self._documents.changed_orders(last - OVERLAP if cursor else as_of - LOOK_BACK)
        known = self._told_orders if same else {}
        lines = await self._lines(name for name, stamp in orders.stamps.items() if known.get(name) != stamp)
        levels = {(level.sku, level.location): level for level in await self._levels(None, as_of)}
        before = self._told if same else {}
        fresh = [level for at, level in levels.items() if not _equal(level, before.get(at))]
        if same and not fresh and not lines:
            return self._told_as((), ()).model_copy(update={"cursor": cursor})
        self._cursor = f"{max(last, orders.newest or last).isoformat()}/{uuid4().hex[:12]}"
        self._told, self._told_orders = levels, dict(orders.stamps)
        return self._told_as(fresh, lines).model_copy(update={"cursor": self._cursor})

    async def snapshot(self) -> AsyncIterator[StockReport]:
        """See the port. The last part names what is complete. What is allocated comes with its SKU's levels."""
        as_of = datetime.now(UTC)
        lines = await self._recent_lines(as_of)
        by_sku: dict[str, list[InventoryLevel]] = {}
        for level in await self._levels(None, as_of):
            by_sku.setdefault(level.sku, []).append(level)
        held: list[InventoryLevel] = []
        skus: set[str] = set()
        for sku, levels in by_sku.items():
            if len(held) + len(levels) > MOST_LEVELS:
                yield self._told_as(held, [line for line in lines if line.sku in skus])
                held, skus = [], set()
            held, skus = [*held, *levels], skus | {sku}
        complete = tuple(sorted((await self._masters.warehouses()).values()))
        last = self._told_as(held, [line for line in lines if line.sku in skus])
        yield last.model_copy(update={"complete": complete})

    async def positions(self, skus: Sequence[str]) -> StockReport:
        """See the port. A warehouse that never had the item is not told."""
        as_of = datetime.now(UTC)
        wanted = set(skus)
        lines = [line for line in await self._recent_lines(as_of) if line.sku in wanted]
        return self._told_as(await self._levels(wanted, as_of), lines)

    def report_of(self, message: Message) -> StockReport:
        """See the port; the format is in `connectors.stock_events`."""
        return report_of(message, self.company)

    async def check(self) -> None:
        """See the port. Also finds a company without warehouses."""
        if not await self._masters.warehouses():
            raise MisconfiguredError(
                f"Lambda ERP has no warehouses of {self._settings.company}",
                code="erp_company_unknown",
                way_out="Correct the company's name in the settings.",
            )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _told_as(self, levels: Sequence[InventoryLevel], lines: Sequence[AllocatedLine]) -> StockReport:
        return StockReport(source=self.system, company=self.company, levels=tuple(levels), allocated=tuple(lines))

    async def _recent_lines(self, as_of: datetime) -> list[AllocatedLine]:
        return await self._lines((await self._documents.changed_orders(as_of - LOOK_BACK)).stamps)

    async def _lines(self, orders: Iterable[str]) -> list[AllocatedLine]:
        return [line for name in orders for line in await self._documents.lines(name)]

    async def _levels(self, skus: set[str] | None, as_of: datetime) -> list[InventoryLevel]:
        """The levels of the company's warehouses; `skus` None for all."""
        warehouses, rows = await self._masters.warehouses(), await self._balance(skus)
        units = await self._masters.units({row["item_code"] for row in rows})
        coming = await self._documents.incoming() if any(row["ordered_qty"] for row in rows) else {}
        return [
            InventoryLevel(
                sku=row["item_code"],
                location=warehouses[row["warehouse"]],
                native_location=warehouses[row["warehouse"]],
                unit=units[row["item_code"]],
                on_hand=exact(row["actual_qty"]),
                allocated=exact(row["reserved_qty"]),
                incoming=coming.get((row["item_code"], row["warehouse"]), ()),
                source=self.system,
                as_of=as_of,
            )
            for row in rows
            if row["warehouse"] in warehouses and (skus is None or row["item_code"] in skus)
        ]

    async def _balance(self, skus: set[str] | None) -> list[dict[str, Any]]:
        if skus is None or len(skus) > ONE_BY_ONE:
            return await self._client.rows("reports/stock-balance")
        return [row for sku in sorted(skus) for row in await self._client.rows("reports/stock-balance", item_code=sku)]


def open_stock(
    system: str, company: str, settings: LambdaErpSettings, transport: httpx.AsyncBaseTransport | None = None
) -> LambdaStock:
    """The stock of one company; it connects at the first call."""
    return LambdaStock(system, company, settings, LambdaErpClient(settings, transport))


def _equal(level: InventoryLevel, before: InventoryLevel | None) -> bool:
    """Whether it says the same as before, whenever that was."""
    return before is not None and level == before.model_copy(update={"as_of": level.as_of})


def _moment(cursor: str) -> datetime:
    try:
        return datetime.fromisoformat(cursor.partition("/")[0])
    except ValueError as error:
        raise MisconfiguredError(
            f"the cursor {cursor!r} is no cursor of Lambda ERP's stock",
            code="cursor_unreadable",
            way_out="Delete the cursor: everything is read once more.",
        ) from error
