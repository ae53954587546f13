# ruff: noqa: S608 (statements are put together from constants of this package)
"""The first messages of many aggregates at once: a few index steps for each, however long its queue is.

A window function would read the whole queue of every aggregate. PostgreSQL has LATERAL for this; SQLite takes the
bound of a range from a subquery, once for each aggregate.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, TextClause, bindparam, text

from connectors.statestore.columns import UtcTime
from connectors.statestore.tables.inbox import BEHIND, OPEN

_DUE: Final = f"{OPEN} AND state = 'ready' AND kind = :kind AND (not_before IS NULL OR not_before <= :now)"
_POSTGRES_KEYS: Final = "json_array_elements_text(CAST(:keys AS json)) AS k (value)"

_READY: Final = {
    "postgresql": f"""
        SELECT head.seq, head.aggregate_key FROM {_POSTGRES_KEYS} CROSS JOIN LATERAL (
            SELECT seq, aggregate_key FROM inbox WHERE aggregate_key = k.value AND {_DUE} ORDER BY seq LIMIT :most
        ) AS head""",
    "sqlite": f"""
        SELECT seq, aggregate_key FROM json_each(:keys) AS k CROSS JOIN inbox
        WHERE aggregate_key = k.value AND {_DUE} AND seq <= coalesce((
            SELECT seq FROM inbox WHERE aggregate_key = k.value AND {_DUE} ORDER BY seq LIMIT 1 OFFSET :most - 1
        ), 9223372036854775807)""",
}
_FIRST_BEHIND: Final = f"""
    SELECT (SELECT min(seq) FROM inbox WHERE {BEHIND} AND kind = :kind AND aggregate_key = k.value) FROM """
_BEHIND: Final = {"postgresql": _FIRST_BEHIND + _POSTGRES_KEYS, "sqlite": _FIRST_BEHIND + "json_each(:keys) AS k"}
_WAITING: Final = f"""
    WHERE aggregate_key = k.value AND {OPEN} AND state = 'ready' AND (not_before IS NULL OR not_before <= :now)
    ORDER BY kind"""
_KINDS: Final = {
    "postgresql": f"SELECT DISTINCT kind FROM {_POSTGRES_KEYS} CROSS JOIN inbox {_WAITING}",
    "sqlite": f"SELECT DISTINCT kind FROM json_each(:keys) AS k CROSS JOIN inbox {_WAITING}",
}
_NEXT_KIND: Final = text(f"SELECT min(kind) FROM inbox WHERE {BEHIND} AND kind > :kind")


def oldest_ready(
    connection: Connection, keys: Sequence[str], *, kind: str, now: datetime, most: int
) -> list[tuple[int, str]]:
    """(seq, aggregate key) of the oldest messages of each aggregate that may be claimed, at most `most` of each."""
    statement = _typed(_READY[connection.dialect.name])
    rows = connection.execute(statement, {"keys": json.dumps(keys), "kind": kind, "now": now, "most": most})
    return [(row.seq, row.aggregate_key) for row in rows]


def kinds_waiting(connection: Connection, keys: Iterable[str], now: datetime) -> list[str]:
    """The kinds of which these aggregates have messages that could be claimed, once nobody has a lease on them."""
    rows = connection.execute(_typed(_KINDS[connection.dialect.name]), {"keys": json.dumps(sorted(keys)), "now": now})
    return list(rows.scalars())


def _typed(statement: str) -> TextClause:
    return text(statement).bindparams(bindparam("now", type_=UtcTime()))


def oldest_behind(connection: Connection, keys: Iterable[str]) -> list[int]:
    """The oldest message behind of each aggregate and kind. Mostly nothing is behind, and one probe tells so."""
    wanted, kind, found = json.dumps(sorted(set(keys))), "", list[int]()
    while (kind := connection.execute(_NEXT_KIND, {"kind": kind}).scalar_one()) is not None:
        rows = connection.execute(text(_BEHIND[connection.dialect.name]), {"keys": wanted, "kind": kind})
        found += [seq for seq in rows.scalars() if seq is not None]
    return found
