"""Credit memos: an invoice of negative quantities, line by line what the channel refunds, to the cent.

    find by key -> draft -> the cents on the rounding line -> post

Lines credit what the invoice's lines sold: same product, account and taxes, so that Tryton computes the tax back that
it computed then. Its total has to be the refund's; a difference of rounding (a minor unit a line at most) goes on the
named rounding line, more is refused by name, and the draft goes. The memo is not part of the sale in Tryton's eyes:
the sale stays as it was sold, and its invoice as it was invoiced.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from canonical.errors import CrossdockError, RejectedError
from canonical.ids import digest
from canonical.money import quantum, total
from canonical.settlement import CreditLine, CreditPosting
from connectors.tryton.accounts import Accounts
from connectors.tryton.client import TrytonClient
from connectors.tryton.comment import comment_of, digest_in
from connectors.tryton.directory import Directory
from connectors.tryton.invoicing import rounding_line
from connectors.tryton.mapper import PRICE_DIGITS
from connectors.tryton.paying import credit_title
from connectors.tryton.settings import TrytonSettings
from connectors.tryton.sold import Sold, SoldLine
from connectors.tryton.work import Work, conflict, each, press, refresh

MODEL = "account.invoice"
FIELDS = ["reference", "state", "number", "total_amount", "comment"]
_OPEN = ("draft", "validated")


class Credits:
    """Credits sales of one company."""

    def __init__(self, client: TrytonClient, directory: Directory, settings: TrytonSettings) -> None:
        self._client, self._directory, self._settings = client, directory, settings
        self._accounts = Accounts(client)

    async def post(self, works: Sequence[Work[CreditPosting]]) -> None:
        """Each of them, posted or with its error."""
        for work in works:
            work.error = _unequal(work.posting)
        await self._meet(works)
        await self._create([w for w in works if w.open and w.id is None])
        await self._refresh(works)
        await self._balance([w for w in works if w.open and w.state in _OPEN])
        await press(self._client, MODEL, "post", [w for w in works if w.state in _OPEN])
        await self._refresh(works)
        for work in works:
            if work.open and work.state in ("posted", "paid"):
                work.finish(total=-work.money(work.row["total_amount"]))

    async def _meet(self, works: Sequence[Work[CreditPosting]]) -> None:
        domain = [("reference", "in", [w.posting.key for w in works]), ("type", "=", "out")]
        rows = await self._client.read(f"model.{MODEL}.search_read", domain, 0, None, [("id", "DESC")], FIELDS)
        standing = {row["reference"]: row for row in rows}
        for work in works:
            if work.open and (row := standing.get(work.posting.key)):
                work.id, work.row = row["id"], row
                if digest_in(row["comment"] or "") != _digest(work.posting):
                    number = row["number"] or row["id"]
                    work.error = conflict(work.posting.key, f"memo {number} stands under this key, of other content")

    async def _create(self, works: Sequence[Work[CreditPosting]]) -> None:
        books = await self._books([w.sale for w in works]) if works else _Books({}, {}, {})
        services = await self._directory.items({*self._settings.credit_items.values(), self._settings.rounding_item})
        products = {line.product for work in works for line in work.sale.lines if line.product}
        accounts = await self._accounts.revenue(products | {item.id for item in services.values()})
        values: dict[str, dict[str, Any]] = {}
        for work in works:
            try:
                lines = [
                    _line_values(work, line, _Item.of(line, work, self._settings, services), accounts)
                    for line in work.posting.lines
                ]
                values[work.posting.key] = _memo_values(work, lines, books)
            except RejectedError as error:
                work.error = error

        async def create(group: Sequence[Work[CreditPosting]]) -> None:
            ids = await self._client.call(f"model.{MODEL}.create", [values[w.posting.key] for w in group])
            for work, id_ in zip(group, ids, strict=True):
                work.id, work.created = id_, True

        await each([w for w in works if w.open], create)

    async def _balance(self, works: Sequence[Work[CreditPosting]]) -> None:
        """Bring the drafts to the refund's total, or refuse and delete them."""
        for work in works:
            off = -work.posting.total - work.money(work.row["total_amount"])
            if off.is_zero:
                continue
            if abs(off.amount) > quantum(off.currency) * len(work.posting.lines):
                await self._discard(work)
                work.error = _differs(work, str(-off))
                continue
            line = await rounding_line(
                self._client, self._directory, self._settings.rounding_item, off, work.posting.key
            )
            line |= {"company": work.sale.company, "currency": work.sale.currency, "invoice_type": "out"}
            await self._write(work, {"lines": [("create", [line])]})

    async def _write(self, work: Work[CreditPosting], change: dict[str, Any]) -> None:
        await each([work], lambda _: self._client.call(f"model.{MODEL}.write", [work.id], change))

    async def _discard(self, work: Work[CreditPosting]) -> None:
        await self._client.call(f"model.{MODEL}.delete", [work.id], document=work.posting.key)
        work.id = None

    async def _books(self, sales: Sequence[Sold]) -> "_Books":
        """Journal and receivable account as the sales' invoices have them, else as the parties do."""
        domain = [("id", "in", [id_ for sale in sales for id_ in sale.invoices])]
        fields = ["journal", "account"]
        rows = await self._client.read(f"model.{MODEL}.search_read", domain, 0, None, None, fields)
        journals = await self._client.read(
            "model.account.journal.search_read", [("type", "=", "revenue")], 0, 1, [("id", "ASC")], ["id"]
        )
        parties = await self._accounts.receivable({sale.party for sale in sales})
        return _Books(
            {row["id"]: row for row in rows},
            parties,
            {"journal": journals[0]["id"] if journals else None},
        )

    async def _refresh(self, works: Sequence[Work[CreditPosting]]) -> None:
        await refresh(self._client, MODEL, works, FIELDS)


