"""One document on its way through Tryton's states."""

from dataclasses import dataclass

from canonical.booking import BookedDocument, SalesOrderDocument
from canonical.errors import ConflictError, CrossdockError, RetryableError
from canonical.money import Money, quantum
from canonical.outcomes import Failed, Outcome, Settled
from connectors.tryton.schemas import Sale


@dataclass(slots=True)
class Booking:
    """A document, its sale once there is one (`sale` as it was read last), and its error or its end."""

    document: SalesOrderDocument
    party: int
    id: int | None = None
    sale: Sale | None = None
    created: bool = False
    rounding: Money | None = None
    error: CrossdockError | None = None
    done: BookedDocument | None = None

    @property
    def open(self) -> bool:
        """Whether it has neither error nor end yet."""
        return self.error is None and self.done is None

    def in_state(self, state: str) -> bool:
        """Whether it is open and its sale is in this state."""
        return self.open and self.sale is not None and self.sale.state == state

    @property
    def difference(self) -> Money:
        """The order's total less the sale's."""
        assert self.sale is not None
        return self.document.total - Money(amount=self.sale.total, currency=self.document.currency)

    @property
    def tolerable(self) -> bool:
        """Whether the difference is what rounding line by line can come to: a minor unit a line."""
        return abs(self.difference.amount) <= quantum(self.document.currency) * len(self.document.lines)

    def meet(self, sale: Sale) -> None:
        """Take the sale that stands under the key. Booked with other content it is a conflict; a draft of other
        content is nobody's order, and is left for the caller to discard."""
        unmarked = sale.digest is None and sale.total == self.document.total.amount
        if unmarked or sale.digest == self.document.digest:
            self.id, self.sale, self.error = sale.id, sale, None
        elif not sale.unfinished:
            self.error = ConflictError(
                f"sale {sale.number} stands under this key with other content",
                code="booked_with_other_content",
                document=self.document.name,
                way_out="Compare the sale in Tryton with the order; correct it there.",
            )

    def outcome(self) -> Outcome[BookedDocument]:
        """What the caller gets. Neither error nor end means that another worker is at it."""
        if self.done is not None:
            return Settled(self.done)
        if isinstance(self.error, RetryableError) and self.id is not None:
            self.error.maybe_applied = True  # whatever call failed, its sale stands
        raced = RetryableError("another worker is booking it", code="raced", document=self.document.name)
        return Failed(self.error or raced)
