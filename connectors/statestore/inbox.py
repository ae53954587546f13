"""Reading the inbox, and putting handled messages back into it."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, func, select, text, update

from canonical.records import AuditEntry, InboxSummary, Message
from canonical.states import MessageState
from connectors.statestore import audit
from connectors.statestore.tables import INBOX, PAYLOAD
from connectors.statestore.tables.inbox import WAITING

_I = INBOX.c
_MESSAGE: Final = (
    _I.seq,
    _I.delivery_key,
    _I.channel,
    _I.scope,
    _I.topic,
    _I.kind,
    _I.aggregate_key,
    _I.correlation_id,
    _I.event_id,
    _I.occurred_at,
    _I.received_at,
    PAYLOAD.c.headers,
    PAYLOAD.c.body,
    _I.state,
    _I.owner,
    _I.lease_until,
    _I.attempts,
    _I.reason,
)
_CHUNK: Final = 1_000
_HANDLED: Final = (MessageState.DONE, MessageState.DEAD, MessageState.HELD, MessageState.QUARANTINED)


def messages(connection: Connection, seqs: Sequence[int]) -> list[Message]:
    """The messages with their payload, in order of arrival."""
    found: list[Message] = []
    for start in range(0, len(seqs), _CHUNK):
        query = select(*_MESSAGE).join_from(INBOX, PAYLOAD, PAYLOAD.c.seq == _I.seq)
        rows = connection.execute(query.where(_I.seq.in_(seqs[start : start + _CHUNK])))
        found += [_message(row) for row in rows.mappings()]
    return sorted(found, key=lambda message: message.seq)


def _message(row: RowMapping) -> Message:
    fields: dict[str, Any] = dict(row)
    fields["headers"] = json.loads(fields["headers"])
    fields["state"] = MessageState(fields["state"])
    return Message(**fields)


def summary(connection: Connection) -> list[InboxSummary]:
    """What is in the inbox and not done, per scope, kind and state. Done messages are history, not a queue."""
    query = (
        select(_I.scope, _I.kind, _I.state, func.count().label("count"), func.min(_I.received_at).label("oldest"))
        .where(text(WAITING))
        .group_by(_I.scope, _I.kind, _I.state)
        .order_by(_I.scope, _I.kind, _I.state)
    )
    return [
        InboxSummary(scope=row.scope, kind=row.kind, state=MessageState(row.state), count=row[3], oldest=row.oldest)
        for row in connection.execute(query)
    ]


def release(connection: Connection, aggregate_key: str) -> None:
    """Held, quarantined and dead-lettered messages of the aggregate are ready again, with fresh attempts."""
    parked = (MessageState.HELD, MessageState.QUARANTINED, MessageState.DEAD)
    connection.execute(
        update(INBOX)
        .where(_I.aggregate_key == aggregate_key, _I.state.in_([state.value for state in parked]))
        .values(state=MessageState.READY.value, reason="released", not_before=None, attempts=0)
    )


def replay(connection: Connection, delivery_keys: Iterable[str], actor: str, now: datetime) -> int:
    """Make handled messages ready again, one audit line each. Returns how many."""
    query = (
        select(_I.seq, _I.delivery_key, _I.scope, _I.aggregate_key, _I.correlation_id, _I.state)
        .where(_I.delivery_key.in_(sorted(set(delivery_keys))), _I.state.in_([state.value for state in _HANDLED]))
        .order_by(_I.seq)
        .with_for_update()
    )
    rows = connection.execute(query).all()
    connection.execute(
        update(INBOX)
        .where(_I.seq.in_([row.seq for row in rows]))
        .values(state=MessageState.READY.value, reason=f"replayed by {actor}", not_before=None, attempts=0)
    )
    entries = [
        AuditEntry(
            at=now,
            actor=actor,
            action="message.replayed",
            scope=row.scope,
            aggregate_key=row.aggregate_key,
            correlation_id=row.correlation_id,
            detail={"delivery_key": row.delivery_key, "was": row.state},
        )
        for row in rows
    ]
    audit.append(connection, entries)
    return len(rows)
