"""Goods that move: shipments, returns and movements made elsewhere.

A shipment is a delivery note against the order's rows, from the warehouse it left. A return authorisation is a stock
entry that stays a draft: Lambda ERP has no document that announces a return. What comes back goes to stock by a stock
entry of its own, at the cost the item has there; a return of the delivery note is not used, because Lambda ERP would
reserve the goods for the order again. The account of a movement is the company's stock adjustment account, always;
ours is told in the remarks.

Limit: Lambda ERP lets no stock go below zero. A shipment or a loss of more than it thinks is there is refused by it.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from canonical.settlement import ErpDocument, MovementPosting, ReturnAuthorisation, ReturnReceipt, ShipmentPosting
from connectors.exact import exact
from connectors.lambda_erp.client import LambdaErpClient
from connectors.lambda_erp.keeping import AUTHORISED, ENTRY, NOTE, Keeper, missing, name_of, refused, remark, told
from connectors.lambda_erp.settings import LambdaErpSettings
from connectors.lambda_erp.sold import Sold, SoldOrders

_LINES = re.compile(r"\[lines ([^\]]*)\]")


class Goods:
    """Moves the goods of one company."""

    def __init__(
        self, client: LambdaErpClient, keeper: Keeper, orders: SoldOrders, settings: LambdaErpSettings
    ) -> None:
        self._client, self._keeper, self._orders, self._settings = client, keeper, orders, settings

    async def ship(self, posting: ShipmentPosting) -> ErpDocument:
        """Post a delivery note once."""
        sold = await self._orders.find(posting.sale_key, posting.key)
        numbers = ", ".join(p.tracking_number for p in posting.shipment.parcels if p.tracking_number)
        words = f"Shipment of {sold.name}{f', tracking {numbers}' if numbers else ''}"
        values = {
            "customer": sold.customer,
            "currency": sold.currency,
            "posting_date": posting.shipment.shipped_at.date().isoformat(),
            "remarks": remark(words, posting),
            "items": self._shipped(posting, sold),
            "taxes": [],
        }
        return await self._submitted(NOTE, posting, values)

    async def authorise(self, posting: ReturnAuthorisation) -> ErpDocument:
        """Announce a return once."""
        sold = await self._orders.find(posting.sale_key, posting.key)
        for line, quantity in posting.lines.items():
            row = sold.row(line, posting.key)
            if not 0 < quantity <= row.quantity:
                raise refused(
                    posting.key,
                    f"line {line} of order {sold.name} sold {row.quantity}, {quantity} cannot come back",
                    "more_than_sold",
                    "Correct the quantity of the return.",
                )
        lines = ",".join(f"{line}={quantity}" for line, quantity in sorted(posting.lines.items()))
        items = {sold.row(line, posting.key).item: 0 for line in posting.lines}
        for line, quantity in posting.lines.items():
            items[sold.row(line, posting.key).item] += quantity
        words = f"{AUTHORISED}: {posting.return_id} of {posting.sale_key} [lines {lines}]"
        values = await self._entry(posting.location, {item: Decimal(count) for item, count in items.items()})
        record, created = await self._keeper.place(
            ENTRY, posting, posting.key, values | {"remarks": remark(words, posting)}
        )
        return told(posting.key, record, created=created)

    async def receive(self, receipt: ReturnReceipt) -> ErpDocument:
        """Put what is restocked of an authorised return to stock, once."""
        authorised = await self._keeper.find(ENTRY, receipt.authorisation_key)
        if authorised is None:
            raise missing(receipt.key, receipt.authorisation_key)
        allowed = _lines_of(authorised)
        if await self._keeper.find(ENTRY, receipt.key) is None:
            await self._check(receipt, allowed)
        sold = await self._orders.find(_sale_of(authorised), receipt.key)
        items: dict[str, Decimal] = {}
        for line, quantity in receipt.lines.items():
            item = sold.row(line, receipt.key).item
            items[item] = items.get(item, Decimal(0)) + quantity
        lines = ",".join(f"{line}={quantity}" for line, quantity in sorted(receipt.lines.items()))
        words = f"Return received of {name_of(receipt.authorisation_key)} [lines {lines}]"
        values = await self._entry(receipt.location, items)
        return await self._submitted(ENTRY, receipt, values | {"remarks": remark(words, receipt)})

    async def move(self, posting: MovementPosting) -> ErpDocument:
        """Book a movement made elsewhere, once."""
        here, quantity = self._place(posting.location), abs(posting.quantity)
        item: dict[str, Any] = {"item_code": posting.item, "qty": str(quantity)}
        if posting.to_location is not None:
            kind, places = "Material Transfer", {"s_warehouse": here, "t_warehouse": self._place(posting.to_location)}
        elif posting.quantity < 0:
            kind, places = "Material Issue", {"s_warehouse": here}
        else:
            kind = "Material Receipt"
            places = {"t_warehouse": here, "basic_rate": await self._cost(posting.item, here)}
        if not posting.quantity or (posting.to_location is not None and posting.quantity < 0):
            raise refused(posting.key, "it moves nothing, or less", "movement_invalid", "Correct the movement.")
        account = f", account {posting.account}" if posting.account else ""
        words = f" ({posting.words})" if posting.words else ""
        values = {
            "stock_entry_type": kind,
            "posting_date": posting.occurred_at.date().isoformat(),
            "items": [item | places],
            "remarks": remark(f"Reason: {posting.reason}{words}{account}", posting),
        }
        return await self._submitted(ENTRY, posting, values)

    async def _submitted(
        self, kind: str, posting: ShipmentPosting | ReturnReceipt | MovementPosting, values: Mapping[str, Any]
    ) -> ErpDocument:
        record, created = await self._keeper.place(kind, posting, posting.key, values)
        record = await self._keeper.submit(kind, record, posting.key)
        return told(posting.key, record, created=created)

    def _shipped(self, posting: ShipmentPosting, sold: Sold) -> list[dict[str, Any]]:
        counted: dict[str, int] = {}
        for parcel in posting.shipment.parcels:
            for entry in parcel.lines:
                counted[entry.line_id] = counted.get(entry.line_id, 0) + entry.quantity
        items = [
            {
                "item_code": row.item,
                "description": row.description,
                "qty": quantity,
                "rate": str(row.rate),
                "warehouse": self._place(posting.shipment.location),
                "against_sales_order": sold.name,
                "so_detail": row.name,
            }
            for row, quantity in ((sold.row(line, posting.key), quantity) for line, quantity in counted.items())
            if row.stocked
        ]
        if not items:
            raise refused(
                posting.key, "it ships nothing that is stocked", "nothing_to_ship", "Services need no shipment."
            )
        return items

    async def _entry(self, location: str, items: Mapping[str, Decimal]) -> dict[str, Any]:
        at = self._place(location)
        rows = [
            {"item_code": item, "qty": str(count), "t_warehouse": at, "basic_rate": await self._cost(item, at)}
            for item, count in items.items()
        ]
        return {"stock_entry_type": "Material Receipt", "items": rows}

    async def _check(self, receipt: ReturnReceipt, allowed: Mapping[str, int]) -> None:
        """Raises `RejectedError` for nothing, or for more than is authorised and has not come yet."""
        came: dict[str, int] = {}
        contains = {"remarks__contains": f"Return received of {name_of(receipt.authorisation_key)} "}
        for row in await self._client.rows(f"documents/{ENTRY}", docstatus="1", limit="500", **contains):
            for line, quantity in _lines_of(row).items():
                came[line] = came.get(line, 0) + quantity
        over = [line for line, count in receipt.lines.items() if count + came.get(line, 0) > allowed.get(line, 0)]
        if over or not any(receipt.lines.values()):
            words = f"line {over[0]} of it is more than was authorised" if over else "nothing of it is restocked"
            code = "more_than_authorised" if over else "nothing_restocked"
            raise refused(receipt.key, words, code, "Correct the receipt, or authorise more.")

    async def _cost(self, item: str, warehouse: str) -> str:
        """What the item costs there now; nothing where it never was."""
        rows = await self._client.rows("reports/stock-balance", item_code=item, warehouse=warehouse)
        return str(exact(rows[0].get("valuation_rate"))) if rows else "0"

    def _place(self, location: str) -> str:
        return f"{location}{self._settings.suffix}"


def _lines_of(record: Mapping[str, Any]) -> dict[str, int]:
    found = _LINES.search(record["remarks"] or "")
    pairs = (part.rpartition("=") for part in (found.group(1).split(",") if found else ()) if part)
    return {line: int(quantity) for line, _, quantity in pairs}


def _sale_of(record: Mapping[str, Any]) -> str:
    """The key of the order that a return authorisation is of."""
    return str(record["remarks"]).partition(" of ")[2].partition(" [lines")[0]
