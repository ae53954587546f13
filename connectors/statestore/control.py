"""Cursors of polls, lanes of systems, principals."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from canonical.errors import ConflictError
from canonical.records import AuditEntry, Cursor, Lane, Principal
from connectors.statestore import audit
from connectors.statestore.dialects import insert_into
from connectors.statestore.tables import CURSOR, LANE, PRINCIPAL

_P = PRINCIPAL.c


def cursor(connection: Connection, scope: str, name: str) -> Cursor | None:
    """How far a poll has read."""
    query = select(CURSOR).where(CURSOR.c.scope == scope, CURSOR.c.name == name)
    row = connection.execute(query).one_or_none()
    return None if row is None else Cursor(**row._mapping)


def set_cursor(connection: Connection, value: Cursor) -> None:
    """Remember it."""
    _replace(connection, CURSOR, value.model_dump(), ("scope", "name"))


def lanes(connection: Connection) -> list[Lane]:
    """All lanes that were ever parked or failed."""
    rows = connection.execute(select(LANE).order_by(LANE.c.scope, LANE.c.system))
    return [Lane(**row._mapping) for row in rows]


def set_lane(connection: Connection, value: Lane) -> None:
    """Open or park it."""
    _replace(connection, LANE, value.model_dump(), ("scope", "system"))


def _replace(connection: Connection, table: Table, row: dict[str, Any], key: Sequence[str]) -> None:
    statement = insert_into(connection, table)
    changes = {name: statement.excluded[name] for name in row if name not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changes), row)


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def add_principal(connection: Connection, name: str, token: str, roles: Sequence[str], now: datetime) -> Principal:
    """Add somebody, audited. The name again means a new token and new roles, and it works again if disabled.

    Raises `ConflictError` when the token belongs to somebody else.
    """
    hashed = token_hash(token)
    other = connection.execute(select(_P.name).where(_P.token_hash == hashed, _P.name != name)).scalar_one_or_none()
    if other is not None:
        raise ConflictError("the token belongs to another principal", code="token_taken", document=name)
    row = {"name": name, "token_hash": hashed, "roles": json.dumps(list(roles)), "created_at": now, "disabled_at": None}
    _replace(connection, PRINCIPAL, row, ("name",))
    entry = AuditEntry(
        at=now,
        actor="store",
        action="principal.added",
        scope="crossdock",
        aggregate_key=f"crossdock:principal:{name}",
        correlation_id=f"principal:{name}",
        detail={"roles": list(roles)},
    )
    audit.append(connection, [entry])
    return Principal(name=name, roles=tuple(roles), created_at=now)


def principal(connection: Connection, token: str) -> Principal | None:
    """Who the token belongs to; None when unknown or disabled."""
    query = select(PRINCIPAL).where(_P.token_hash == token_hash(token), _P.disabled_at.is_(None))
    row = connection.execute(query).one_or_none()
    return None if row is None else principal_of(row)


def principal_of(row: Row[Any]) -> Principal:
    """The row as a value."""
    roles = tuple(json.loads(row.roles))
    return Principal(name=row.name, roles=roles, created_at=row.created_at, disabled_at=row.disabled_at)
