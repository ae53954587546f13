"""Claiming: whole aggregates, oldest first, never two workers on one aggregate, whatever the depth of the inbox.

A message is *fresh* when a claim may find it: ready, not parked, not behind. Claims walk the fresh ones in order of
arrival over a partial index, so handled messages cost nothing. When they meet fresh messages of an aggregate that is
leased or parked, they mark them `behind`, once, and later claims no longer meet them. Who ends a lease puts the oldest
of them back (`bring_forward`); so every message behind has a sibling that is fresh, parked or leased, and none strands.

On PostgreSQL one advisory lock makes claims take turns (a claim is a few milliseconds for a whole batch), so two can
never split an aggregate. A mark is set only under the row lock of the lease it stands behind: whoever ends that
lease waits, and then sees the mark.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select, text, union, update

from canonical.records import Message
from canonical.states import MessageState
from connectors.statestore.dialects import commit_lazily, hold_lock, now_of
from connectors.statestore.inbox import messages
from connectors.statestore.tables import INBOX
from connectors.statestore.tables.inbox import FRESH, LEASED, OPEN, PARKED

CLAIM_LOCK: Final = 0x6372_6F73_7302

_I = INBOX.c
_FRESH: Final = text(FRESH)
_PARKED: Final = text(PARKED)
_LEASED: Final = text(LEASED)
_OPEN: Final = text(OPEN)
_READY: Final = text("state = 'ready'")

_PER_AGGREGATE: Final = 20
"""Most messages of one aggregate in one claim, oldest first; the rest waits for the next."""
_WIDEST_LOOK: Final = 2_000
"""Most fresh rows one look reads; looks start small and grow while all they meet is taken."""
_MARKS: Final = 10_000
"""Most rows one claim marks or wakes, so that no claim holds up other writers for long."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker asks for. `limit` counts aggregates."""

    kind: str
    owner: str
    limit: int
    lease: timedelta
    scopes: tuple[str, ...] | None = None


@dataclass(slots=True)
class _Found:
    """Aggregates met on the walk."""

    free: dict[str, None] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def unknown(self, keys: Iterable[str]) -> set[str]:
        return {key for key in keys if key not in self.free and key not in self.taken}


def anything_due(connection: Connection, kind: str) -> bool:
    """Whether a claim could find something: a cheap look without any lock, for sweeps that mostly find nothing."""
    now = now_of(connection)
    fresh = exists().where(_FRESH, _I.kind == kind)
    parked = exists().where(_PARKED, _I.kind == kind, _I.not_before <= now)
    expired = exists().where(_LEASED, _I.lease_until <= now, _I.kind == kind)
    return bool(connection.execute(select(or_(fresh, parked, expired))).scalar_one())


def claim(connection: Connection, wanted: Claim) -> list[Message]:
    """Lease the oldest free aggregates. A claim lost by a crash of the database is a lease nobody holds: no harm."""
    commit_lazily(connection)
    hold_lock(connection, CLAIM_LOCK)
    now = now_of(connection)
    _wake(connection, wanted.kind, now)
    _take_over(connection, wanted.kind, now)
    found = _walk(connection, wanted, now)
    seqs, long = _lease(connection, wanted, list(found.free), now)
    _mark_behind(connection, long | _held_fast(connection, found.taken, now))
    return messages(connection, seqs)


def _wake(connection: Connection, kind: str, now: datetime) -> None:
    """Parked messages whose moment has come are fresh again."""
    due = select(_I.seq).where(_PARKED, _I.kind == kind, _I.not_before <= now).order_by(_I.not_before, _I.seq)
    connection.execute(update(INBOX).where(_I.seq.in_(due.limit(_MARKS))).values(not_before=None))


def _take_over(connection: Connection, kind: str, now: datetime) -> None:
    """Messages whose lease expired are ready again, and the attempt counts. One being committed now is left alone."""
    expired = select(_I.seq).where(_LEASED, _I.lease_until <= now, _I.kind == kind).with_for_update(skip_locked=True)
    connection.execute(
        update(INBOX)
        .where(_I.seq.in_(expired))
        .values(
            state=MessageState.READY.value,
            attempts=_I.attempts + 1,
            reason="the lease of " + func.coalesce(_I.owner, "nobody") + " expired",
            owner=None,
            lease_until=None,
        )
    )


def _walk(connection: Connection, wanted: Claim, now: datetime) -> _Found:
    """Look at fresh messages, oldest first, until enough free aggregates are found."""
    found, after, look = _Found(), -1, max(2 * wanted.limit, 50)
    while len(found.free) < wanted.limit:
        rows = connection.execute(_look(wanted, after, look)).all()
        found.taken |= _not_free(connection, found.unknown(row.aggregate_key for row in rows), now)
        for row in rows:
            if len(found.free) < wanted.limit and row.aggregate_key not in found.taken:
                found.free[row.aggregate_key] = None
        if len(rows) < look:
            break
        after, look = rows[-1].seq, min(look * 4, _WIDEST_LOOK)
    return found


