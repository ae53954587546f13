"""The documents behind a balance: our sales orders it reserves for, and purchase orders that will raise it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote

from canonical.inventory import AllocatedLine, Incoming
from connectors.exact import exact
from connectors.lambda_erp.client import LambdaErpClient
from connectors.lambda_erp.settings import LambdaErpSettings

ORDERS = "documents/sales-order"
DELIVERIES = "documents/delivery-note"
PURCHASES = "documents/purchase-order"
PAGE = 200
_SUBMITTED = {"docstatus": "1", "order_by": "modified", "order": "desc"}


@dataclass(frozen=True, slots=True)
class ChangedOrders:
    """Our orders that changed: the stamp of each by name, and the newest stamp of all."""

    stamps: Mapping[str, str]
    newest: datetime | None


class StockDocuments:
    """Reads documents of one company. A document that has not changed since is not loaded again."""

    def __init__(self, client: LambdaErpClient, settings: LambdaErpSettings) -> None:
        self._client, self._settings = client, settings
        self._purchases: dict[str, tuple[str, dict[str, Any]]] = {}
        self._deliveries: dict[str, tuple[str, frozenset[str]]] = {}

    async def changed_orders(self, since: datetime) -> ChangedOrders:
        """Our orders that were submitted, changed or delivered since.

        A delivery does not date its order anew, so deliveries are asked for as well. The stamp changes with both.
        """
        stamps: dict[str, str] = {}
        newest: datetime | None = None
        async for row in self._since(ORDERS, since, external_source=self._settings.source):
            stamps[row["name"]] = row["modified"]
            newest = max(newest or _moment(row), _moment(row))
        delivered: dict[str, tuple[str, frozenset[str]]] = {}
        async for row in self._since(DELIVERIES, since):
            newest = max(newest or _moment(row), _moment(row))
            delivered[row["name"]] = await self._delivered(row)
            for name in delivered[row["name"]][1]:
                stamps[name] = f"{stamps.get(name, '')} {row['name']} {row['modified']}"
        self._deliveries = delivered
        return ChangedOrders(stamps, newest)

    async def _delivered(self, row: Mapping[str, Any]) -> tuple[str, frozenset[str]]:
        """The stamp of a delivery, and the orders it is for."""
        kept = self._deliveries.get(row["name"])
        if kept is None or kept[0] != row["modified"]:
            note = await self._client.record(f"{DELIVERIES}/{row['name']}") or {"items": []}
            orders = frozenset(item["against_sales_order"] for item in note["items"] if item.get("against_sales_order"))
            kept = (row["modified"], orders)
        return kept

    async def lines(self, order: str) -> list[AllocatedLine]:
        """The stocked lines of an order, when it is one of ours; gone when all of a line was delivered, from anywhere.

        Until then it is counted at the warehouse of its row, wherever a part of it may be shipped from.
        """
        record = await self._client.record(f"{ORDERS}/{order}")
        key = record and record["external_source"] == self._settings.source and record["external_reference"]
        parts = str(key or "").split(":")
        if record is None or len(parts) != 3 or record["docstatus"] != 1:
            return []
        return [
            AllocatedLine(
                shop=unquote(parts[0]),
                order_id=unquote(parts[2]),
                line_id=item["external_line_reference"],
                sku=item["item_code"],
                location=None if gone else item["warehouse"].removesuffix(self._settings.suffix),
                gone=gone,
            )
            for item in record["items"]
            if item["warehouse"] and item["external_line_reference"]
            for gone in (exact(item["delivered_qty"]) >= exact(item["qty"]),)
        ]

    async def incoming(self) -> dict[tuple[str, str], tuple[Incoming, ...]]:
        """What is ordered and not received, by item and warehouse, soonest first; only with a date it is due."""
        found: dict[tuple[str, str], list[Incoming]] = {}
        open_: dict[str, tuple[str, dict[str, Any]]] = {}
        async for row in self._pages(PURCHASES):
            if exact(row["per_received"]) >= 100 or not row["schedule_date"]:
                continue
            stamp = f"{row['modified']} {row['per_received']}"
            kept = self._purchases.get(row["name"])
            if kept is None or kept[0] != stamp:
                kept = (stamp, await self._client.record(f"{PURCHASES}/{row['name']}") or {"items": []})
            open_[row["name"]] = kept
            for item in kept[1]["items"]:
                rest = exact(item["qty"]) - exact(item["received_qty"])
                if item["warehouse"] and rest > 0:
                    due = date.fromisoformat(row["schedule_date"][:10])
                    coming = Incoming(quantity=rest, due=due, document=row["name"])
                    found.setdefault((item["item_code"], item["warehouse"]), []).append(coming)
        self._purchases = open_
        return {at: tuple(sorted(coming, key=lambda c: (c.due, c.document))) for at, coming in found.items()}

    async def _since(self, path: str, since: datetime, **filters: str) -> AsyncIterator[dict[str, Any]]:
        """The submitted documents of the company changed since, the newest first."""
        async for row in self._pages(path, **filters):
            if _moment(row) < since:
                return
            yield row

    async def _pages(self, path: str, **filters: str) -> AsyncIterator[dict[str, Any]]:
        offset = 0
        while True:
            rows = await self._client.rows(
                path, company=self._settings.company, limit=str(PAGE), offset=str(offset), **_SUBMITTED, **filters
            )
            for row in rows:
                yield row
            if len(rows) < PAGE:
                return
            offset += PAGE


def _moment(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(row["modified"])
