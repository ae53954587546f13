"""Invoices of sales: the draft that Tryton made, taken under our key and posted.

    find by key -> the draft of the sale or of one shipment -> key, day, cents -> post

Tryton makes one draft of what was ordered, or one for each shipment (`invoice_method` of the settings, kept with the
sale). What is no goods is drafted with the first; here it joins the first invoice that is posted.

Limits: a sale that is invoiced as it was ordered has no invoice of one shipment; such a posting is refused by name.
A crash between taking the lines of two drafts and deleting the emptied one leaves an empty draft, which is no sale's.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from canonical.errors import HeldError, RejectedError
from canonical.ids import digest
from canonical.money import Money, quantum
from canonical.settlement import InvoicePosting
from connectors.tryton.accounts import Accounts
from connectors.tryton.client import TrytonClient
from connectors.tryton.comment import comment_of, digest_in
from connectors.tryton.directory import Directory
from connectors.tryton.mapper import rounding_values
from connectors.tryton.matching import Matching
from connectors.tryton.settings import TrytonSettings
from connectors.tryton.shipping import MODEL as SHIPMENT
from connectors.tryton.sold import SALE, SoldSales
from connectors.tryton.work import Work, conflict, each, press, refresh

MODEL = "account.invoice"
FIELDS = ["reference", "state", "number", "total_amount", "comment"]
_OPEN = ("draft", "validated")
_POSTED = ("posted", "paid")


class Invoices:
    """Invoices sales of one company."""

    def __init__(self, client: TrytonClient, directory: Directory, sales: SoldSales, settings: TrytonSettings) -> None:
        self._client, self._directory, self._sales, self._settings = client, directory, sales, settings
        self._matching = Matching(client)

    async def post(self, works: Sequence[Work[InvoicePosting]]) -> None:
        """Each of them, posted or with its error."""
        await self._meet(works)
        await self._claim([w for w in works if w.open and w.id is None])
        await self._refresh(works)
        await self._take_cents([w for w in works if w.open and w.state in _OPEN])
        await press(self._client, MODEL, "post", [w for w in works if w.state in _OPEN])
        await self._refresh(works)
        posted = [w for w in works if w.open and w.state in _POSTED]
        await self._matching.match([w.sale.id for w in posted])
        for work in posted:
            work.finish(total=work.money(work.row["total_amount"]))

    async def _meet(self, works: Sequence[Work[InvoicePosting]]) -> None:
        """Take what stands under the keys. Other content there is a conflict."""
        domain = [("reference", "in", [w.posting.key for w in works]), ("type", "=", "out")]
        rows = await self._client.read(f"model.{MODEL}.search_read", domain, 0, None, [("id", "DESC")], FIELDS)
        standing = {row["reference"]: row for row in rows}
        for work in works:
            if row := standing.get(work.posting.key):
                work.id, work.row = row["id"], row
                same = digest_in(row["comment"] or "") == _digest(work.posting)
                if row["id"] not in work.sale.invoices or not same:
                    number = row["number"] or row["id"]
                    work.error = conflict(work.posting.key, f"invoice {number} stands under this key, of other content")

    async def _claim(self, works: Sequence[Work[InvoicePosting]]) -> None:
        lacking = [w for w in works if not await self._take(w, again=False) and w.open]
        if lacking:
            await each(lacking, lambda group: self._client.call(f"{SALE}.process", [w.sale.id for w in group]))
            fresh = await self._sales.by_key(w.posting.sale_key for w in lacking)
            for work in lacking:
                work.sale = fresh.get(work.posting.sale_key, work.sale)
                if work.open:
                    await self._take(work, again=True)

    async def _take(self, work: Work[InvoicePosting], *, again: bool) -> bool:
        """Take the drafts that are to be invoiced as one, in one write. False when there are none yet."""
        try:
            lines = await self._lines(work)
            if not lines and again:
                raise _nothing_to_invoice(work)
            if lines:
                await self._write(work, lines)
        except (RejectedError, HeldError) as error:
            work.error = error
        return work.id is not None or work.error is not None

    async def _lines(self, work: Work[InvoicePosting]) -> list[dict[str, Any]]:
        """The drafted lines that this invoice is of."""
        domain = [("invoice", "in", list(work.sale.invoices)), ("invoice.state", "in", list(_OPEN))]
        unclaimed = ["OR", ("invoice.reference", "=", None), ("invoice.reference", "=", "")]
        fields = ["invoice", "stock_moves", "quantity"]
        lines: list[dict[str, Any]] = await self._client.read(
            "model.account.invoice.line.search_read", [*domain, unclaimed], 0, None, [("id", "ASC")], fields
        )
        if work.posting.shipment_key is None:
            return lines
        if work.sale.by_order:
            raise _by_order(work)
        moves = await self._moves_of(work)
        goods = [line for line in lines if moves.issuperset(line["stock_moves"]) and line["stock_moves"]]
        return [*goods, *(line for line in lines if not line["stock_moves"])] if goods else []

    async def _moves_of(self, work: Work[InvoicePosting]) -> set[int]:
        """The moves of the shipment under the posting's shipment key. Raises `HeldError` when it is not there yet."""
        domain = [("reference", "=", work.posting.shipment_key), ("state", "=", "done")]
        rows = await self._client.read(f"model.{SHIPMENT}.search_read", domain, 0, 1, None, ["moves"])
        if not rows:
            raise HeldError(
                f"there is no shipment {work.posting.shipment_key} in Tryton",
                code="shipment_missing",
                document=work.posting.key,
                way_out="It goes on by itself once the shipment is posted.",
            )
        return set(rows[0]["moves"])

    async def _write(self, work: Work[InvoicePosting], lines: Sequence[dict[str, Any]]) -> None:
        """One invoice of these lines: the first keeps its place, lines of other drafts join it."""
        first = lines[0]["invoice"]
        joining = [line["id"] for line in lines if line["invoice"] != first]
        emptied = sorted({line["invoice"] for line in lines} - {first})
        values: dict[str, Any] = {
            "reference": work.posting.key,
            "invoice_date": work.posting.invoice_date,
            "comment": comment_of(_digest(work.posting)),
        }
        if joining:
            values["lines"] = [("add", joining)]
        await self._client.call(f"model.{MODEL}.write", [first], values, document=work.posting.key)
        work.id, work.created = first, True
        if emptied:
            await self._client.call(f"model.{MODEL}.delete", emptied, document=work.posting.key)

    async def _take_cents(self, works: Sequence[Work[InvoicePosting]]) -> None:
        """Bring the last invoice of a sale to what is left of the sale's total."""
        for work in works:
            more_to_come = not work.sale.by_order and not work.sale.shipped
            if more_to_come or any(line.to_invoice for line in work.sale.lines):
                continue
            domain = [("id", "in", list(work.sale.invoices)), ("state", "!=", "cancelled")]
            rows = await self._client.read(f"model.{MODEL}.search_read", domain, 0, None, None, FIELDS)
            if any(row["id"] != work.id and row["state"] in _OPEN for row in rows):
                continue  # another is open: it will be the last
            off = work.sale.total - sum((row["total_amount"] for row in rows), Decimal(0))
            if off and abs(off) <= quantum(work.sale.currency_code) * len(work.sale.lines) * len(rows):
                await self._round(work, work.money(off))

    async def _round(self, work: Work[InvoicePosting], off: Money) -> None:
        line = await rounding_line(self._client, self._directory, self._settings.rounding_item, off, work.posting.key)
        values = {"lines": [("create", [line | {"company": work.sale.company, "currency": work.sale.currency}])]}
        await each([work], lambda _: self._client.call(f"model.{MODEL}.write", [work.id], values))

    async def _refresh(self, works: Sequence[Work[InvoicePosting]]) -> None:
        await refresh(self._client, MODEL, works, FIELDS)


