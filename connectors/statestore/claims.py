"""Claiming: whole aggregates, oldest first, never two workers on one aggregate, whatever the depth of the inbox.

A message is *fresh* when a claim may find it: ready, not parked, not behind. Claims walk the fresh ones in order of
arrival over a partial index, so handled messages cost nothing. When they meet fresh messages of an aggregate that is
leased or parked, they mark them `behind`, once, and later claims no longer meet them. Who ends a lease puts the oldest
of them back (`bring_forward`); so every message behind has a sibling that is fresh, parked or leased, and none strands.

On PostgreSQL one advisory lock makes claims take turns (a claim is a few milliseconds for a whole batch), so two can
never split an aggregate. A mark is set only under the row lock of the lease it stands behind: whoever ends that
lease waits, and then sees the mark.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, exists, func, or_, select, text, union, update

from canonical.records import Message
from canonical.states import MessageState
from connectors.statestore.dialects import commit_lazily, hold_lock, now_of
from connectors.statestore.heads import oldest_behind, oldest_ready
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
_CHUNK: Final = 1_000


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
    """What the walk has met: free aggregates, taken ones, and every fresh message (seq, aggregate key)."""

    free: dict[str, None] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    met: list[tuple[int, str]] = field(default_factory=list)

    def unknown(self, rows: Iterable[tuple[int, str]]) -> set[str]:
        return {key for _, key in rows if key not in self.free and key not in self.taken}


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
    passed = long | _held_fast(connection, found.taken, now)
    leased = set(seqs)
    behind = [seq for seq, key in found.met if key in passed and seq not in leased]
    _change(connection, behind[:_MARKS], behind=True)
    return messages(connection, seqs)


def _change(connection: Connection, seqs: Sequence[int], **values: Any) -> None:
    """Update by number, in chunks: a subquery instead would leave the way to the planner's guess."""
    for start in range(0, len(seqs), _CHUNK):
        chunk = seqs[start : start + _CHUNK]
        connection.execute(update(INBOX).where(_I.seq.in_(chunk)).values(**values))


def _wake(connection: Connection, kind: str, now: datetime) -> None:
    """Parked messages whose moment has come are fresh again."""
    due = select(_I.seq).where(_PARKED, _I.kind == kind, _I.not_before <= now).order_by(_I.not_before, _I.seq)
    _change(connection, connection.execute(due.limit(_MARKS)).scalars().all(), not_before=None)


def _take_over(connection: Connection, kind: str, now: datetime) -> None:
    """Messages whose lease expired are ready again, and the attempt counts. One being committed now is left alone."""
    expired = select(_I.seq).where(_LEASED, _I.lease_until <= now, _I.kind == kind).with_for_update(skip_locked=True)
    _change(
        connection,
        connection.execute(expired).scalars().all(),
        state=MessageState.READY.value,
        attempts=_I.attempts + 1,
        reason="the lease of " + func.coalesce(_I.owner, "nobody") + " expired",
        owner=None,
        lease_until=None,
    )


def _walk(connection: Connection, wanted: Claim, now: datetime) -> _Found:
    """Look at fresh messages, oldest first, until enough free aggregates are found."""
    found, after, look = _Found(), -1, max(2 * wanted.limit, 50)
    while len(found.free) < wanted.limit:
        rows = [(row.seq, row.aggregate_key) for row in connection.execute(_look(wanted, after, look))]
        found.taken |= _taken(connection, found.unknown(rows), now)
        for _, key in rows:
            if len(found.free) < wanted.limit and key not in found.taken:
                found.free[key] = None
        found.met += rows
        if len(rows) < look:
            break
        after, look = rows[-1][0], min(look * 4, _WIDEST_LOOK)
    return found


def _look(wanted: Claim, after: int, rows: int) -> Select[tuple[int, str]]:
    query = select(_I.seq, _I.aggregate_key).where(_FRESH, _I.kind == wanted.kind, _I.seq > after)
    if wanted.scopes is not None:
        query = query.where(_I.scope.in_(wanted.scopes))
    return query.order_by(_I.seq).limit(rows)


def _taken(connection: Connection, keys: set[str], now: datetime) -> set[str]:
    """Which of the aggregates have a live lease, or a message parked for later that must go first."""
    if not keys:
        return set()
    query = union(_leased(keys, now), _parked(keys, now))
    return set(connection.execute(query).scalars())


def _leased(keys: Collection[str], now: datetime) -> Select[tuple[str]]:
    return select(_I.aggregate_key).where(_LEASED, _I.aggregate_key.in_(keys), _I.lease_until > now)


def _parked(keys: Collection[str], now: datetime) -> Select[tuple[str]]:
    return select(_I.aggregate_key).where(_PARKED, _I.aggregate_key.in_(keys), _I.not_before > now)


def _held_fast(connection: Connection, keys: set[str], now: datetime) -> set[str]:
    """Those of the taken aggregates that cannot become free while we mark: the lease locked by us, or parked."""
    if not keys:
        return set()
    locked = connection.execute(_leased(keys, now).with_for_update(skip_locked=True)).scalars()
    return {*locked, *connection.execute(_parked(keys, now)).scalars()}


def _lease(connection: Connection, wanted: Claim, keys: Sequence[str], now: datetime) -> tuple[list[int], set[str]]:
    """Take the oldest messages of each aggregate; also says which aggregates have more than one claim takes."""
    if not keys:
        return [], set()
    heads = oldest_ready(connection, keys, kind=wanted.kind, now=now, most=_PER_AGGREGATE + 1)
    per_key: dict[str, list[int]] = {key: [] for key in keys}
    for seq, key in heads:
        per_key[key].append(seq)
    seqs = [seq for found in per_key.values() for seq in sorted(found)[:_PER_AGGREGATE]]
    _change(
        connection,
        seqs,
        state=MessageState.CLAIMED.value,
        owner=wanted.owner,
        lease_until=now + wanted.lease,
        not_before=None,
        behind=False,
    )
    return seqs, {key for key, found in per_key.items() if len(found) > _PER_AGGREGATE}


def bring_forward(connection: Connection, aggregate_keys: Iterable[str]) -> None:
    """After a lease ended: the oldest message behind, of each kind, may be found again; the rest comes with it."""
    _change(connection, oldest_behind(connection, aggregate_keys), behind=False)


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
