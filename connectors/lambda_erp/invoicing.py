"""Invoices and credit memos.

An invoice has the rows of the order that are billed, each at the order's price, and of each tax of the order what these
rows bear. Lambda ERP keeps taxes by order; what a line bears is in the order's remarks, and where it is not, taxes go
by the net. The last invoice takes what is left, so that together they come to
the order's total to the cent.

A credit memo is a return against one invoice. It can credit no more goods than the invoice billed; an amount without
goods (part of the shipping, goodwill, a fee that is kept) is a charge on the account that it was earned on. Taxes are
credited by what the line bore of each. A refund that concerns two invoices is held: a memo is of one
(`credit_spans_invoices`).
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from canonical.errors import HeldError, RejectedError
from canonical.money import Money, allocate, quantum, total
from canonical.settlement import CreditLine, CreditPosting, ErpDocument, InvoicePosting
from connectors.exact import exact
from connectors.lambda_erp.keeping import INVOICE, NOTE, Keeper, refused, remark, told
from connectors.lambda_erp.mapper import PRICE_DIGITS
from connectors.lambda_erp.schemas import ROUNDING
from connectors.lambda_erp.settings import LambdaErpSettings
from connectors.lambda_erp.sold import Sold, SoldOrders, SoldRow

NOTHING = Decimal("0.0000000001")
"""A memo has at least one row. This much of one, for nothing, uses up nothing that could still come back."""


class Invoicing:
    """Invoices and credits orders of one company."""

    def __init__(self, keeper: Keeper, orders: SoldOrders, settings: LambdaErpSettings) -> None:
        self._keeper, self._orders, self._settings = keeper, orders, settings

    async def invoice(self, posting: InvoicePosting) -> ErpDocument:
        """Post an invoice once. Raises `HeldError` when there is nothing to invoice (yet)."""
        record, created = await self._standing(posting), False
        sold = await self._orders.find(posting.sale_key, posting.key)
        if record is None:
            billed = await self._billed(posting, sold)
            if not billed:
                raise _nothing(posting, sold)
            record, created = await self._keeper.place(
                INVOICE, posting, posting.key, self._values(posting, sold, billed)
            )
        if record["docstatus"] == 0:
            record = await self._last_cents(posting, sold, record)
        record = await self._keeper.submit(INVOICE, record, posting.key)
        return told(posting.key, record, created=created, total=sold.money(record["grand_total"]))

    async def credit(self, posting: CreditPosting) -> ErpDocument:
        """Post a credit memo once. Raises `RejectedError` when it does not come to the refund's total."""
        lines = total((line.net + line.tax for line in posting.lines), posting.total.currency)
        if lines != posting.total or posting.total.amount <= 0:
            raise _differs(posting, f"its lines come to {lines}, the refund to {posting.total}")
        record, created = await self._standing(posting), False
        sold = await self._orders.find(posting.sale_key, posting.key)
        if record is None:
            values = self._memo(posting, sold, _invoice_of(posting, sold))
            record, created = await self._keeper.place(INVOICE, posting, posting.key, values)
        if record["docstatus"] == 0:
            record = await self._balanced(posting, sold, record)
        record = await self._keeper.submit(INVOICE, record, posting.key)
        return told(posting.key, record, created=created, total=-sold.money(record["grand_total"]))

    async def _standing(self, posting: InvoicePosting | CreditPosting) -> dict[str, Any] | None:
        found = await self._keeper.find(INVOICE, posting.key)
        return self._keeper.same(posting, posting.key, found) if found else None

    async def _billed(self, posting: InvoicePosting, sold: Sold) -> list[tuple[SoldRow, Decimal]]:
        """What is billed: rows and quantities."""
        open_ = [(row, row.quantity - row.billed) for row in sold.rows if row.quantity > row.billed]
        if posting.shipment_key is None:
            return open_
        note = await self._keeper.find(NOTE, posting.shipment_key)
        if note is None or note["docstatus"] != 1:
            raise HeldError(
                f"there is no shipment {posting.shipment_key} in Lambda ERP",
                code="shipment_missing",
                document=posting.key,
                way_out="It goes on by itself once the shipment is posted.",
            )
        shipped: dict[str, Decimal] = {}
        for item in note["items"]:
            shipped[item["so_detail"]] = shipped.get(item["so_detail"], Decimal(0)) + exact(item["qty"])
        goods = [(row, min(left, shipped[row.name])) for row, left in open_ if row.name in shipped]
        return [*goods, *((row, left) for row, left in open_ if not row.stocked)] if goods else []

    def _values(self, posting: InvoicePosting, sold: Sold, billed: Sequence[tuple[SoldRow, Decimal]]) -> dict[str, Any]:
        return {
            "customer": sold.customer,
            "currency": sold.currency,
            "sales_order": sold.name,
            "posting_date": posting.invoice_date.isoformat(),
            "update_stock": 0,
            "remarks": remark(f"Invoice of {sold.name}", posting),
            "items": [_item(sold, row, quantity, row.rate) for row, quantity in billed],
            "taxes": _taxes(sold, billed),
        }

    async def _last_cents(self, posting: InvoicePosting, sold: Sold, record: dict[str, Any]) -> dict[str, Any]:
        """The last invoice of an order comes to what is left of the order's total."""
        now: dict[str, Decimal] = {}
        for item in record["items"]:
            now[item["sales_order_item"]] = now.get(item["sales_order_item"], Decimal(0)) + exact(item["qty"])
        if any(row.billed + now.get(row.name, 0) < row.quantity for row in sold.rows):
            return record
        earlier = total((sold.money(invoice["grand_total"]) for invoice in sold.billed), sold.currency)
        off = sold.total - earlier - sold.money(record["grand_total"])
        parts = len(sold.rows) * (len(sold.billed) + 1)
        if off.is_zero or abs(off.amount) > quantum(off.currency) * parts:
            return record
        return await self._round(record, off, posting.key)

    async def _balanced(self, posting: CreditPosting, sold: Sold, record: dict[str, Any]) -> dict[str, Any]:
        off = -posting.total - sold.money(record["grand_total"])
        if off.is_zero:
            return record
        if abs(off.amount) > quantum(off.currency) * len(posting.lines):
            raise _differs(posting, f"Lambda ERP computes it otherwise: {-off} is more than rounding")
        return await self._round(record, off, posting.key)

    async def _round(self, record: dict[str, Any], off: Money, key: str) -> dict[str, Any]:
        rounding = self._charge(self._settings.rounding_account, ROUNDING, off)
        others = [tax for tax in record["taxes"] if tax["description"] != ROUNDING]
        kept = [{field: str(tax[field]) for field in rounding} for tax in others]
        return await self._keeper.change(INVOICE, record, {"taxes": [*kept, rounding]}, key)

    def _memo(self, posting: CreditPosting, sold: Sold, invoice: Mapping[str, Any]) -> dict[str, Any]:
        items, charges = [], []
        accounts = {item["sales_order_item"]: item["income_account"] for item in invoice["items"]}
        for line in posting.lines:
            row = _row_of(line, sold, posting.key)
            if row is not None and line.line_id is not None and line.quantity:
                items.append(_credited(sold, row, Decimal(line.quantity), line.net.amount))
            else:
                other = self._settings.credit_accounts.get(line.purpose, self._settings.rounding_account)
                account = accounts[row.name] if row is not None else f"{other}{self._settings.suffix}"
                charges.append(_charge(account, line.purpose, -line.net))
        if not items:
            first = next(row for row in sold.rows if row.name in accounts)
            items = [_credited(sold, first, NOTHING, Decimal(0))]
        reason = f": {posting.reason}" if posting.reason else ""
        return {
            "customer": sold.customer,
            "currency": sold.currency,
            "sales_order": sold.name,
            "is_return": 1,
            "return_against": invoice["name"],
            "update_stock": 0,
            "remarks": remark(f"Credit memo of {sold.name}{reason}", posting),
            "items": items,
            "taxes": [*_tax_credits(posting, sold, invoice), *charges],
        }

    def _charge(self, account: str, description: str, amount: Money) -> dict[str, Any]:
        return _charge(f"{account}{self._settings.suffix}", description, amount)


