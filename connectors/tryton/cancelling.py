"""Undo a sale. Tryton cancels drafts and quotations only, so a processed sale is taken back piece by piece.

    payments deleted -> shipments cancelled -> invoices cancelled -> both exceptions ignored -> Tryton calls it done

Each piece is left alone when it is undone already, so a cancellation that was interrupted goes on where it stopped.
Once goods are picked or an invoice is posted the floor or the books have moved: a person decides (`HeldError`).
"""

from dataclasses import dataclass
from typing import Any

from canonical.booking import BookedDocument, DocumentStatus
from canonical.errors import HeldError, RejectedError
from canonical.outcomes import Failed, Outcome, Settled
from connectors.tryton.client import TrytonClient
from connectors.tryton.sales import Sales
from connectors.tryton.schemas import Sale

_REVOCABLE_SHIPMENTS = frozenset({"draft", "waiting", "assigned", "cancelled"})
_REVOCABLE_INVOICES = frozenset({"draft", "validated", "cancelled"})


@dataclass(frozen=True, slots=True)
class _Consequences:
    """What a processed sale has led to: states by id."""

    shipments: dict[int, str]
    invoices: dict[int, str]

    @property
    def standing_shipments(self) -> list[int]:
        return [id_ for id_, state in self.shipments.items() if state != "cancelled"]

    @property
    def standing_invoices(self) -> list[int]:
        return [id_ for id_, state in self.invoices.items() if state != "cancelled"]

    @property
    def too_far(self) -> str | None:
        """Why it cannot be undone, in words."""
        if any(state not in _REVOCABLE_SHIPMENTS for state in self.shipments.values()):
            return "its goods are being packed or have left"
        if any(state not in _REVOCABLE_INVOICES for state in self.invoices.values()):
            return "its invoice is posted"
        return None


class Cancellation:
    """Cancels sales of one company."""

    def __init__(self, client: TrytonClient, sales: Sales) -> None:
        self._client, self._sales = client, sales

    async def cancel(self, key: str, reason: str) -> Outcome[BookedDocument]:
        """The cancelled document, or the hold that says why not."""
        sale = (await self._sales.by_key([key])).get(key)
        if sale is None:
            return Failed(RejectedError("there is no sale under this key", code="document_unknown", document=key))
        document = await self._told(sale)
        if document.status is DocumentStatus.CANCELLED:
            return Settled(document)
        try:
            await self._undo(sale)
        except (HeldError, RejectedError) as error:
            return Failed(error if isinstance(error, HeldError) else _held(sale, error.words))
        await self._note(sale, reason)
        document = await self._told((await self._sales.read([sale.id]))[sale.id])
        if document.status is not DocumentStatus.CANCELLED:
            return Failed(_held(sale, f"it ended up {document.status}"))
        return Settled(document)

    async def _undo(self, sale: Sale) -> None:
        if sale.state == "confirmed":
            await self._client.call("model.sale.sale.process", [sale.id], document=sale.number)
        consequences = await self._consequences(sale)
        if consequences.too_far:
            raise _held(sale, consequences.too_far)
        await self._sales.remove_payments(sale)
        await self._sales.void_gift_cards(sale)
        if sale.unfinished:
            await self._client.call("model.sale.sale.cancel", [sale.id], document=sale.number)
            return
        if consequences.standing_shipments:
            await self._client.call("model.stock.shipment.out.cancel", consequences.standing_shipments)
        await self._ignore_exception(sale, "shipment", "moves")
        if consequences.standing_invoices:
            await self._client.call("model.account.invoice.cancel", consequences.standing_invoices)
        await self._ignore_exception(sale, "invoice", "invoices")

    async def _consequences(self, sale: Sale) -> _Consequences:
        (row,) = await self._client.read("model.sale.sale.read", [sale.id], ["shipments.state", "invoices.state"])
        return _Consequences(
            shipments={record["id"]: record["state"] for record in row["shipments."]},
            invoices={record["id"]: record["state"] for record in row["invoices."]},
        )

    async def _ignore_exception(self, sale: Sale, kind: str, records: str) -> None:
        """Answer Tryton's question what to do about what was cancelled: nothing takes its place."""
        wizard = f"wizard.sale.handle.{kind}.exception"
        where = {"active_model": "sale.sale", "active_id": sale.id, "active_ids": [sale.id]}
        session, start, _ = await self._client.call(f"{wizard}.create")
        asked = await self._client.call(f"{wizard}.execute", session, {}, start, context=where)
        cancelled = asked["view"]["defaults"][f"domain_{records}"]
        if cancelled:
            answer: dict[str, Any] = {
                f"domain_{records}": cancelled,
                f"ignore_{records}": cancelled,
                f"recreate_{records}": [],
            }
            await self._client.call(f"{wizard}.execute", session, {"ask": answer}, "handle", context=where)
        await self._client.call(f"{wizard}.delete", session)

    async def _note(self, sale: Sale, reason: str) -> None:
        """Say why in the comment; the digest in it stays."""
        await self._client.call("model.sale.sale.write", [sale.id], {"comment": f"{sale.comment}\nCancelled: {reason}"})

    async def _told(self, sale: Sale) -> BookedDocument:
        return (await self._sales.documents([sale]))[sale.key]


def _held(sale: Sale, why: str) -> HeldError:
    return HeldError(
        f"the sale cannot be cancelled any more: {why}",
        code="too_late_to_cancel",
        document=sale.number or sale.key,
        way_out="Stop it in Tryton, or let it go out and take it back as a return.",
    )
