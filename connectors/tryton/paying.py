"""Payments of sales: money that came or went by one tender, recorded, cleared, and matched with the invoice.

    find by key -> the payment recorded with the sale, or a new one -> submit -> (approve) -> process -> succeed

A tender that was recorded with the order is a draft payment under the channel's transaction id; its capture completes
that very payment. Of an authorisation that is captured in part, the rest stays a draft. Tryton matches a payment with
the line of the invoice it is for: a refund with the open credit memo of its amount, money received with the invoice
when that is posted.

Limit: a refund before its credit memo would stand on another account than the memo (Tryton pays from payables), so it
is held (`credit_missing`) until the memo is posted.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from canonical.errors import HeldError, RejectedError
from canonical.settlement import PaymentPosting
from connectors.tryton.client import TrytonClient
from connectors.tryton.directory import Directory
from connectors.tryton.matching import Matching
from connectors.tryton.work import Work, conflict, each, press, refresh

MODEL = "account.payment"
FIELDS = ["reference", "state", "number", "amount", "kind", "journal", "origin"]
WIZARD = "wizard.account.payment.process"
_UNDONE = ("draft", "submitted", "approved", "processing")


class Payments:
    """Records payments of one company."""

    def __init__(self, client: TrytonClient, directory: Directory) -> None:
        self._client, self._directory = client, directory
        self._matching = Matching(client)

    async def post(self, works: Sequence[Work[PaymentPosting]]) -> None:
        """Each of them, received or paid, or with its error."""
        journals = await self._directory.journals(w.posting.method for w in works)
        for work in works:
            work.error = _unusable(work.posting, work.sale.currency_code, journals)
        await self._meet(works, journals)
        await self._record([w for w in works if w.open and w.id is None], journals)
        await self._refresh(works)
        await press(self._client, MODEL, "submit", _at(works, "draft"))
        payable = [w for w in _at(works, "draft", "submitted") if w.row["kind"] == "payable"]
        await press(self._client, MODEL, "approve", payable)
        await self._process(_at(works, "draft", "submitted", "approved"))
        await press(self._client, MODEL, "succeed", _at(works, "draft", "submitted", "approved", "processing"))
        await self._refresh(works)
        succeeded = [w for w in works if w.open and w.state == "succeeded"]
        await self._matching.match([w.sale.id for w in succeeded])
        for work in succeeded:
            work.finish(total=work.posting.amount)

    async def _meet(self, works: Sequence[Work[PaymentPosting]], journals: Mapping[str, int]) -> None:
        """Take what stands under the keys; other money there is a conflict."""
        domain = [("reference", "in", [w.posting.key for w in works])]
        rows = await self._client.read(f"model.{MODEL}.search_read", domain, 0, None, [("id", "DESC")], FIELDS)
        standing = {row["reference"]: row for row in rows}
        for work in works:
            if work.open and (row := standing.get(work.posting.key)):
                work.id, work.row = row["id"], row
                expected = (abs(work.posting.amount.amount), _kind(work.posting), journals[work.posting.method],
                            f"sale.sale,{work.sale.id}")  # fmt: skip
                if (row["amount"], row["kind"], row["journal"], row["origin"]) != expected:
                    work.error = conflict(
                        work.posting.key, f"payment {row['number']} stands under this key with other content"
                    )

    async def _record(self, works: Sequence[Work[PaymentPosting]], journals: Mapping[str, int]) -> None:
        """Complete what was recorded with the sale, or record it anew; one call for all that are new."""
        tenders = await self._tenders(works)
        credits_ = await self._credits([w for w in works if w.posting.amount.amount < 0])
        new: list[Work[PaymentPosting]] = []
        completing: dict[int, Mapping[str, Any]] = {}
        for work in works:
            tender = _tender_of(work.posting, tenders.get(work.sale.id, ()))
            if tender is not None:
                completing[id(work)] = tender
            elif _kind(work.posting) == "payable" and credits_.get(work.sale.key) is None:
                work.error = _credit_missing(work)
            else:
                new.append(work)
        await self._complete([w for w in works if id(w) in completing], completing, journals)

        async def create(group: Sequence[Work[PaymentPosting]]) -> None:
            values = [_values(w, journals, credits_.get(w.sale.key)) for w in group]
            ids = await self._client.call(f"model.{MODEL}.create", values)
            for work, id_ in zip(group, ids, strict=True):
                work.id, work.created = id_, True

        await each(new, create)

    async def _tenders(self, works: Sequence[Work[PaymentPosting]]) -> dict[int, list[dict[str, Any]]]:
        """What was recorded with each sale and has not been completed."""
        origins = {f"sale.sale,{w.sale.id}": w.sale.id for w in works if w.sale.payments}
        if not origins:
            return {}
        domain = [("origin", "in", sorted(origins)), ("state", "=", "draft")]
        rows = await self._client.read(f"model.{MODEL}.search_read", domain, 0, None, [("id", "ASC")], FIELDS)
        found: dict[int, list[dict[str, Any]]] = {}
        for row in rows:
            found.setdefault(origins[row["origin"]], []).append(row)
        return found

    async def _credits(self, works: Sequence[Work[PaymentPosting]]) -> dict[str, dict[str, Any]]:
        """For refunds: the open line of the credit memo of the sale; the one of that very amount, else the largest."""
        found: dict[str, dict[str, Any]] = {}
        for work in works:
            lines = await self._client.read(
                "model.account.move.line.search_read",
                [
                    ("move.origin.description", "=", credit_title(work.sale.name), "account.invoice"),
                    ("party", "=", work.sale.party),
                    ("account.type.receivable", "=", True),
                    ("reconciliation", "=", None),
                    ("credit", ">", 0),
                ],
                0,
                None,
                [("id", "ASC")],
                ["credit", "payment_amount"],
            )
            amount = -work.posting.amount.amount
            usable = [line for line in lines if (line["payment_amount"] or Decimal(0)) >= amount]
            if usable:
                found[work.sale.key] = min(usable, key=lambda line: (line["payment_amount"] != amount, line["id"]))
        return found

    async def _complete(
        self,
        works: Sequence[Work[PaymentPosting]],
        tenders: Mapping[int, Mapping[str, Any]],
        journals: Mapping[str, int],
    ) -> None:
        """Make the recorded payments these ones, all in one call: they are written through their sales."""

        async def write(group: Sequence[Work[PaymentPosting]]) -> None:
            changes: list[Any] = []
            for work in group:
                changes += [[work.sale.id], {"payments": _completion(work, tenders[id(work)], journals)}]
            await self._client.call("model.sale.sale.write", *changes)
            for work in group:
                work.id, work.created = tenders[id(work)]["id"], True

        await each(works, write)

    async def _process(self, works: Sequence[Work[PaymentPosting]]) -> None:
        async def process(group: Sequence[Work[PaymentPosting]]) -> None:
            ids = [w.id for w in group]
            where = {"active_model": MODEL, "active_id": ids[0], "active_ids": ids}
            session, start, _ = await self._client.call(f"{WIZARD}.create")
            await self._client.call(f"{WIZARD}.execute", session, {}, start, context=where)
            await self._client.call(f"{WIZARD}.delete", session)

        await each(works, process)

    async def _refresh(self, works: Sequence[Work[PaymentPosting]]) -> None:
        await refresh(self._client, MODEL, works, FIELDS)


def _at(works: Sequence[Work[PaymentPosting]], *states: str) -> list[Work[PaymentPosting]]:
    """Those that were in one of these states when they were read, and have come along since."""
    return [work for work in works if work.open and work.state in states]


def credit_title(sale: str) -> str:
    """What a credit memo of a sale is called; its refund is matched by it."""
    return f"Credit memo of {sale}"


def _kind(posting: PaymentPosting) -> str:
    return "receivable" if posting.amount.amount > 0 else "payable"


def _tender_of(posting: PaymentPosting, tenders: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The recorded payment that this completes: by its own id, else by the authorisation it captures."""
    for reference in (posting.reference, posting.captures):
        for tender in tenders:
            large_enough = tender["amount"] >= abs(posting.amount.amount)
            if reference and tender["reference"] == reference and tender["kind"] == _kind(posting) and large_enough:
                return tender
    return None


