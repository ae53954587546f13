"""SLA clocks: started when a document is received, stopped when it is booked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from canonical.records import Clock
from connectors.statestore.dialects import insert_into
from connectors.statestore.tables import CLOCK

_C = CLOCK.c


def start(connection: Connection, clocks: Sequence[Clock]) -> None:
    """Start each once: a clock that runs or has stopped is left alone."""
    if clocks:
        ordered = sorted(clocks, key=lambda clock: (clock.scope, clock.aggregate_key, clock.name))
        statement = insert_into(connection, CLOCK).on_conflict_do_nothing()
        connection.execute(statement, [clock.model_dump() for clock in ordered])


def stop(connection: Connection, stops: Sequence[tuple[str, str, str, datetime]]) -> None:
    """Stop each clock (scope, aggregate key, name, at) that runs; the first stop counts."""
    if stops:
        names = ("stop_scope", "stop_key", "stop_name", "stop_at")
        connection.execute(_STOP, [dict(zip(names, one, strict=True)) for one in sorted(stops)])


_STOP = (
    update(CLOCK)
    .where(
        _C.scope == bindparam("stop_scope"),
        _C.aggregate_key == bindparam("stop_key"),
        _C.name == bindparam("stop_name"),
        _C.stopped_at.is_(None),
    )
    .values(stopped_at=bindparam("stop_at"))
)


def latency(connection: Connection, name: str, since: datetime) -> list[float]:
    """Seconds from start to stop of the clocks stopped since the moment, in order of stopping."""
    query = select(_C.started_at, _C.stopped_at).where(_C.name == name, _C.stopped_at >= since)
    rows = connection.execute(query.order_by(_C.stopped_at))
    return [(row.stopped_at - row.started_at).total_seconds() for row in rows]


def _clock(row: Row[Any]) -> Clock:
    return Clock(**row._mapping)
