"""Invoices of sales: the draft that Tryton made, taken under our key and posted.

    find by key -> the draft of the sale or of one shipment -> key, day, cents -> post

Tryton makes one draft of what was ordered, or one for each shipment (`invoice_method` of the settings, kept with the
sale). What is no goods is drafted with the first; here it joins the first invoice that is posted.

Limits: a sale that is invoiced as it was ordered has no invoice of one shipment; such a posting is refused by name.
A crash between taking the lines of two drafts and deleting the emptied one leaves an empty draft, which is no sale's.
"""

from collections.abc import Mapping, Sequence
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
Lines = list[dict[str, Any]]


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
        """Take the drafts of each. Without any, the sale is processed once more: Tryton may have to make them."""
        lacking = await self._taken(works, again=False)
        if lacking:
            await each(lacking, lambda group: self._client.call(f"{SALE}.process", [w.sale.id for w in group]))
            fresh = await self._sales.by_key(w.posting.sale_key for w in lacking)
            for work in lacking:
                work.sale = fresh.get(work.posting.sale_key, work.sale)
            await self._taken([w for w in lacking if w.open], again=True)

    async def _taken(self, works: Sequence[Work[InvoicePosting]], *, again: bool) -> list[Work[InvoicePosting]]:
        """Take for each the drafts that are one invoice; those without are returned, or refused the second time."""
        drafted, moves = await self._drafted(works), await self._moves_of(works)
        taken: dict[int, Lines] = {}
        lacking = []
        for work in works:
            try:
                lines = _lines_of(work, drafted, moves)
            except (RejectedError, HeldError) as error:
                work.error = error
                continue
            if lines:
                taken[id(work)] = lines
            elif again:
                work.error = _nothing_to_invoice(work)
            else:
                lacking.append(work)
        await self._write([w for w in works if id(w) in taken], taken)
        return lacking

    async def _drafted(self, works: Sequence[Work[InvoicePosting]]) -> dict[int, Lines]:
        """The lines of drafts that no key has taken, by invoice."""
        drafts = sorted({id_ for work in works for id_ in work.sale.invoices})
        if not drafts:
            return {}
        domain = [("invoice", "in", drafts), ("invoice.state", "in", list(_OPEN))]
        unclaimed = ["OR", ("invoice.reference", "=", None), ("invoice.reference", "=", "")]
        fields = ["invoice", "stock_moves", "quantity"]
        found: dict[int, Lines] = {}
        for row in await self._client.read(
            "model.account.invoice.line.search_read", [*domain, unclaimed], 0, None, [("id", "ASC")], fields
        ):
            found[row["invoice"]] = [*found.get(row["invoice"], ()), row]
        return found

    async def _moves_of(self, works: Sequence[Work[InvoicePosting]]) -> dict[str, set[int]]:
        """The moves of the shipments under the postings' shipment keys, of those that are there."""
        keys = sorted({work.posting.shipment_key for work in works if work.posting.shipment_key is not None})
        if not keys:
            return {}
        domain = [("reference", "in", keys), ("state", "=", "done")]
        rows = await self._client.read(
            f"model.{SHIPMENT}.search_read", domain, 0, None, [("id", "DESC")], ["reference", "moves"]
        )
        return {row["reference"]: set(row["moves"]) for row in rows}

    async def _write(self, works: Sequence[Work[InvoicePosting]], taken: Mapping[int, Lines]) -> None:
        """One invoice of each one's lines: the first keeps its place, lines of other drafts join it."""

        async def write(group: Sequence[Work[InvoicePosting]]) -> None:
            changes: list[Any] = []
            for work in group:
                changes += [[taken[id(work)][0]["invoice"]], _claim_values(work.posting, taken[id(work)])]
            await self._client.call(f"model.{MODEL}.write", *changes)
            for work in group:
                work.id, work.created = taken[id(work)][0]["invoice"], True

        async def delete(group: Sequence[Work[InvoicePosting]]) -> None:
            ids = sorted({id_ for work in group for id_ in emptied(work)})
            await self._client.call(f"model.{MODEL}.delete", ids)

        def emptied(work: Work[InvoicePosting]) -> set[int]:
            return {line["invoice"] for line in taken[id(work)]} - {work.id}

        await each(works, write)
        await each([work for work in works if work.open and emptied(work)], delete)

    async def _take_cents(self, works: Sequence[Work[InvoicePosting]]) -> None:
        """Bring the last invoice of a sale to what is left of the sale's total."""
        last = [work for work in works if _may_be_last(work)]
        if not last:
            return
        domain = [("id", "in", [id_ for work in last for id_ in work.sale.invoices]), ("state", "!=", "cancelled")]
        rows = await self._client.read(f"model.{MODEL}.search_read", domain, 0, None, None, FIELDS)
        for work in last:
            own = [row for row in rows if row["id"] in work.sale.invoices]
            if any(row["id"] != work.id and row["state"] in _OPEN for row in own):
                continue  # another is open: it will be the last
            off = work.sale.total - sum((row["total_amount"] for row in own), Decimal(0))
            if off and abs(off) <= quantum(work.sale.currency_code) * len(work.sale.lines) * len(own):
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


def _lines_of(work: Work[InvoicePosting], drafted: Mapping[int, Lines], moves: Mapping[str, set[int]]) -> Lines:
    """The drafted lines that this invoice is of. Raises `HeldError` when its shipment is not there yet."""
    lines = [line for invoice in sorted(set(work.sale.invoices)) for line in drafted.get(invoice, ())]
    lines.sort(key=lambda line: int(line["id"]))
    shipment = work.posting.shipment_key
    if shipment is None:
        return lines
    if work.sale.by_order:
        raise _by_order(work)
    if shipment not in moves:
        raise HeldError(
            f"there is no shipment {shipment} in Tryton",
            code="shipment_missing",
            document=work.posting.key,
            way_out="It goes on by itself once the shipment is posted.",
        )
    goods = [line for line in lines if moves[shipment].issuperset(line["stock_moves"]) and line["stock_moves"]]
    return [*goods, *(line for line in lines if not line["stock_moves"])] if goods else []


def _claim_values(posting: InvoicePosting, lines: Lines) -> dict[str, Any]:
    """The change that makes the first draft of these lines this invoice."""
    values: dict[str, Any] = {
        "reference": posting.key,
        "invoice_date": posting.invoice_date,
        "comment": comment_of(_digest(posting)),
    }
    if joining := [line["id"] for line in lines if line["invoice"] != lines[0]["invoice"]]:
        values["lines"] = [("add", joining)]
    return values


def _may_be_last(work: Work[InvoicePosting]) -> bool:
    """Whether nothing of its sale is to be invoiced after it."""
    more_to_come = not work.sale.by_order and not work.sale.shipped
    return not more_to_come and not any(line.to_invoice for line in work.sale.lines)


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