def _values(work: Work[PaymentPosting], journals: Mapping[str, int], line: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "kind": _kind(work.posting),
        "journal": journals[work.posting.method],
        "party": work.sale.party,
        "amount": abs(work.posting.amount.amount),
        "date": work.posting.paid_at.date(),
        "company": work.sale.company,
        "reference": work.posting.key,
        "origin": f"sale.sale,{work.sale.id}",
        **({"line": line["id"]} if line else {}),
    }


def _completion(work: Work[PaymentPosting], tender: Mapping[str, Any], journals: Mapping[str, int]) -> list[Any]:
    """The change that makes a recorded payment this one. What an authorisation held beyond it stays recorded."""
    amount = abs(work.posting.amount.amount)
    change = {
        "reference": work.posting.key,
        "amount": amount,
        "date": work.posting.paid_at.date(),
        "journal": journals[work.posting.method],
    }
    changes: list[Any] = [("write", [tender["id"]], change)]
    if tender["amount"] > amount:
        rest = _values(work, journals, None) | {"amount": tender["amount"] - amount}
        rest["reference"] = tender["reference"]
        del rest["origin"]
        changes.append(("create", [rest]))
    return changes


def _unusable(posting: PaymentPosting, currency: str, journals: Mapping[str, int]) -> RejectedError | None:
    words = None
    if posting.method not in journals:
        words, code = f"Tryton has no payment journal {posting.method}", "payment_journal_unknown"
    elif posting.amount.currency != currency:
        words, code = f"it is in {posting.amount.currency}, the sale in {currency}", "currency_differs"
    elif posting.amount.is_zero:
        words, code = "no money moved", "nothing_paid"
    if words is None:
        return None
    return RejectedError(
        words,
        code=code,
        document=posting.key,
        way_out="Correct the mapping of payment methods or the journals in Tryton, then replay it.",
    )


def _credit_missing(work: Work[PaymentPosting]) -> HeldError:
    return HeldError(
        f"sale {work.sale.name} has no open credit memo of {abs(work.posting.amount)}",
        code="credit_missing",
        document=work.posting.key,
        way_out="Post the credit memo first; then release this.",
    )