def _charge(account: str, description: str, amount: Money) -> dict[str, Any]:
    return {
        "charge_type": "Actual",
        "account_head": account,
        "description": description,
        "tax_amount": str(amount.amount),
    }


def _item(sold: Sold, row: SoldRow, quantity: Decimal, rate: Decimal) -> dict[str, Any]:
    return {
        "item_code": row.item,
        "description": row.description,
        "qty": f"{quantity:f}",
        "rate": str(rate),
        "price_list_rate": str(rate),
        "sales_order": sold.name,
        "sales_order_item": row.name,
        "external_line_reference": row.key or None,
    }


def _taxes(sold: Sold, billed: Sequence[tuple[SoldRow, Decimal]]) -> list[dict[str, Any]]:
    """Of each tax of the order what has been billed with this bears, less what was on earlier invoices."""
    now = {row.name: quantity for row, quantity in billed}
    done = {row: (row.billed + now.get(row.name, Decimal(0))) / row.quantity for row in sold.rows}
    charges = []
    for tax in sold.taxes:
        if tax["description"] == ROUNDING:
            continue
        earlier = total(
            (sold.money(t["tax_amount"]) for i in sold.billed for t in i["taxes"] if _same_tax(t, tax)), sold.currency
        )
        amount = _borne(sold, tax, done) - earlier
        if not amount.is_zero:
            charges.append(_charge(tax["account_head"], tax["description"], amount))
    return charges


