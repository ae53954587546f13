"""Sales as they stand when something follows them: lines by the order's line ids, shipments, invoices, payments.

The id of an order line is kept in the note of the line of the sale, where the mapper puts it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from canonical.errors import HeldError, RejectedError
from connectors.exact import exact
from connectors.tryton.client import TrytonClient
from connectors.tryton.directory import Directory

SALE = "model.sale.sale"
_FIELDS = [
    "web_id", "state", "number", "reference", "party", "invoice_party", "company", "currency", "currency.code",
    "warehouse", "invoice_address", "shipment_address", "invoice_method", "total_amount", "shipment_state",
    "shipments", "shipments.state", "invoices", "payments",
]  # fmt: skip
_LINE_FIELDS = [
    "sale", "note", "product", "product.code", "product.type", "unit", "quantity", "unit_price", "taxes", "description",
    "quantity_to_invoice",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line of a sale. `key` is the order's line id; None for what only Tryton knows, such as a rounding."""

    id: int
    key: str | None
    product: int | None
    item: str | None
    stocked: bool
    unit: int | None
    quantity: Decimal
    price: Decimal
    taxes: tuple[int, ...]
    description: str
    to_invoice: Decimal


@dataclass(frozen=True, slots=True)
class Sold:
    """A booked sale with what has followed it so far: ids of shipments, invoices, payments.

    `by_order`: invoiced as it was ordered, not by shipment. `shipped`: nothing is left to ship.
    """

    id: int
    key: str
    number: str | None
    state: str
    party: int
    company: int
    currency: int
    currency_code: str
    warehouse: int
    invoice_address: int
    shipment_address: int
    by_order: bool
    shipped: bool
    total: Decimal
    shipments: tuple[int, ...]
    invoices: tuple[int, ...]
    payments: tuple[int, ...]
    lines: tuple[SoldLine, ...]

    @property
    def name(self) -> str:
        """What people call it."""
        return self.number or self.key

    def line(self, key: str, document: str) -> SoldLine:
        """The line of an order line. Raises `RejectedError` naming it when the sale has none."""
        for line in self.lines:
            if line.key == key:
                return line
        raise RejectedError(
            f"sale {self.name} has no line {key}",
            code="line_unknown",
            document=document,
            field=f"line {key}",
            way_out="Compare the order with the sale in Tryton; a line whose note was cleared is not found.",
        )


class SoldSales:
    """Reads sales by the key they were booked under."""

    def __init__(self, client: TrytonClient, directory: Directory) -> None:
        self._client, self._directory = client, directory

    async def by_key(self, keys: Iterable[str]) -> dict[str, Sold]:
        """The booked sales under these keys. A draft or a quotation was never booked, and is missing."""
        wanted = sorted(set(keys))
        if not wanted:
            return {}
        shops = sorted(shop.id for shop in (await self._directory.shops()).values())
        booked = ("state", "not in", ["draft", "quotation"])
        domain = [("web_shop", "in", shops), ("web_id", "in", wanted), booked]
        rows = await self._client.read(f"{SALE}.search_read", domain, 0, None, None, _FIELDS)
        lines = await self.lines([row["id"] for row in rows])
        return {row["web_id"]: _sold(row, lines.get(row["id"], ())) for row in rows}

    async def lines(self, sales: Collection[int]) -> dict[int, tuple[SoldLine, ...]]:
        """The lines of these sales, whatever their state."""
        domain = [("sale", "in", sorted(sales)), ("type", "=", "line")]
        rows = await self._client.read("model.sale.line.search_read", domain, 0, None, [("id", "ASC")], _LINE_FIELDS)
        found: dict[int, tuple[SoldLine, ...]] = {}
        for row in rows:
            found[row["sale"]] = (*found.get(row["sale"], ()), _line(row))
        return found


def missing(key: str, sale_key: str) -> HeldError:
    """The hold of a document whose sale is not booked."""
    return HeldError(
        f"there is no booked sale {sale_key}",
        code="sale_missing",
        document=key,
        way_out="It goes on by itself once the sale is booked.",
    )


def _sold(row: Mapping[str, Any], lines: tuple[SoldLine, ...]) -> Sold:
    standing = {record["id"] for record in row["shipments."] or () if record["state"] != "cancelled"}
    return Sold(
        id=row["id"],
        key=row["web_id"],
        number=row["number"],
        state=row["state"],
        party=row["invoice_party"] or row["party"],
        company=row["company"],
        currency=row["currency"],
        currency_code=row["currency."]["code"],
        warehouse=row["warehouse"],
        invoice_address=row["invoice_address"],
        shipment_address=row["shipment_address"],
        by_order=row["invoice_method"] == "order",
        shipped=row["shipment_state"] in ("sent", "none"),
        total=row["total_amount"],
        shipments=tuple(id_ for id_ in row["shipments"] or () if id_ in standing),
        invoices=tuple(row["invoices"] or ()),
        payments=tuple(row["payments"] or ()),
        lines=lines,
    )


def _line(row: Mapping[str, Any]) -> SoldLine:
    product = row["product."] or {}
    return SoldLine(
        id=row["id"],
        key=(row["note"] or "").strip() or None,
        product=row["product"],
        item=product.get("code"),
        stocked=product.get("type") == "goods",
        unit=row["unit"],
        quantity=exact(row["quantity"]),
        price=row["unit_price"],
        taxes=tuple(row["taxes"] or ()),
        description=row["description"] or "",
        to_invoice=exact(row["quantity_to_invoice"]),
    )