async def rounding_line(
    client: TrytonClient, directory: Directory, code: str, off: Money, document: str
) -> dict[str, Any]:
    """The line of an invoice that takes the cents. Raises `RejectedError` when Tryton lacks the rounding item."""
    items = await directory.items([code])
    if code not in items:
        raise RejectedError(f"Tryton has no item {code} for roundings", code="item_unknown", document=document)
    accounts = await Accounts(client).revenue([items[code].id])
    return rounding_values(items[code], off) | {"account": accounts[items[code].id]}


def _digest(posting: InvoicePosting) -> str:
    return digest(posting.model_dump(mode="json"))


def _nothing_to_invoice(work: Work[InvoicePosting]) -> HeldError:
    return HeldError(
        f"sale {work.sale.name} has nothing left to invoice",
        code="nothing_to_invoice",
        document=work.posting.key,
        way_out="Look whether somebody posted its invoice by hand in Tryton; then drop this posting.",
    )


def _by_order(work: Work[InvoicePosting]) -> RejectedError:
    return RejectedError(
        f"sale {work.sale.name} is invoiced as it was ordered, not by shipment",
        code="invoiced_by_order",
        document=work.posting.key,
        field="shipment_key",
        way_out="Post the invoice of the whole sale, or set the company's invoice method to fulfillment.",
    )