class _Books:
    """Where memos are booked."""

    def __init__(
        self, invoices: Mapping[int, Mapping[str, Any]], parties: Mapping[int, int], default: Mapping[str, Any]
    ) -> None:
        self._invoices, self._parties, self._default = invoices, parties, default

    def of(self, sale: Sold) -> dict[str, Any]:
        """Journal and account."""
        for id_ in sale.invoices:
            if row := self._invoices.get(id_):
                return {"journal": row["journal"], "account": row["account"]}
        return {"journal": self._default["journal"], "account": self._parties[sale.party]}


class _Item:
    """What a line of a memo is of: product, unit, taxes, and what it says."""

    def __init__(self, product: int, unit: int, taxes: Sequence[int], description: str) -> None:
        self.product, self.unit, self.taxes, self.description = product, unit, taxes, description

    @classmethod
    def of(
        cls, line: CreditLine, work: Work[CreditPosting], settings: TrytonSettings, services: Mapping[str, Any]
    ) -> "_Item":
        """Of the order line; of the sale's line of that purpose; of the service that the settings name."""
        sold = _sold(line, work)
        if sold is not None and sold.product is not None and sold.unit is not None:
            return cls(sold.product, sold.unit, sold.taxes, sold.description)
        code = settings.credit_items.get(line.purpose, settings.rounding_item)
        if code not in services:
            raise RejectedError(
                f"Tryton has no item {code} for {line.purpose}",
                code="item_unknown",
                document=work.posting.key,
                field=line.purpose,
                way_out="Create it as a service in Tryton, or name another in the settings.",
            )
        return cls(services[code].id, services[code].unit, (), line.purpose.replace("_", " ").capitalize())


def _sold(line: CreditLine, work: Work[CreditPosting]) -> SoldLine | None:
    """The line of the sale that is credited; shipping and duty by what their keys begin with."""
    if line.line_id is not None:
        return work.sale.line(line.line_id, work.posting.key)
    return next((s for s in work.sale.lines if s.key and s.key.split("-")[0] == line.purpose), None)


def _digest(posting: CreditPosting) -> str:
    return digest(posting.model_dump(mode="json"))


def _line_values(
    work: Work[CreditPosting], line: CreditLine, item: _Item, accounts: Mapping[int, int]
) -> dict[str, Any]:
    quantity = line.quantity or 1
    if not line.tax.is_zero and not item.taxes:
        raise RejectedError(
            f"{line.purpose} bears no tax in sale {work.sale.name}, and {line.tax} of it are credited",
            code="tax_unknown",
            document=work.posting.key,
            field=line.line_id or line.purpose,
            way_out="Credit the tax with the line that bore it.",
        )
    return {
        "type": "line",
        "invoice_type": "out",
        "company": work.sale.company,
        "currency": work.sale.currency,
        "product": item.product,
        "account": accounts[item.product],
        "unit": item.unit,
        "quantity": -quantity,
        "unit_price": (line.net.amount / quantity).quantize(PRICE_DIGITS),
        "taxes": [("add", list(item.taxes) if not line.tax.is_zero else [])],
        "description": item.description,
        "note": line.line_id,
    }


def _memo_values(work: Work[CreditPosting], lines: Sequence[dict[str, Any]], books: _Books) -> dict[str, Any]:
    why = f"\nReason: {work.posting.reason}" if work.posting.reason else ""
    return {
        "type": "out",
        "party": work.sale.party,
        "invoice_address": work.sale.invoice_address,
        "company": work.sale.company,
        "currency": work.sale.currency,
        "reference": work.posting.key,
        "description": credit_title(work.sale.name),
        "comment": comment_of(_digest(work.posting)) + why,
        "lines": [("create", list(lines))],
        **books.of(work.sale),
    }


def _unequal(posting: CreditPosting) -> CrossdockError | None:
    """The refusal of a memo whose own lines do not come to its total, or that credits nothing."""
    currency = posting.total.currency
    lines = total((line.net + line.tax for line in posting.lines), currency) if posting.lines else None
    if lines == posting.total and posting.total.amount > Decimal(0):
        return None
    return RejectedError(
        f"its lines come to {lines or 'nothing'}, the refund to {posting.total}",
        code="total_differs",
        document=posting.key,
        field="total",
        way_out="Name the difference: an adjustment line, or a restocking fee below zero.",
    )


def _differs(work: Work[CreditPosting], off: str) -> RejectedError:
    return RejectedError(
        f"Tryton computes it otherwise than the refund of {work.posting.total}: {off} is more than rounding",
        code="total_differs",
        document=work.posting.key,
        field="total",
        way_out="Compare the taxes of the refund with those of the sale; correct them, then replay it.",
    )
