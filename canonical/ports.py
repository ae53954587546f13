"""The ports: what flows and front doors ask of systems, as Protocols. Connectors implement them, nobody inherits.

Every write answers with one `Outcome` per request, in order: settled, awaiting an acknowledgement, or failed. A port
raises a `CrossdockError` only when the whole call failed. All calls are coroutines; none blocks the event loop.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from canonical.booking import BookedDocument, CustomerRef, SalesOrderDocument
from canonical.errors import RejectedError
from canonical.order import Order
from canonical.outcomes import Outcome
from canonical.party import PartyIdentity
from canonical.records import (
    AuditRow,
    Batch,
    Case,
    CaseKind,
    CrossReference,
    Cursor,
    Delivery,
    Effect,
    EffectIntent,
    EffectUpdate,
    FieldWrite,
    InboxSummary,
    Lane,
    Message,
    OrderRecord,
    Principal,
    TraceLine,
)


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
class WebhookSource(Protocol):
    """Turns a signed request into a delivery. Used by the gateway, so it imports little and parses nothing big."""

    channel: str

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the signature is right: constant time, over the raw bytes, current and previous secret."""
        ...

    def delivery(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """What goes to the inbox. Raises `RejectedError` when shop or topic is not one we subscribed to."""
        ...


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


class Inbox(Protocol):
    """Accepted means kept."""

    async def put(self, deliveries: Sequence[Delivery]) -> list[bool]:
        """Store each once: true when new, false when its delivery key was there. Returns only after the commit."""
        ...

    async def claim(
        self, kind: str, owner: str, limit: int, lease: timedelta, *, scopes: Sequence[str] | None = None
    ) -> list[Message]:
        """Lease the oldest ready messages, whole aggregates, in order of arrival.

        An aggregate with a live lease, of any owner and any kind, is left alone: nobody works on it at the same time.
        It waits, too, while an earlier message of it is parked. Expired leases are taken over (the attempt counts).
        `limit` counts aggregates; of a long queue the oldest messages come first, the rest with the next claim.
        """
        ...

    async def extend(self, owner: str, seqs: Sequence[int], lease: timedelta) -> bool:
        """Keep working; false when the lease was lost and the work must stop."""
        ...

    async def pending(self, kind: str) -> int:
        """How many messages could be claimed now."""
        ...

    async def summary(self) -> list[InboxSummary]:
        """What is in the inbox and not done; done messages are history, not a queue."""
        ...

    async def replay(self, delivery_keys: Sequence[str], actor: str) -> int:
        """Make handled messages ready again (audited); how many."""
        ...


class Ledger(Protocol):
    """The effect ledger: once, whatever dies."""

    async def intend(self, intents: Sequence[EffectIntent]) -> list[Effect]:
        """Commit the intents that are new, and return the row of each in order.

        A row that stands with another digest comes back as it is (compare `request_digest`): the caller decides.
        """
        ...

    async def mark(self, updates: Sequence[EffectUpdate]) -> None:
        """Commit steps of effects. `sent` counts an attempt. Raises `ConflictError` for a step not in the table."""
        ...

    async def effects(self, keys: Sequence[str]) -> dict[str, Effect]: ...

    async def unsettled(self, system: str, scope: str, older_than: datetime, limit: int = 200) -> list[Effect]:
        """Effects `sent` or `awaiting_ack` since before the moment: to be read back, or shown as overdue."""
        ...


@runtime_checkable
class StateStore(Inbox, Ledger, Protocol):
    """Our own database, one more system."""

    async def commit(self, batch: Batch) -> None:
        """Write everything in the batch in one transaction. Raises `ConflictError` when a fenced lease was lost."""
        ...

    async def orders(self, aggregate_keys: Sequence[str]) -> dict[str, OrderRecord]: ...

    async def find_orders(self, text: str, scope: str | None = None, limit: int = 20) -> list[OrderRecord]:
        """By name (#1001), native id, external id or number, correlation id."""
        ...

    async def cases(
        self, *, kind: CaseKind | None = None, scope: str | None = None, open_only: bool = True, limit: int = 200
    ) -> list[Case]: ...

    async def due_cases(self, now: datetime) -> list[Case]:
        """Held documents whose release time has come."""
        ...

    async def reserved(self, scope: str, skus: Sequence[str] | None = None) -> dict[tuple[str, str | None], str]:
        """Open reservations per (SKU, location) as exact decimal text."""
        ...

    async def reference(self, scope: str, kind: str, system: str, native_id: str) -> CrossReference | None:
        """The cross reference from either side."""
        ...

    async def trace(self, text: str) -> list[TraceLine]:
        """Everything known about a document, from any of its ids, in order of time."""
        ...

    async def cursor(self, scope: str, name: str) -> Cursor | None: ...

    async def set_cursor(self, cursor: Cursor) -> None: ...

    async def lanes(self) -> list[Lane]: ...

    async def set_lane(self, lane: Lane) -> None: ...

    async def verify_audit(self) -> tuple[int, str | None]:
        """(rows checked, None) when the chain is whole, else the first broken place in words."""
        ...

    async def audit(self, aggregate_key: str) -> list[AuditRow]: ...

    async def add_principal(self, name: str, token: str, roles: Sequence[str]) -> Principal: ...

    async def principal(self, token: str) -> Principal | None:
        """Who the token belongs to; None when unknown or disabled."""
        ...

    async def latency(self, clock: str, since: datetime) -> list[float]:
        """Seconds from start to stop of the clocks stopped since the moment."""
        ...

    async def check(self) -> None:
        """One cheap read. Raises `RetryableError` when the store is unavailable."""
        ...

    async def aclose(self) -> None: ...


class Mappings(Protocol):
    """Mapped values. `None` means unmapped: the caller holds the document that needs it, nothing else."""

    def item(self, shop: str, sku: str | None, variant_id: str | None) -> str | None: ...

    def tax(self, shop: str, title: str, rate: str | None, country: str | None, region: str | None) -> str | None: ...

    def shipping_method(self, shop: str, code: str | None, title: str) -> str | None: ...

    def location(self, shop: str, location_id: str | None, name: str | None) -> str | None: ...

    def payment_method(self, shop: str, gateway: str) -> str | None: ...

    def account_item(self, shop: str, purpose: str) -> str | None:
        """The ERP item for shipping, tip, duty, fee, gift_card, cash_rounding."""
        ...
