"""What our own state store says of what it made and why, read past its API, beside the counterparts' books."""

import sqlite3
from contextlib import closing
from pathlib import Path

from deployments.stack.conservation import Trace

BOARD = "stores"
"""The warehouse whose requests are pinned to a board in the state store itself: no other system keeps them."""


def read_traces(database: Path) -> tuple[list[Trace], set[str]]:
    """Settled effects that made something elsewhere, and the aggregates that messages are about."""
    with closing(_opened(database)) as connection:
        rows = connection.execute(_SETTLED, (BOARD,))
        effects = [Trace(key, about, tuple(name for name in names if name)) for key, about, *names in rows]
        asked = {row[0] for row in connection.execute("SELECT DISTINCT aggregate_key FROM inbox")}
    return effects, asked


def mark_of(database: Path) -> tuple[int, int, int]:
    """(lines of the audit, open messages, effects on their way): what stands still while nothing happens."""
    with closing(_opened(database)) as connection:
        lines, waiting, sent = (connection.execute(query).fetchone()[0] for query in _MARK)
    return lines, waiting, sent


_SETTLED = """
    SELECT key, aggregate_key, external_id, external_number FROM effect
    WHERE state = 'settled' AND system <> ? AND operation <> 'stock.set-available'
"""
# A call that publishes figures of many SKUs is no document, and about none of them alone.
_MARK = (
    "SELECT COUNT(*) FROM audit",
    "SELECT COUNT(*) FROM inbox WHERE state IN ('ready', 'claimed')",
    "SELECT COUNT(*) FROM effect WHERE state IN ('intended', 'sent')",
)


def _opened(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)
