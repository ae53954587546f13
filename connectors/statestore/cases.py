"""Cases: documents that wait, in business words, until somebody or something releases them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, select, text, update

from canonical.records import Case, CaseClosing, CaseKind
from connectors.statestore import inbox
from connectors.statestore.dialects import insert_into
from connectors.statestore.tables import CASE

_C = CASE.c
_OPEN: Final = text("closed_at IS NULL")
_NEW_WORDS: Final = ("kind", "correlation_id", "document", "words", "way_out", "owner", "release_at")


def open_cases(connection: Connection, cases: Sequence[Case]) -> None:
    """Open each, or give the open one of the same aggregate and reason code the new words. Its age stays."""
    if not cases:
        return
    statement = insert_into(connection, CASE)
    upsert = statement.on_conflict_do_update(
        index_elements=["aggregate_key", "reason_code"],
        index_where=_OPEN,
        set_={name: statement.excluded[name] for name in _NEW_WORDS},
    )
    ordered = sorted(cases, key=lambda case: (case.aggregate_key, case.reason_code))  # one order of locks for all
    connection.execute(upsert, [_columns(case) for case in ordered])


def _columns(case: Case) -> dict[str, Any]:
    return case.model_dump(exclude={"id", "closed_at", "closed_by", "note"}) | {"kind": case.kind.value}


def close_cases(connection: Connection, closings: Sequence[CaseClosing], now: datetime) -> None:
    """Close the open cases named; with `release_messages` the aggregate's waiting messages are ready again."""
    for closing in closings:
        chosen = update(CASE).where(_C.aggregate_key == closing.aggregate_key, _C.closed_at.is_(None))
        if closing.reason_codes is not None:
            chosen = chosen.where(_C.reason_code.in_(closing.reason_codes))
        if closing.keep:
            chosen = chosen.where(_C.reason_code.not_in(closing.keep))
        connection.execute(chosen.values(closed_at=now, closed_by=closing.closed_by, note=closing.note))
        if closing.release_messages:
            inbox.release(connection, closing.aggregate_key)


def find(
    connection: Connection, *, kind: CaseKind | None, scope: str | None, open_only: bool, limit: int
) -> list[Case]:
    """Cases, oldest first."""
    query = select(CASE).order_by(_C.opened_at, _C.id).limit(limit)
    if open_only:
        query = query.where(_C.closed_at.is_(None))
    if kind is not None:
        query = query.where(_C.kind == kind.value)
    if scope is not None:
        query = query.where(_C.scope == scope)
    return [_case(row) for row in connection.execute(query)]


def due(connection: Connection, now: datetime) -> list[Case]:
    """Open cases whose release time has come, the longest due first."""
    query = select(CASE).where(_C.closed_at.is_(None), _C.release_at.is_not(None), _C.release_at <= now)
    return [_case(row) for row in connection.execute(query.order_by(_C.release_at, _C.id))]


def _case(row: Row[Any]) -> Case:
    return Case(**{**row._mapping, "kind": CaseKind(row.kind)})
