"""Orders: the ERP that books them, the shop that sells them, and who understands its messages."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from canonical.booking import BookedDocument, CustomerRef, SalesOrderDocument
from canonical.errors import RejectedError
from canonical.order import Order
from canonical.outcomes import Outcome
from canonical.party import PartyIdentity
from canonical.records import Delivery, FieldWrite, Message


@runtime_checkable
class SalesOrders(Protocol):
    """An ERP that books sales orders. One instance serves one ERP company."""

    system: str
    best_batch: int
    """How many orders one call carries best (at most 50)."""

    async def ensure_customers(self, parties: Sequence[PartyIdentity]) -> list[Outcome[CustomerRef]]:
        """Find each party by external id, then by e-mail (case ignored), else create it. Never twice."""
        ...

    async def create_sales_orders(
        self, documents: Sequence[SalesOrderDocument], customers: Mapping[str, CustomerRef]
    ) -> list[Outcome[BookedDocument]]:
        """Book each document once under its key. `customers` is keyed by `party.external_id`.

        A key that already stands for the same content settles with the existing document (`created` false); with
        other content it fails with `ConflictError` and nothing is written. One bad order fails alone. The ERP's total
        equals the document's; what its rounding forces goes to one rounding line of at most 0.01 per line.
        """
        ...

    async def find_by_key(self, keys: Sequence[str]) -> dict[str, BookedDocument]:
        """The documents that exist under these keys. A key that is missing was never booked."""
        ...

    async def cancel(self, key: str, reason: str) -> Outcome[BookedDocument]:
        """Cancel the document, or fail with `HeldError` when it has gone too far. Cancelling twice is settled."""
        ...

    async def check(self) -> None:
        """One cheap authenticated call. Raises `RetryableError` (down) or `MisconfiguredError` (log-in refused)."""
        ...

    async def aclose(self) -> None: ...


@runtime_checkable
class SalesChannel(Protocol):
    """A shop: its orders, read in chunks, and what is told back to it. One instance serves one shop."""

    shop: str

    @property
    def notices(self) -> frozenset[str]:
        """What an operator should know of the shop's answers so far: another API version, deprecated calls."""
        ...

    async def read_orders(self, ids: Sequence[str]) -> Mapping[str, Order | RejectedError]:
        """Whole orders by native id, 50 a call; an id that is missing does not exist (any more).

        An order that is there but cannot be understood stands as its error, and stops none of the others.
        """
        ...

    async def complete_orders(self, orders: Sequence[Order]) -> Sequence[Order | RejectedError]:
        """The same orders with what their webhook lacked (risk, fulfillment orders, transactions), one read a chunk.

        In the same order; one that cannot be understood stands as its error.
        """
        ...

    async def orders_updated_since(self, since: datetime, until: datetime | None = None) -> list[Delivery]:
        """A delivery for every order updated in the window (UTC), for the same inbox; keys derive from id and time."""
        ...

    async def find_orders(self, names: Sequence[str]) -> list[Delivery]:
        """The same for orders by name (#1001): a manual ingest."""
        ...

    async def write_back(self, updates: Sequence[FieldWrite]) -> list[Outcome[str]]:
        """Set fields on orders, 25 a call; the value is the order's id. Safe to repeat."""
        ...

    async def subscribe(self, topics: Sequence[str], uri: str) -> list[str]:
        """Make sure each topic is delivered to the URI; returns the topics that had to be created."""
        ...

    async def check(self) -> None:
        """One cheap authenticated call, as `SalesOrders.check`."""
        ...

    async def aclose(self) -> None: ...


@runtime_checkable
class OrderTranslator(Protocol):
    """Turns an inbox message into canonical orders, or says which ids must be read again."""

    def order_of(self, message: Message) -> Order | None:
        """The order in the message; None when the payload is partial and the order must be read by id.

        Raises `RejectedError` naming the field when the payload cannot be understood.
        """
        ...

    def order_id_of(self, message: Message) -> str:
        """The native order id the message is about. Raises `RejectedError` when there is none."""
        ...
