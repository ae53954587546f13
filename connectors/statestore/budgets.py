"""The shared call budget, the part in the database: one row a bucket, one row a worker that takes from it.

    free = what the bucket should hold now - what workers hold (taken, not charged yet, as far as they have told)

A worker takes a portion and spends it without asking again. What it holds runs out by itself, so what a dead worker
took comes back. The bucket's level is our own account, set right by what the system's answers tell: an answer counts
in full when its call began after every call we have counted ended; else only downwards. So the account errs low.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, select

from canonical.ports.budget import Lane, Throttle
from connectors.statestore.dialects import commit_lazily, insert_into, now_of
from connectors.statestore.tables.budget import CALL_BUDGET, CALL_BUDGET_SHARE

HOLDING: Final = timedelta(seconds=10)
"""How long taken points count as held without a word of their worker."""
WANTING: Final = timedelta(seconds=2)
"""How long a worker that waits keeps its place in the line without a word; it asks several times a second."""
PORTION: Final = 0.2
"""Seconds of refill that one portion is at least: a saturated bucket is asked for about five times a second."""
LARGEST: Final = 2.0
"""Seconds of refill that one portion is at most."""
PART: Final = 8
"""Of a bucket with plenty in it a portion is one eighth."""

_B, _S = CALL_BUDGET.c, CALL_BUDGET_SHARE.c


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer told of the bucket, and how many seconds ago its call began and ended."""

    throttle: Throttle
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Request:
    """A worker's word: what it holds, what was charged since its last word, what it was told, what it needs now."""

    bucket: str
    owner: str
    held: float
    charged: float
    overlapping: float
    """Of `charged`: by calls that ended after the call of `told` began, which may not have counted them."""
    ended: float | None
    """Seconds since the last of the charged calls ended."""
    told: Told | None
    lane: Lane
    needed: float


@dataclass(frozen=True, slots=True)
class Grant:
    """Points taken, or the seconds until they should be there; and the most the bucket can hold."""

    points: float
    wait: float
    maximum: float


def exchange(connection: Connection, request: Request, unknown: Throttle) -> Grant:
    """Take the worker's word into account, then give it points if it is its turn."""
    commit_lazily(connection)
    bucket = _locked(connection, request.bucket, unknown)
    now = now_of(connection)
    level, counted_at = _level(bucket, request, now)
    others = _others(connection, request, now)
    held = request.held + sum(row.held for row in others if row.held_until > now)
    share = connection.execute(_share_of(request)).one_or_none()
    since = _since(share, request, now)
    ahead = sum(row.wanted for row in others if _goes_first(row, request, since, now))
    throttle = request.told.throttle if request.told else Throttle(bucket.maximum, level, bucket.restore_rate)
    grant, wanted = _grant(request, throttle, level - held, ahead)
    _write_bucket(connection, request.bucket, throttle, level, now, counted_at)
    _write_share(connection, request, grant, wanted, since, now)
    return grant


def _locked(connection: Connection, bucket: str, unknown: Throttle) -> Row[Any]:
    """The row of the bucket, ours until the commit. A bucket nobody was told of counts as empty."""
    query = select(CALL_BUDGET).where(_B.bucket == bucket).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        now = now_of(connection)
        fresh = {
            "bucket": bucket,
            "maximum": unknown.maximum,
            "available": 0.0,
            "restore_rate": unknown.restore_rate,
            "at": now,
            "counted_at": now,
        }
        connection.execute(insert_into(connection, CALL_BUDGET).on_conflict_do_nothing(), fresh)
        row = connection.execute(query).one()
    return row


def _level(bucket: Row[Any], request: Request, now: datetime) -> tuple[float, datetime]:
    """Points the bucket should hold now, and up to which moment calls are counted in it."""
    level = min(bucket.maximum, bucket.available + _seconds(now, bucket.at) * bucket.restore_rate) - request.charged
    counted_at = bucket.counted_at
    if request.ended is not None:
        counted_at = max(counted_at, now - timedelta(seconds=request.ended))
    if (told := request.told) is not None:
        since_then = told.throttle.available + told.ended * told.throttle.restore_rate
        seen = min(told.throttle.maximum, since_then)
        newest = now - timedelta(seconds=told.began) >= bucket.counted_at
        level = seen - request.overlapping if newest else min(level, seen)
    return level, counted_at


def _others(connection: Connection, request: Request, now: datetime) -> list[Row[Any]]:
    """The other workers; those that have been silent for long are forgotten."""
    old = delete(CALL_BUDGET_SHARE).where(_S.bucket == request.bucket, _S.held_until < now - 6 * HOLDING)
    query = select(CALL_BUDGET_SHARE).where(_S.bucket == request.bucket, _S.owner != request.owner)
    rows = list(connection.execute(query))
    if any(row.held_until < now - 6 * HOLDING for row in rows):
        connection.execute(old)
    return rows


def _share_of(request: Request) -> Any:
    return select(CALL_BUDGET_SHARE).where(_S.bucket == request.bucket, _S.owner == request.owner)


def _since(share: Row[Any] | None, request: Request, now: datetime) -> datetime:
    """Since when the worker waits in this lane: its place in the line."""
    waits = share is not None and share.lane == request.lane and share.wanted_until > now and share.since is not None
    return share.since if waits and share is not None else now


def _goes_first(row: Row[Any], request: Request, since: datetime, now: datetime) -> bool:
    if row.lane is None or row.wanted_until <= now:
        return False
    return (row.lane, row.since, row.owner) < (request.lane, since, request.owner)


def _grant(request: Request, throttle: Throttle, free: float, ahead: float) -> tuple[Grant, float]:
    """The grant, and how many points it is about. Outside the orders' lane a worker waits for a whole portion."""
    rate = max(throttle.restore_rate, 1.0)
    needed = min(request.needed, throttle.maximum)
    least = PORTION * rate
    wanted = needed if request.lane is Lane.ORDERS else min(max(needed, least), throttle.maximum)
    left = free - ahead
    if left < wanted:
        return Grant(0.0, max((wanted - left) / rate, 0.01), throttle.maximum), wanted
    portion = min(max(left / PART, least), LARGEST * rate, left)
    return Grant(max(wanted, portion), 0.0, throttle.maximum), wanted


def _write_bucket(
    connection: Connection, bucket: str, throttle: Throttle, level: float, now: datetime, counted_at: datetime
) -> None:
    statement = CALL_BUDGET.update().where(_B.bucket == bucket)
    connection.execute(
        statement.values(
            maximum=throttle.maximum,
            available=level,
            restore_rate=throttle.restore_rate,
            at=now,
            counted_at=counted_at,
        )
    )


def _write_share(
    connection: Connection, request: Request, grant: Grant, wanted: float, since: datetime, now: datetime
) -> None:
    waits = grant.points == 0.0
    row = {
        "bucket": request.bucket,
        "owner": request.owner,
        "held": request.held + grant.points,
        "held_until": now + HOLDING,
        "lane": request.lane.value if waits else None,
        "wanted": wanted if waits else 0.0,
        "since": since if waits else None,
        "wanted_until": now + WANTING,
    }
    statement = insert_into(connection, CALL_BUDGET_SHARE)
    changes = {name: statement.excluded[name] for name in row if name not in ("bucket", "owner")}
    connection.execute(statement.on_conflict_do_update(index_elements=["bucket", "owner"], set_=changes), row)


def _seconds(later: datetime, earlier: datetime) -> float:
    return max(0.0, (later - earlier).total_seconds())
