"""A booked order as what follows it sees it: rows by the order's line ids, and the invoices there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from canonical.money import Money
from connectors.exact import exact
from connectors.lambda_erp.client import LambdaErpClient
from connectors.lambda_erp.keeping import INVOICE, missing, refused
from connectors.lambda_erp.remarks import taxes_in
from connectors.lambda_erp.settings import LambdaErpSettings


@dataclass(frozen=True, slots=True)
class SoldRow:
    """A row of an order. `name` is its id in Lambda ERP; `stocked` rows leave a warehouse."""

    name: str
    key: str
    item: str
    description: str
    quantity: Decimal
    rate: Decimal
    delivered: Decimal
    billed: Decimal
    stocked: bool


@dataclass(frozen=True, slots=True)
class Sold:
    """A submitted order with its submitted invoices and credit memos, oldest first."""

    name: str
    key: str
    customer: str
    currency: str
    total: Money
    rows: tuple[SoldRow, ...]
    taxes: tuple[Mapping[str, Any], ...]
    borne: Mapping[tuple[str, str], Decimal]  # what a line bears of a tax, by line id and the tax's account
    invoices: tuple[Mapping[str, Any], ...]

    def row(self, line: str, key: str) -> SoldRow:
        """The row of an order line. Raises `RejectedError` naming it when the order has none."""
        for row in self.rows:
            if row.key == line:
                return row
        raise refused(
            key,
            f"order {self.name} has no line {line}",
            "line_unknown",
            "Compare the order with the one in Lambda ERP.",
        )

    def money(self, amount: Decimal | float) -> Money:
        """An amount of this order, to the cent: Lambda ERP keeps floating point numbers."""
        return Money(amount=Decimal(amount), currency=self.currency).rounded()

    @property
    def billed(self) -> list[Mapping[str, Any]]:
        """Its invoices without the credit memos."""
        return [invoice for invoice in self.invoices if not invoice["is_return"]]


class SoldOrders:
    """Reads booked orders."""

    def __init__(self, client: LambdaErpClient, settings: LambdaErpSettings) -> None:
        self._client, self._settings = client, settings

    async def find(self, key: str, document: str) -> Sold:
        """The order booked under a key. Raises `HeldError` (`sale_missing`) when there is none, or it is a draft."""
        query = {"external_source": self._settings.source, "external_reference": key, "docstatus": "1"}
        found = await self._client.rows("documents/sales-order", company=self._settings.company, **query)
        if not found:
            raise missing(document, key)
        record = await self._client.record(f"documents/sales-order/{found[0]['name']}")
        assert record is not None
        rows = await self._client.rows(
            f"documents/{INVOICE}", sales_order=record["name"], docstatus="1", limit="500", order_by="name", order="asc"
        )
        whole = [await self._client.record(f"documents/{INVOICE}/{row['name']}") for row in rows]
        return Sold(
            name=record["name"],
            key=key,
            customer=record["customer"],
            currency=record["currency"],
            total=Money(amount=Decimal(record["grand_total"]), currency=record["currency"]).rounded(),
            rows=tuple(_row(item) for item in record["items"]),
            taxes=tuple(record["taxes"]),
            borne={
                (line, f"{code}{self._settings.suffix}"): amount
                for (line, code), amount in taxes_in(record["remarks"] or "").items()
            },
            invoices=tuple(invoice for invoice in whole if invoice),
        )


def _row(item: Mapping[str, Any]) -> SoldRow:
    return SoldRow(
        name=item["name"],
        key=item["external_line_reference"] or "",
        item=item["item_code"],
        description=item["description"] or "",
        quantity=exact(item["qty"]),
        rate=Decimal(item["rate"]),
        delivered=exact(item["delivered_qty"]),
        billed=exact(item["billed_qty"]),
        stocked=bool(item["warehouse"]),
    )
