"""The audit: append-only, each row with the hash of the one before. Triggers refuse changes; the chain shows them."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select

from canonical.records import AuditEntry, AuditRow
from connectors.statestore.dialects import hold_lock
from connectors.statestore.tables import AUDIT

AUDIT_LOCK: Final = 0x6372_6F73_7303
GENESIS: Final = "0" * 64
_PAGE: Final = 2_000
_A = AUDIT.c


def canonical_json(entry: AuditEntry) -> str:
    """The entry as the bytes that are hashed: sorted keys, no spaces, times in UTC to the microsecond."""
    fields = {
        "at": entry.at.isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "scope": entry.scope,
        "aggregate_key": entry.aggregate_key,
        "correlation_id": entry.correlation_id,
        "detail": entry.detail,
    }
    return _dumps(fields)


def _dumps(content: Any) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def chained_hash(previous: str, entry: AuditEntry) -> str:
    """SHA-256 over the previous hash and the entry's canonical JSON."""
    return hashlib.sha256(f"{previous}{canonical_json(entry)}".encode()).hexdigest()


def append(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    """Add the entries at the end of the chain. Writers take turns from here to the end of their transaction."""
    if not entries:
        return
    hold_lock(connection, AUDIT_LOCK)
    tail = connection.execute(select(_A.seq, _A.hash).order_by(_A.seq.desc()).limit(1)).one_or_none()
    seq, previous = (tail.seq, tail.hash) if tail else (0, GENESIS)
    rows = []
    for number, entry in enumerate(entries, start=seq + 1):
        digest = chained_hash(previous, entry)
        rows.append(_columns(entry) | {"seq": number, "previous_hash": previous, "hash": digest})
        previous = digest
    connection.execute(insert(AUDIT), rows)


def _columns(entry: AuditEntry) -> dict[str, Any]:
    return {
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "scope": entry.scope,
        "aggregate_key": entry.aggregate_key,
        "correlation_id": entry.correlation_id,
        "detail": _dumps(entry.detail),
    }


def rows_of(connection: Connection, aggregate_keys: Sequence[str]) -> list[AuditRow]:
    """The audit lines of the aggregates, in order."""
    query = select(AUDIT).where(_A.aggregate_key.in_(aggregate_keys)).order_by(_A.seq)
    return [_row(row) for row in connection.execute(query)]


def _row(row: Row[Any]) -> AuditRow:
    entry = AuditEntry(
        at=row.at,
        actor=row.actor,
        action=row.action,
        scope=row.scope,
        aggregate_key=row.aggregate_key,
        correlation_id=row.correlation_id,
        detail=json.loads(row.detail),
    )
    return AuditRow(seq=row.seq, entry=entry, previous_hash=row.previous_hash, hash=row.hash)


def verify(connection: Connection) -> tuple[int, str | None]:
    """Walk the chain, page by page. Returns the rows that hold and, in words, the first place that does not."""
    seq, previous = 0, GENESIS
    while True:
        page = connection.execute(select(AUDIT).where(_A.seq > seq).order_by(_A.seq).limit(_PAGE)).all()
        for row in page:
            problem = _problem(row, seq, previous)
            if problem:
                return seq, problem
            seq, previous = row.seq, row.hash
        if len(page) < _PAGE:
            return seq, None


def _problem(row: Row[Any], seq: int, previous: str) -> str | None:
    if row.seq != seq + 1:
        return f"audit row {seq + 1} is missing: row {row.seq} follows row {seq}"
    if row.previous_hash != previous:
        return f"audit row {row.seq} does not follow row {seq}: its previous hash is another one"
    try:
        whole = chained_hash(previous, _row(row).entry) == row.hash
    except ValueError:
        whole = False
    return None if whole else f"audit row {row.seq} was changed: its content does not give its hash"
