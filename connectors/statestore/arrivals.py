"""Inserting deliveries: raw SQL, because this is the path every webhook waits for.

Each function takes rows as `intake.delivery_row` makes them, inside an open transaction, and says of each whether it
is new. A delivery key that comes twice in one batch is new once.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection

from connectors.statestore.columns import time_text

_INBOX: Final = (
    "delivery_key, channel, scope, topic, kind, aggregate_key, correlation_id, event_id, occurred_at, received_at"
)

_SQLITE_INBOX: Final = (
    f"INSERT INTO inbox ({_INBOX}, state, behind, attempts) "  # noqa: S608 (constant column names)
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'ready', 0, 0) ON CONFLICT (delivery_key) DO NOTHING"
)
_SQLITE_PAYLOAD: Final = "INSERT INTO payload (seq, headers, body) VALUES (?, ?, ?)"

_POSTGRES: Final = f"""
WITH incoming AS (
    SELECT * FROM unnest(
        %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
        %b::timestamptz[], %b::timestamptz[], %b::text[], %b::bytea[]
    ) WITH ORDINALITY AS row ({_INBOX}, headers, body, place)
), fresh AS (
    INSERT INTO inbox ({_INBOX}, state, behind, attempts)
    SELECT {_INBOX}, 'ready', false, 0 FROM incoming ORDER BY place
    ON CONFLICT (delivery_key) DO NOTHING
    RETURNING seq, delivery_key
), stored AS (
    INSERT INTO payload (seq, headers, body)
    SELECT fresh.seq, incoming.headers, incoming.body FROM fresh JOIN incoming USING (delivery_key)
)
SELECT delivery_key FROM fresh
"""  # noqa: S608 (constant column names)


def insert_sqlite(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> list[bool]:
    """Row by row over the driver: the prepared statement is reused, which beats one long statement."""
    cursor = connection.connection.cursor()
    try:
        return [_insert_one(cursor, row) for row in rows]
    finally:
        cursor.close()


def _insert_one(cursor: Any, row: tuple[Any, ...]) -> bool:
    *names, occurred_at, received_at, headers, body = row
    occurred = None if occurred_at is None else time_text(occurred_at)
    cursor.execute(_SQLITE_INBOX, (*names, occurred, time_text(received_at)))
    if cursor.rowcount != 1:
        return False
    cursor.execute(_SQLITE_PAYLOAD, (cursor.lastrowid, headers, body))
    return True


def insert_postgres(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> list[bool]:
    """One statement for the batch, columns as arrays: one round trip, however many rows."""
    first: dict[str, tuple[Any, ...]] = {}
    for row in rows:
        first.setdefault(row[0], row)
    columns = tuple(list(column) for column in zip(*first.values(), strict=True))
    fresh = set(connection.exec_driver_sql(_POSTGRES, columns).scalars())
    answers = []
    for row in rows:
        answers.append(row[0] in fresh)
        fresh.discard(row[0])
    return answers


def insert_rows(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> list[bool]:
    """Inside anybody's transaction, on either database."""
    if connection.dialect.name == "postgresql":
        return insert_postgres(connection, rows)
    return insert_sqlite(connection, rows)
