"""Our own database, one more system: inbox, effect ledger, and where every document stands."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from canonical.ports.budget import Budgets
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
    InboxSummary,
    Lane,
    LifeRecord,
    Message,
    OrderRecord,
    OverdueSummary,
    Principal,
    StageSummary,
    TraceLine,
)


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

    async def kinds_waiting(self, aggregate_keys: Collection[str]) -> list[str]:
        """The kinds of which these aggregates have ready messages that are due.

        Whoever ends a lease asks: a message of another kind that came meanwhile could not be claimed (`claim`), so
        its own drain may have ended without it.
        """
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

    async def overdue(self, now: datetime) -> list[OverdueSummary]:
        """Effects whose answer was due before now, counted by shop and system."""
        ...


@runtime_checkable
class StateStore(Inbox, Ledger, Budgets, Protocol):
    """Our own database, one more system."""

    async def commit(self, batch: Batch) -> None:
        """Write everything in the batch in one transaction. Raises `ConflictError` when a fenced lease was lost."""
        ...

    async def orders(self, aggregate_keys: Sequence[str]) -> dict[str, OrderRecord]: ...

    async def find_orders(self, text: str, scope: str | None = None, limit: int = 20) -> list[OrderRecord]:
        """By name (#1001), native id, external id or number, correlation id."""
        ...

    async def lives(self, aggregate_keys: Sequence[str]) -> dict[str, LifeRecord]:
        """The lives of these orders; an order without one is missing."""
        ...

    async def due_lives(self, now: datetime, limit: int = 500) -> list[LifeRecord]:
        """Open lives whose time to be looked at has come, the longest due first."""
        ...

    async def life_stages(self) -> list[StageSummary]:
        """Open lives, counted by shop and stage. Cheap: no document is read."""
        ...

    async def scan_lives(
        self, scope: str, *, open_only: bool = True, after: str | None = None, limit: int = 500
    ) -> list[LifeRecord]:
        """The lives of a shop by order id, from the one after `after`: a page at a time through all of them."""
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

    async def claimed(self, references: Sequence[CrossReference]) -> list[CrossReference]:
        """Save each whose left side names nothing yet, and return what stands for each, in order: the first keeps it.

        Unlike references of a batch, two that want the same are no conflict: who comes second is told who has it.
        """
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