def _borne(sold: Sold, tax: Mapping[str, Any], done: Mapping[SoldRow, Decimal]) -> Money:
    """What the parts that are billed bear of a tax: by its lines where they are known, else by their net."""
    whole = sold.money(tax["tax_amount"])
    if all(part == 1 for part in done.values()):
        return whole
    by_line = {row: sold.borne.get((row.key, tax["account_head"]), Decimal(0)) for row in done}
    if sum(by_line.values()) == whole.amount:
        return total((sold.money(by_line[row] * part) for row, part in done.items()), sold.currency)
    net = sum((row.quantity * row.rate for row in done), Decimal(0))
    share = sum((row.quantity * row.rate * part for row, part in done.items()), Decimal(0)) / net if net else Decimal(1)
    return sold.money(whole.amount * share)


def _same_tax(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return (one["account_head"], one["description"]) == (other["account_head"], other["description"])


def _tax_credits(posting: CreditPosting, sold: Sold, invoice: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The taxes that are credited, line by line: by what the line bears of each, else by the invoice's."""
    charged = [t for t in invoice["taxes"] if t["description"] != ROUNDING and Decimal(t["tax_amount"]) > 0]
    credits_ = [Money.zero(sold.currency) for _ in charged]
    for line in posting.lines:
        if line.tax.is_zero:
            continue
        if not charged:
            raise _differs(posting, f"{line.tax} of tax are credited, and invoice {invoice['name']} bore none")
        row = _row_of(line, sold, posting.key)
        own = [sold.borne.get((row.key, t["account_head"]), Decimal(0)) if row else Decimal(0) for t in charged]
        weights = own if any(own) else [Decimal(t["tax_amount"]) for t in charged]
        shares = allocate(line.tax, weights)
        credits_ = [credit + share for credit, share in zip(credits_, shares, strict=True)]
    return [
        _charge(t["account_head"], t["description"], -amount)
        for t, amount in zip(charged, credits_, strict=True)
        if not amount.is_zero
    ]


def _credited(sold: Sold, row: SoldRow, quantity: Decimal, amount: Decimal) -> dict[str, Any]:
    values = _item(sold, row, -quantity, (amount / quantity).quantize(PRICE_DIGITS))
    return {name: value for name, value in values.items() if name != "external_line_reference"}


def _row_of(line: CreditLine, sold: Sold, key: str) -> SoldRow | None:
    """The row that is credited; shipping and duty by what their keys begin with."""
    if line.line_id is not None:
        return sold.row(line.line_id, key)
    return next((row for row in sold.rows if row.key.split("-")[0] == line.purpose), None)


def _invoice_of(posting: CreditPosting, sold: Sold) -> Mapping[str, Any]:
    """The invoice that billed all of it."""
    rows = {row.name for line in posting.lines if (row := _row_of(line, sold, posting.key))}
    for invoice in sold.billed:
        if rows <= {item["sales_order_item"] for item in invoice["items"]}:
            return invoice
    words, code = f"order {sold.name} is not invoiced", "invoice_missing"
    way_out = "Post the invoice first; then release this."
    if sold.billed:
        words, code = "it credits lines of two invoices, and a memo is of one", "credit_spans_invoices"
        way_out = "Credit it by hand in Lambda ERP, one memo for each invoice."
    raise HeldError(words, code=code, document=posting.key, way_out=way_out)


def _nothing(posting: InvoicePosting, sold: Sold) -> HeldError:
    return HeldError(
        f"order {sold.name} has nothing left to invoice",
        code="nothing_to_invoice",
        document=posting.key,
        way_out="Look whether somebody invoiced it by hand in Lambda ERP; then drop this posting.",
    )


def _differs(posting: CreditPosting, words: str) -> RejectedError:
    return refused(
        posting.key, words, "total_differs", "Compare the refund with the invoice; correct it, then replay it."
    )