def _look(wanted: Claim, after: int, rows: int) -> Select[tuple[int, str]]:
    query = select(_I.seq, _I.aggregate_key).where(_FRESH, _I.kind == wanted.kind, _I.seq > after)
    if wanted.scopes is not None:
        query = query.where(_I.scope.in_(wanted.scopes))
    return query.order_by(_I.seq).limit(rows)


def _not_free(connection: Connection, keys: set[str], now: datetime) -> set[str]:
    """Which of the aggregates have a live lease, or a message parked for later that must go first."""
    query = select(_I.aggregate_key).distinct().where(_OPEN, _I.aggregate_key.in_(keys), _blocks(now))
    return set(connection.execute(query).scalars()) if keys else set()


def _blocks(now: datetime) -> ColumnElement[bool]:
    return or_(and_(_LEASED, _I.lease_until > now), and_(_READY, _I.not_before > now))


def _lease(connection: Connection, wanted: Claim, keys: Sequence[str], now: datetime) -> tuple[list[int], set[str]]:
    """Take the oldest messages of each aggregate; also says which aggregates had more than one claim takes."""
    if not keys:
        return [], set()
    place = func.row_number().over(partition_by=_I.aggregate_key, order_by=_I.seq).label("place")
    due = or_(_I.not_before.is_(None), _I.not_before <= now)
    ranked = (
        select(_I.seq, _I.aggregate_key, place)
        .where(_OPEN, _READY, _I.aggregate_key.in_(keys), _I.kind == wanted.kind, due)
        .subquery()
    )
    rows = connection.execute(select(ranked).where(ranked.c.place <= _PER_AGGREGATE + 1)).all()
    seqs = [row.seq for row in rows if row.place <= _PER_AGGREGATE]
    connection.execute(
        update(INBOX)
        .where(_I.seq.in_(seqs))
        .values(
            state=MessageState.CLAIMED.value,
            owner=wanted.owner,
            lease_until=now + wanted.lease,
            not_before=None,
            behind=False,
        )
    )
    return seqs, {row.aggregate_key for row in rows if row.place > _PER_AGGREGATE}


def _held_fast(connection: Connection, keys: set[str], now: datetime) -> set[str]:
    """Those of the aggregates whose lease we can lock, so that it cannot end while we mark; and the parked ones."""
    if not keys:
        return set()
    query = select(_I.aggregate_key).where(_OPEN, _I.aggregate_key.in_(keys), _blocks(now))
    return set(connection.execute(query.with_for_update(skip_locked=True)).scalars())


def _mark_behind(connection: Connection, keys: set[str]) -> None:
    """Fresh messages of these aggregates stand behind from now on."""
    if keys:
        fresh = select(_I.seq).where(_OPEN, _I.aggregate_key.in_(keys), _FRESH).limit(_MARKS)
        connection.execute(update(INBOX).where(_I.seq.in_(fresh)).values(behind=True))


def bring_forward(connection: Connection, aggregate_keys: Iterable[str]) -> None:
    """After a lease ended: the oldest message behind, of each kind, may be found again; the rest comes with it."""
    keys = sorted(set(aggregate_keys))
    if not keys:
        return
    oldest = (
        select(func.min(_I.seq))
        .where(_OPEN, _READY, text("behind"), _I.aggregate_key.in_(keys))
        .group_by(_I.aggregate_key, _I.kind)
    )
    connection.execute(update(INBOX).where(_I.seq.in_(oldest)).values(behind=False))


def extend(connection: Connection, owner: str, seqs: Sequence[int], lease: timedelta) -> bool:
    """Renew the lease; false when any of the messages is no longer the owner's."""
    wanted = set(seqs)
    held = update(INBOX).where(_I.seq.in_(wanted), _I.owner == owner, _LEASED)
    renewed = connection.execute(held.values(lease_until=now_of(connection) + lease))
    return renewed.rowcount == len(wanted)


def pending(connection: Connection, kind: str) -> int:
    """How many messages a claim could take now, if its limit were large enough."""
    now = now_of(connection)
    taken = union(
        select(_I.aggregate_key).where(_LEASED, _I.lease_until > now),
        select(_I.aggregate_key).where(_PARKED, _I.not_before > now),
    )
    due = or_(and_(_READY, or_(_I.not_before.is_(None), _I.not_before <= now)), and_(_LEASED, _I.lease_until <= now))
    query = select(func.count()).select_from(INBOX).where(_OPEN, _I.kind == kind, due, _I.aggregate_key.not_in(taken))
    return int(connection.execute(query).scalar_one())
