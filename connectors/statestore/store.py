"""The state store: `canonical.ports.StateStore` over SQLite or PostgreSQL."""

from collections.abc import Sequence

from canonical.records import Delivery
from connectors.statestore.database import Database
from connectors.statestore.intake import Intake
from connectors.statestore.schema import REVISION, bring_up, current_revision, require_newest
from connectors.statestore.settings import StoreSettings


class SqlStateStore:
    """Coroutines in front of synchronous work in threads. May be used from any event loop of its process."""

    def __init__(self, database: Database, settings: StoreSettings) -> None:
        self._database = database
        self._intake = Intake(database, batch=settings.intake_batch, queue=settings.intake_queue)

    async def put(self, deliveries: Sequence[Delivery]) -> list[bool]:
        """Store each once: true when new. Returns only after the commit; grouped with what else arrives."""
        return await self._intake.put(deliveries)

    async def aclose(self) -> None:
        """Finish what runs, then close."""
        await self._database.aclose()


async def open_store(settings: StoreSettings) -> SqlStateStore:
    """Open the store, bringing the schema up to date first (`auto_upgrade`).

    Raises `RetryableError` when the database is away, `MisconfiguredError` when its schema is not ours.
    """
    database = _database(settings)
    try:
        if settings.auto_upgrade and await database.read(current_revision) != REVISION:
            await database.write(bring_up)
        await database.read(require_newest)
    except BaseException:
        await database.aclose()
        raise
    return SqlStateStore(database, settings)


def _database(settings: StoreSettings) -> Database:
    url = settings.database
    if url.get_backend_name() == "sqlite":
        from connectors.statestore.sqlite import SqliteDatabase

        return SqliteDatabase(url, readers=settings.readers)
    from connectors.statestore.postgres import PostgresDatabase

    return PostgresDatabase(url, connections=settings.readers, lock_timeout=settings.lock_timeout)
