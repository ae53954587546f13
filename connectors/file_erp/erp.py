"""An ERP by file behind the port `SalesOrders`. An order is settled when its answer has come, not before."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from canonical.booking import BookedDocument, CustomerRef, DocumentStatus, SalesOrderDocument
from canonical.errors import ConflictError, HeldError, RejectedError
from canonical.money import Money, total
from canonical.outcomes import AwaitingAck, Outcome, Settled
from canonical.party import PartyIdentity
from connectors.file_drop import FileDrop, outcome_of
from connectors.file_erp.book import ANSWERS, ORDERS, Book, Sent, Told, file_name
from connectors.file_erp.settings import FileErpSettings
from connectors.file_erp.table import cancel_file, order_file


class FileErp:
    """Implements `canonical.ports.orders.SalesOrders` for one company."""

    def __init__(self, system: str, settings: FileErpSettings) -> None:
        self.system, self.best_batch = system, settings.best_batch
        self._drop = FileDrop(settings.drop(system))
        self._book = Book(self._drop)
        self._patience = timedelta(hours=settings.ack_hours)

    async def ensure_customers(self, parties: Sequence[PartyIdentity]) -> list[Outcome[CustomerRef]]:
        """See the port. The customer goes with the order, and the ERP finds or creates it: our id is its reference."""
        return [Settled(CustomerRef(id=party.external_id, number=party.account)) for party in parties]

    async def create_sales_orders(
        self, documents: Sequence[SalesOrderDocument], customers: Mapping[str, CustomerRef]
    ) -> list[Outcome[BookedDocument]]:
        """See the port. Handed over is `AwaitingAck`; asked again after the answer, it is settled."""
        fresh = await self._book.take_answers()
        return [await outcome_of(self._create(document, fresh)) for document in documents]

    async def find_by_key(self, keys: Sequence[str]) -> dict[str, BookedDocument]:
        """See the port. What was handed over and not answered is missing, and no reason to hand it over again."""
        await self._book.take_answers()
        found = {key: _booked(key, await self._book.told(key)) for key in keys}
        return {key: document for key, document in found.items() if document is not None}

    async def cancel(self, key: str, reason: str) -> Outcome[BookedDocument]:
        """See the port."""
        await self._book.take_answers()
        return await outcome_of(self._cancel(key, reason))

    async def check(self) -> None:
        """See the port."""
        await self._drop.check([ORDERS, ANSWERS])

    async def aclose(self) -> None:
        """Close the connection."""
        await self._drop.aclose()

    async def _create(self, document: SalesOrderDocument, fresh: set[str]) -> Outcome[BookedDocument]:
        sent, told = await self._book.sent(document.key), await self._book.told(document.key)
        if (booked := _booked(document.key, told)) is not None:
            if told.booked is not None and told.booked.digest != document.digest:
                raise _other_content(document, "is booked")
            created = document.key in fresh
            fresh.discard(document.key)
            return Settled(booked.model_copy(update={"created": created}))
        if sent is not None and sent.digest == document.digest:
            if told.refused is not None and told.refused.digest == document.digest:
                raise _refused(document, told.refused.reason)
            await self._book.resume(sent)
            return self._awaiting(sent)
        if sent is not None and (told.refused is None or told.refused.digest != sent.digest):
            raise _other_content(document, "was handed over")
        _adds_up(document)
        return self._awaiting(await self._hand_over(document))

    async def _hand_over(self, document: SalesOrderDocument) -> Sent:
        now = datetime.now(UTC)
        sent = Sent(digest=document.digest, name=document.name, file=file_name(document.key, now), at=now)
        await self._book.hand_over(document.key, sent, order_file(document))
        return sent

    async def _cancel(self, key: str, reason: str) -> Outcome[BookedDocument]:
        sent, told = await self._book.sent(key), await self._book.told(key)
        if sent is None or (told.booked is None and told.refused is not None):
            raise RejectedError(
                "no order is booked under this key", code="erp_unknown", document=key, way_out="Nothing is to be done."
            )
        booked = _booked(key, told)
        if booked is not None and told.cancelled:
            return Settled(booked)
        if told.too_late:
            raise HeldError(
                "the ERP has taken the order too far to cancel it",
                code="too_late",
                document=sent.name,
                way_out="Take the goods back as a return.",
            )
        if sent.cancel:
            await self._book.resume(sent)
            return self._awaiting(sent)
        now = datetime.now(UTC)
        asked = sent.model_copy(update={"cancel": True, "file": file_name(key, now), "at": now})
        await self._book.resume(sent)  # the order itself goes first
        await self._book.hand_over(key, asked, cancel_file(key, sent.digest, reason))
        return self._awaiting(asked)

    def _awaiting(self, sent: Sent) -> AwaitingAck:
        return AwaitingAck(reference=sent.file, deadline=sent.at + self._patience)


def _booked(key: str, told: Told) -> BookedDocument | None:
    answer = told.booked
    if answer is None or not answer.id or answer.total is None or answer.currency is None:
        return None
    return BookedDocument(
        key=key,
        id=answer.id,
        number=answer.number or None,
        status=DocumentStatus.CANCELLED if told.cancelled else DocumentStatus.PROCESSING,
        total=Money(amount=answer.total, currency=answer.currency),
        digest=answer.digest or None,
        created=False,
    )


def _adds_up(document: SalesOrderDocument) -> None:
    """What is wrong here would be known in hours only. Raises `RejectedError`."""
    booked = total((line.gross for line in document.lines), document.currency)
    if booked != document.total:
        raise RejectedError(
            f"the lines come to {booked.amount}, the order says {document.total.amount}",
            code="total_differs",
            document=document.name,
            field="total",
            way_out="Correct the order, then replay it.",
        )


def _refused(document: SalesOrderDocument, reason: str) -> RejectedError:
    return RejectedError(
        f"the ERP refuses it: {reason or 'no reason given'}",
        code="erp_refused",
        document=document.name,
        way_out="Correct the order or the master data, then replay it.",
    )


def _other_content(document: SalesOrderDocument, words: str) -> ConflictError:
    return ConflictError(
        f"an order of other content {words} under this key",
        code="order_differs",
        document=document.name,
        way_out="Compare the two; cancel the one that is wrong.",
    )
