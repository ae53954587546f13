"""The state store: `canonical.ports.StateStore` over SQLite or PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import text as sql

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
from connectors.statestore import (
    audit,
    batches,
    cases,
    claims,
    clocks,
    control,
    effects,
    heads,
    holdings,
    inbox,
    lives,
    orders,
    reservations,
    trace,
)
from connectors.statestore.database import Database, rows_of
from connectors.statestore.dialects import now_of
from connectors.statestore.intake import Intake
from connectors.statestore.schema import REVISION, bring_up, current_revision, require_newest
from connectors.statestore.settings import StoreSettings
from connectors.statestore.shared_budget import SharedBudget
from connectors.statestore.stock_book import SqlStockBook


class SqlStateStore(SqlStockBook):
    """Coroutines in front of synchronous work in threads. May be used from any event loop of its process."""

    def __init__(self, database: Database, settings: StoreSettings) -> None:
        self._database = database
        self.intake = Intake(database, batch=settings.intake_batch, queue=settings.intake_queue)
        self._budgets: dict[str, SharedBudget] = {}

    @property
    def database(self) -> Database:
        """For the other ports that keep their rows here (`connectors.registry`)."""
        return self._database

    # The inbox

    async def put(self, deliveries: Sequence[Delivery]) -> list[bool]:
        """Store each once: true when new. Returns only after the commit; grouped with what else arrives.

        Raises `RetryableError` (`store_busy`, `store_unavailable`), or `RejectedError` when one of the deliveries
        cannot be stored; the others of the call are stored then, and the call may be repeated without them.
        """
        return await self.intake.put(deliveries)

    async def claim(
        self, kind: str, owner: str, limit: int, lease: timedelta, *, scopes: Sequence[str] | None = None
    ) -> list[Message]:
        """Lease the oldest free aggregates, at most `limit`, and return their messages in order of arrival."""
        if not await self._database.read(lambda c: claims.anything_due(c, kind)):
            return []
        wanted = claims.Claim(kind, owner, limit, lease, None if scopes is None else tuple(scopes))
        return await self._database.write(lambda c: claims.claim(c, wanted))

    async def extend(self, owner: str, seqs: Sequence[int], lease: timedelta) -> bool:
        """Keep working; false when the lease was lost and the work must stop."""
        return await self._database.write(lambda c: claims.extend(c, owner, seqs, lease))

    async def pending(self, kind: str) -> int:
        """How many messages could be claimed now."""
        return await self._database.read(lambda c: claims.pending(c, kind))

    async def kinds_waiting(self, aggregate_keys: Collection[str]) -> list[str]:
        """The kinds of which these aggregates have messages that nobody works on and that are due."""
        return await self._database.read(lambda c: heads.kinds_waiting(c, aggregate_keys, now_of(c)))

    async def summary(self) -> list[InboxSummary]:
        """What is in the inbox and not done."""
        return await self._database.read(inbox.summary)

    async def replay(self, delivery_keys: Sequence[str], actor: str) -> int:
        """Make handled messages ready again (audited); how many."""
        return await self._database.write(lambda c: inbox.replay(c, delivery_keys, actor, _now()))

    # The ledger

    async def intend(self, intents: Sequence[EffectIntent]) -> list[Effect]:
        """Commit the intents that are new, and return the row of each in order."""
        return await self._database.write(lambda c: effects.intend(c, intents, _now()))

    async def mark(self, updates: Sequence[EffectUpdate]) -> None:
        """Commit steps of effects. Raises `ConflictError` for a step not in the table."""
        await self._database.write(lambda c: effects.step(c, updates, _now()))

    async def effects(self, keys: Sequence[str]) -> dict[str, Effect]:
        """The effects that exist under these keys."""
        return await self._database.read(lambda c: effects.by_key(c, keys))

    async def unsettled(self, system: str, scope: str, older_than: datetime, limit: int = 200) -> list[Effect]:
        """Effects `sent` or `awaiting_ack` since before the moment, oldest first."""
        return await self._database.read(lambda c: effects.unsettled(c, system, scope, older_than, limit))

    async def overdue(self, now: datetime) -> list[OverdueSummary]:
        """Effects whose answer was due before now, counted by shop and system."""
        return await self._database.read(lambda c: effects.overdue(c, now))

    async def commit(self, batch: Batch) -> None:
        """Write everything in the batch in one transaction. Raises `ConflictError`, and then nothing is written."""
        await self._database.write(lambda c: batches.write(c, batch))

    # Documents

    async def orders(self, aggregate_keys: Sequence[str]) -> dict[str, OrderRecord]:
        """The orders that exist under these aggregate keys."""
        return await self._database.read(lambda c: orders.by_aggregate(c, aggregate_keys))

    async def find_orders(self, text: str, scope: str | None = None, limit: int = 20) -> list[OrderRecord]:
        """By name (#1001), native id, external id or number, correlation id; newest first."""
        return await self._database.read(lambda c: orders.find(c, text, scope, limit))

    async def lives(self, aggregate_keys: Sequence[str]) -> dict[str, LifeRecord]:
        """The lives of these orders."""
        return await self._database.read(lambda c: lives.by_aggregate(c, aggregate_keys))

    async def due_lives(self, now: datetime, limit: int = 500) -> list[LifeRecord]:
        """Open lives to be looked at by now, the longest due first."""
        return await self._database.read(lambda c: lives.due(c, now, limit))

    async def life_stages(self) -> list[StageSummary]:
        """Open lives, counted by shop and stage."""
        return await self._database.read(lives.stages)

    async def scan_lives(
        self, scope: str, *, open_only: bool = True, after: str | None = None, limit: int = 500
    ) -> list[LifeRecord]:
        """A page of the lives of a shop by order id."""
        return await self._database.read(lambda c: lives.scan(c, scope, open_only, after, limit))

    async def cases(
        self, *, kind: CaseKind | None = None, scope: str | None = None, open_only: bool = True, limit: int = 200
    ) -> list[Case]:
        """Stuck documents, the oldest first."""
        return await self._database.read(
            lambda c: cases.find(c, kind=kind, scope=scope, open_only=open_only, limit=limit)
        )

    async def due_cases(self, now: datetime) -> list[Case]:
        """Held documents whose release time has come."""
        return await self._database.read(lambda c: cases.due(c, now))

    async def reserved(self, scope: str, skus: Sequence[str] | None = None) -> dict[tuple[str, str | None], str]:
        """Open reservations per (SKU, location) as exact decimal text."""
        return await self._database.read(lambda c: reservations.reserved(c, scope, skus, _now()))

    async def reference(self, scope: str, kind: str, system: str, native_id: str) -> CrossReference | None:
        """The cross reference from either side."""
        return await self._database.read(lambda c: holdings.find(c, scope, kind, system, native_id))

    async def claimed(self, references: Sequence[CrossReference]) -> list[CrossReference]:
        """What stands for each left side, in order; one that names nothing yet is saved. The first keeps it."""
        known = await self._database.read(lambda c: holdings.standing(c, references))
        if None not in known:
            return [one for one in known if one is not None]
        return await self._database.write(lambda c: holdings.claim(c, references))

    async def trace(self, text: str) -> list[TraceLine]:
        """Everything known about a document, from any of its ids, in order of time."""
        return await self._database.read(lambda c: trace.trace(partial(rows_of, c), text))

    async def latency(self, clock: str, since: datetime) -> list[float]:
        """Seconds from start to stop of the clocks stopped since the moment."""
        return await self._database.read(lambda c: clocks.latency(c, clock, since))

    # Running the house

    async def cursor(self, scope: str, name: str) -> Cursor | None:
        """How far a poll has read."""
        return await self._database.read(lambda c: control.cursor(c, scope, name))

    async def set_cursor(self, cursor: Cursor) -> None:
        """Remember how far a poll has read."""
        await self._database.write(lambda c: control.set_cursor(c, cursor))

    async def lanes(self) -> list[Lane]:
        """All lanes that were ever parked or failed."""
        return await self._database.read(control.lanes)

    async def set_lane(self, lane: Lane) -> None:
        """Open or park a lane."""
        await self._database.write(lambda c: control.set_lane(c, lane))

    async def verify_audit(self) -> tuple[int, str | None]:
        """(rows checked, None) when the chain is whole, else the first broken place in words."""
        return await self._database.read(audit.verify)

    async def audit(self, aggregate_key: str) -> list[AuditRow]:
        """The audit of one document."""
        return await self._database.read(lambda c: audit.rows_of(c, [aggregate_key]))

    async def add_principal(self, name: str, token: str, roles: Sequence[str]) -> Principal:
        """Add somebody, or give them a new token and roles."""
        return await self._database.write(lambda c: control.add_principal(c, name, token, roles, _now()))

    async def principal(self, token: str) -> Principal | None:
        """Who the token belongs to; None when unknown or disabled."""
        return await self._database.read(lambda c: control.principal(c, token))

    def budget(self, bucket: str) -> SharedBudget:
        """The call budget of a bucket (system, shop, app), shared by all who use this store."""
        return self._budgets.setdefault(bucket, SharedBudget(self._database, bucket))

    async def check(self) -> None:
        """One cheap read. Raises `RetryableError` when the store is unavailable."""
        await self._database.read(lambda c: c.execute(sql("SELECT 1")).scalar_one())

    async def aclose(self) -> None:
        """Finish what runs and answer all who wait, then close."""
        self.intake.close()
        await self._database.aclose()


def _now() -> datetime:
    return datetime.now(UTC)


async def open_store(settings: StoreSettings) -> SqlStateStore:
    """Open the store, bringing the schema up to date first (`auto_upgrade`).

    Raises `RetryableError` when the database is away, `MisconfiguredError` when its schema is not ours.
    """
    database = _database(settings)
    try:
        if settings.auto_upgrade and await database.read(current_revision) != REVISION:
            await database.write(bring_up)
        await database.read(require_newest)
    except BaseException:
        await database.aclose()
        raise
    return SqlStateStore(database, settings)


async def upgrade(settings: StoreSettings) -> str:
    """Bring the schema to the newest revision and say which that is."""
    store = await open_store(settings.model_copy(update={"auto_upgrade": True}))
    await store.aclose()
    return REVISION


def _database(settings: StoreSettings) -> Database:
    url = settings.database
    if url.get_backend_name() == "sqlite":
        from connectors.statestore.sqlite import SqliteDatabase

        return SqliteDatabase(url, readers=settings.readers)
    from connectors.statestore.postgres import PostgresDatabase

    return PostgresDatabase(url, connections=settings.readers, lock_timeout=settings.lock_timeout)
