"""What the store asks of a database: work over a connection, run in a thread, in one transaction."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, Protocol, TypeAlias, TypeVar

from sqlalchemy import Connection, text

from connectors.statestore.faults import translated

T = TypeVar("T")
Work: TypeAlias = Callable[[Connection], T]
Rows: TypeAlias = list[tuple[Any, ...]]


class Database(Protocol):
    """SQLite or PostgreSQL. `intake` is the thread in which the inbox is filled."""

    intake: ThreadPoolExecutor

    async def read(self, work: Work[T]) -> T:
        """Run the work over a connection that may only read."""
        ...

    async def write(self, work: Work[T]) -> T:
        """Run the work in one transaction and commit it durably."""
        ...

    def insert_together(self, take: Callable[[], Rows]) -> list[bool]:
        """In the intake thread: once the transaction is open, take the rows, insert them, commit. True means new."""
        ...

    def insert_apart(self, rows: Rows) -> list[bool | BaseException]:
        """In the intake thread: the same for rows of which one cannot be stored; each gets its own answer."""
        ...

    async def aclose(self) -> None:
        """Finish what runs, then close."""
        ...


async def in_thread(executor: Executor, work: Callable[[], T]) -> T:
    """Run in the executor, whichever event loop asks; errors of the database come out as ours."""

    def translating() -> T:
        with translated():
            return work()

    return await asyncio.get_running_loop().run_in_executor(executor, translating)


def rows_of(connection: Connection, statement: str, values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Run plain SQL with `:name` parameters; the rows by column name."""
    return [dict(row) for row in connection.execute(text(statement), values).mappings()]
