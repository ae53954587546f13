"""SQLite: one writer thread behind the FIFO lock, readers beside it (WAL), every commit synced to the disk."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from connectors.statestore.arrivals import insert_sqlite
from connectors.statestore.database import Rows, Work, in_thread
from connectors.statestore.faults import DATABASE_ERRORS
from connectors.statestore.filelock import lock_of

T = TypeVar("T")

_BUSY_SECONDS: Final = 10.0
_WAL: Final = "PRAGMA journal_mode=WAL"
_PRAGMAS: Final = (
    "synchronous=FULL",  # the acknowledged survives a power cut, not only a kill
    "wal_autocheckpoint=4000",  # pages: fewer, longer checkpoints than the default
    "mmap_size=268435456",  # another process's commit empties the page cache, but not the map of the file
    "cache_size=-16384",
)


class SqliteDatabase:
    """One file. `write` and the intake share the writer thread, so a process never waits for itself."""

    def __init__(self, url: URL, *, readers: int) -> None:
        path = Path(str(url.database))
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = lock_of(path)
        self.intake = ThreadPoolExecutor(1, "store-writer")
        self._reading = ThreadPoolExecutor(readers, "store-reader")
        self._writer = _engine(url, begin="BEGIN IMMEDIATE", pool_size=1)
        self._readers = _engine(url, begin="BEGIN", pool_size=readers, reads=path)

    async def read(self, work: Work[T]) -> T:
        """In a reader thread, over one snapshot."""

        def run() -> T:
            with self._readers.connect() as connection:
                return work(connection)

        return await in_thread(self._reading, run)

    async def write(self, work: Work[T]) -> T:
        """In the writer thread: FIFO lock, BEGIN IMMEDIATE, work, COMMIT."""

        def run() -> T:
            with self._lock, self._writer.begin() as connection:
                return work(connection)

        return await in_thread(self.intake, run)

    def insert_together(self, take: Callable[[], Rows]) -> list[bool]:
        """Takes the rows when it holds the lock: what arrived while it waited comes along."""
        with self._lock, self._writer.begin() as connection:
            return insert_sqlite(connection, take())

    def insert_apart(self, rows: Rows) -> list[bool | BaseException]:
        """A savepoint for each row, one commit for all."""
        answers: list[bool | BaseException] = []
        with self._lock, self._writer.begin() as connection:
            for row in rows:
                try:
                    with connection.begin_nested():
                        answers += insert_sqlite(connection, [row])
                except (*DATABASE_ERRORS, ValueError, TypeError) as error:
                    answers.append(error)
        return answers

    async def aclose(self) -> None:
        """Waits for the threads without holding up the event loop."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self.intake.shutdown()
        self._reading.shutdown()
        self._writer.dispose()
        self._readers.dispose()
        self._lock.close()


def _engine(url: URL, *, begin: str, pool_size: int, reads: Path | None = None) -> Engine:
    """Connections that write, made under the lock; or those that only read the file."""
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": _BUSY_SECONDS},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # we begin and commit ourselves
        if reads is None:
            connection.execute(_WAL)
        else:
            _wait_for_wal(connection, reads)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if reads is not None:
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _wait_for_wal(connection: sqlite3.Connection, path: Path) -> None:
    """Have a new file in WAL mode before it is read; by one program at a time.

    Of two that switch at once SQLite refuses one without waiting ("database is locked"): both read and want to write.
    A lock of its own each time: those of one `WriteLock` do not exclude each other.
    """
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        with closing(lock_of(path)) as lock, lock:
            connection.execute(_WAL)
