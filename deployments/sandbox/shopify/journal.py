"""The SQLite file behind a persistent stand-in: one row a record, written through."""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from deployments.sandbox.shopify.records import Record

_TABLES = """
create table if not exists record (shop text, id text, body blob not null, primary key (shop, id)) without rowid;
create table if not exists counter (shop text primary key, next integer not null);
"""


class Journal:
    """Keeps records across restarts. A commit survives kill -9 of the process (WAL, synchronous NORMAL)."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("pragma journal_mode=wal")
        self._connection.execute("pragma synchronous=normal")
        self._connection.executescript(_TABLES)

    def load(self) -> Iterator[tuple[str, Record]]:
        """Every kept record with its shop, in the order of shop and id."""
        for shop, body in self._connection.execute("select shop, body from record order by shop, id"):
            yield shop, orjson.loads(body)

    def counters(self) -> dict[str, int]:
        """The next free number of each shop, in the order the shops were opened."""
        return dict(self._connection.execute("select shop, next from counter order by next"))

    def write(self, changed: Iterable[tuple[str, str, Record | None]], counters: dict[str, int]) -> None:
        """Commit changed records, None meaning removed, and the counters, together."""
        cursor = self._connection.cursor()
        cursor.execute("begin immediate")
        for shop, record_id, record in changed:
            if record is None:
                cursor.execute("delete from record where shop=? and id=?", (shop, record_id))
            else:
                body = orjson.dumps(record)
                cursor.execute("insert or replace into record values (?, ?, ?)", (shop, record_id, body))
        cursor.executemany("insert or replace into counter values (?, ?)", counters.items())
        cursor.execute("commit")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
