"""PostgreSQL: a pool of connections used from threads, and one thread for the intake."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError

from connectors.statestore.arrivals import insert_postgres
from connectors.statestore.database import Rows, Work, in_thread

T = TypeVar("T")


class PostgresDatabase:
    """One database. Writers run side by side; where two would meet, the SQL takes row or advisory locks."""

    def __init__(self, url: URL, *, connections: int, lock_timeout: float) -> None:
        options = f"-c timezone=UTC -c lock_timeout={int(lock_timeout * 1000)} -c application_name=crossdock"
        self._engine = create_engine(
            url,
            pool_size=connections + 1,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"options": options, "connect_timeout": 10},
        )
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._working = ThreadPoolExecutor(connections, "store")
        self.intake = ThreadPoolExecutor(1, "store-intake")

    async def read(self, work: Work[T]) -> T:
        """In a thread of the pool, read only."""

        def run() -> T:
            with self._engine.connect() as connection:
                return work(connection.execution_options(postgresql_readonly=True))

        return await in_thread(self._working, run)

    async def write(self, work: Work[T]) -> T:
        """In a thread of the pool, one transaction."""

        def run() -> T:
            with self._engine.begin() as connection:
                return work(connection)

        return await in_thread(self._working, run)

    def insert_together(self, take: Callable[[], Rows]) -> list[bool]:
        """One statement, which is its own transaction. A lost connection or a deadlock is tried once more.

        Trying again is safe: a row that was committed after all counts as there already.
        """
        rows: Rows = []
        for last in (False, True):
            try:
                with self._autocommit.connect() as connection:
                    rows = rows or take()
                    return insert_postgres(connection, rows)
            except OperationalError:
                if last:
                    raise
        return []

    def insert_apart(self, rows: Rows) -> list[bool | BaseException]:
        """A savepoint for each row, one commit for all."""
        answers: list[bool | BaseException] = []
        with self._engine.begin() as connection:
            for row in rows:
                try:
                    with connection.begin_nested():
                        answers += insert_postgres(connection, [row])
                except (DBAPIError, ValueError, TypeError) as error:
                    answers.append(error)
        return answers

    async def aclose(self) -> None:
        """Waits for the threads without holding up the event loop."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self.intake.shutdown()
        self._working.shutdown()
        self._engine.dispose()
