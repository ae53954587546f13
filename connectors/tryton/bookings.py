"""A batch of documents through Tryton's states: draft, quotation, confirmed, processing. One outcome each.

    find by key -> create drafts -> settle the cents -> quote -> check totals -> record tenders -> confirm -> process

Every step is one call for the whole batch, and every step can be the last before a crash: the next attempt finds the
sale by its key and goes on from its state. A draft or a quotation counts as never booked. Steps that add something
(rounding line, payments) name the version they saw, so that of two workers only one adds it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from canonical.booking import BookedDocument, CustomerRef, SalesOrderDocument
from canonical.errors import ConflictError, CrossdockError, RejectedError, RetryableError
from canonical.outcomes import Failed, Outcome
from connectors.tryton.apart import each_alone
from connectors.tryton.booking import Booking
from connectors.tryton.client import TrytonClient
from connectors.tryton.directory import Directory
from connectors.tryton.drafts import Drafts
from connectors.tryton.mapper import payment_values
from connectors.tryton.sales import Sales, as_read, document_of
from connectors.tryton.schemas import References
from connectors.tryton.settings import TrytonSettings

ROUNDS = 3  # once through the states, and again where another worker was at the same sale
SALE = "model.sale.sale"


class Bookings:
    """Books batches for one company."""

    def __init__(self, client: TrytonClient, directory: Directory, sales: Sales, settings: TrytonSettings) -> None:
        self._client, self._directory, self._sales, self._settings = client, directory, sales, settings
        self._drafts = Drafts(client, settings)

    async def book(
        self, documents: Sequence[SalesOrderDocument], customers: Mapping[str, CustomerRef]
    ) -> list[Outcome[BookedDocument]]:
        """One outcome a document. Raises only when not even the first look by key was possible.

        A key that occurs twice is booked for its first document; the others are answered as a later call would be.
        """
        first: dict[str, SalesOrderDocument] = {}
        for document in documents:  # in the order given: the ERP numbers them so
            first.setdefault(document.key, document)
        bookings = [Booking(d, int(customers[d.party.external_id].id)) for d in first.values()]
        await self._meet_existing(bookings)
        try:
            await self._through_the_states(bookings)
        except CrossdockError as error:
            for booking in bookings:
                if booking.open:
                    booking.error = error
        outcomes = {booking.document.key: booking.outcome() for booking in bookings}
        return [outcomes[d.key] if d.digest == first[d.key].digest else _conflict(d) for d in documents]

    async def _through_the_states(self, bookings: Sequence[Booking]) -> None:
        open_ = [b for b in bookings if b.open]
        if not open_:
            return
        known = await self._directory.references([b.document for b in open_], self._settings.rounding_item)
        new = [b for b in open_ if b.id is None]
        await self._drafts.create(new, known)
        await self._meet_existing([b for b in new if isinstance(b.error, RejectedError)])  # another may be faster
        for _ in range(ROUNDS):
            open_ = [b for b in bookings if b.open]
            await self._refresh(open_)
            await self._balance([b for b in open_ if b.in_state("draft")], known)
            await self._press("quote", [b for b in open_ if b.in_state("draft")])
            await self._refuse([b for b in open_ if b.in_state("quotation") and not b.difference.is_zero])
            await self._record_tenders([b for b in open_ if b.in_state("quotation")], known)
            await self._press("confirm", [b for b in open_ if b.in_state("quotation")])
            if not self._settings.queue_worker:
                await self._press("process", [b for b in open_ if b.in_state("confirmed")])
            await self._finish([b for b in open_ if b.open])
            if not any(b.open for b in bookings):
                return

    async def _meet_existing(self, bookings: Sequence[Booking]) -> None:
        """Take what stands under the keys; drop drafts of other content, which were never booked."""
        if not bookings:
            return
        standing = await self._sales.by_key(b.document.key for b in bookings)
        for booking in bookings:
            if sale := standing.get(booking.document.key):
                booking.meet(sale)
        stale = [b.document.key for b in bookings if b.document.key in standing and b.open and b.id is None]
        await self._sales.discard([standing[key] for key in stale])

    async def _balance(self, bookings: Sequence[Booking], known: References) -> None:
        """Put the cents that Tryton's rounding forces on the rounding line; refuse any larger difference."""
        await self._refuse([b for b in bookings if not b.tolerable])
        off = [b for b in bookings if b.open and not b.difference.is_zero]
        for booking in off:
            booking.rounding = booking.difference
        await self._write(off, lambda b: self._drafts.rounding_of(b, known))

    async def _record_tenders(self, bookings: Sequence[Booking], known: References) -> None:
        """Payments, which Tryton takes from the quotation on; only on a sale that has none yet."""
        lacking = [b for b in bookings if b.open and b.document.tenders and b.sale and not b.sale.payments]
        await self._write(lacking, lambda b: {"payments": [("create", payment_values(b.document, known, b.party))]})

    async def _finish(self, bookings: Sequence[Booking]) -> None:
        """Tell what stands. A sale that this call did not create is asked for its rounding."""
        ended = [b for b in bookings if b.sale and not b.sale.unfinished]
        ended = [b for b in ended if self._settings.queue_worker or not b.in_state("confirmed")]
        told = await self._sales.documents([b.sale for b in ended if b.sale and not b.created])
        for booking in ended:
            assert booking.sale is not None
            booking.done = told.get(booking.document.key) or document_of(
                booking.sale, booking.document.currency, rounding=booking.rounding, created=True
            )

    async def _refresh(self, bookings: Sequence[Booking]) -> None:
        """Read the sales again. One that has gone was discarded by another worker."""
        ids = [b.id for b in bookings if b.id is not None]
        rows = await self._sales.read(ids) if ids else {}
        for booking in bookings:
            booking.sale = rows.get(booking.id) if booking.id is not None else None
            if booking.sale is None:
                booking.error = RetryableError(
                    "its sale was discarded meanwhile", code="raced", document=booking.document.name
                )

    async def _press(self, button: str, bookings: Sequence[Booking]) -> None:
        """Press a button of these sales, and read them again; Tryton passes over those that are past it."""

        async def act(group: Sequence[Booking]) -> Sequence[Booking]:
            await self._client.call(f"{SALE}.{button}", [b.id for b in group])
            return group

        await self._each(bookings, act)
        await self._refresh([b for b in bookings if b.open and b.sale])

    async def _write(self, bookings: Sequence[Booking], change: Callable[[Booking], dict[str, Any]]) -> None:
        """Change each sale in the version that was read. Where that has passed, the next round looks again."""

        async def act(group: Sequence[Booking]) -> Sequence[Booking]:
            changes: list[Any] = []
            for booking in group:
                changes += [[booking.id], change(booking)]
            await self._client.call(f"{SALE}.write", *changes, context=as_read(*(b.sale for b in group if b.sale)))
            return group

        await self._each(bookings, act)

    async def _each(self, bookings: Sequence[Booking], act: Callable[[Sequence[Booking]], Any]) -> None:
        """Do it for all, noting the errors of those that fail alone; their unfinished sales are discarded."""
        for booking, result in zip(bookings, await each_alone(bookings, act), strict=True):
            if isinstance(result, ConflictError):
                booking.sale = None  # not the version that was read: nothing more with it in this round
            elif isinstance(result, CrossdockError):
                booking.error = result
        refused = [b for b in bookings if isinstance(b.error, RejectedError)]
        await self._pass_over_moved(refused)
        await self._discard([b for b in refused if b.error])

    async def _pass_over_moved(self, bookings: Sequence[Booking]) -> None:
        """A sale that another worker took to another state was not refused: the next round looks again."""
        rows = await self._sales.read([b.id for b in bookings if b.id is not None]) if bookings else {}
        for booking in bookings:
            row = rows.get(booking.id) if booking.id is not None else None
            if row and booking.sale and row.state != booking.sale.state:
                booking.error, booking.sale = None, None

    async def _refuse(self, bookings: Sequence[Booking]) -> None:
        """Fail those whose total Tryton computes otherwise, by more than rounding or after it was balanced."""
        for booking in bookings:
            assert booking.sale is not None
            booking.error = RejectedError(
                f"Tryton computes {booking.sale.total} {booking.document.currency}, the order comes to "
                f"{booking.document.total}: {booking.difference} is more than rounding",
                code="total_differs",
                document=booking.document.name,
                field="total",
                way_out="Compare taxes and prices of the order with Tryton's, correct them, then replay the order.",
            )
        await self._discard(bookings)

    async def _discard(self, bookings: Sequence[Booking]) -> None:
        await self._sales.discard([b.sale for b in bookings if b.sale and b.sale.unfinished])


def _conflict(document: SalesOrderDocument) -> Failed:
    return Failed(
        ConflictError(
            "the batch holds another document with the same key",
            code="booked_with_other_content",
            document=document.name,
            way_out="Find out which of the two contents is right, and replay it.",
        )
    )
