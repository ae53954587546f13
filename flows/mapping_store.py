"""The mappings as the repository keeps them: a change counts from the next batch on, a date from its moment on."""

import asyncio
import logging
from datetime import datetime

from canonical.mapping.kinds import MappingRow, in_force, next_turn
from canonical.mapping.seeds import read_rows
from canonical.mapping.table import TableMappings
from canonical.ports import MappingBook
from flows.location_names import LocationNames
from flows.mapping_answers import RenewableMappings
from flows.mapping_files import seed_texts
from flows.settings import FlowSettings

log = logging.getLogger("crossdock.flows")


class StoredMappings(RenewableMappings):
    """Implements `canonical.ports.Mappings` over the newest version in the repository. Call `renew` before use."""

    def __init__(self, book: MappingBook, names: LocationNames | None = None) -> None:
        self.book, self._reader = book, names
        self.table = TableMappings(())
        self._version = -1
        self._rows: list[MappingRow] = []
        self._turn: datetime | None = None

    async def renew(self, moment: datetime) -> None:
        """Take in a new version, or what begins or ends at its date. One small read when nothing changed.

        Raises `RetryableError` when the store is away.
        """
        if self._reader is not None:
            self.know(await self._reader.renew(moment))
        version = await self.book.version()
        if version == self._version and (self._turn is None or moment < self._turn):
            return
        rows = self._rows if version == self._version else await self.book.rows(version)
        table = await asyncio.to_thread(_table, rows, moment)
        self._version, self._rows, self.table = version, rows, table
        self._turn = next_turn(rows, moment)
        log.info("The mappings are at version %s: %s rows in force.", version, len(table.rows))

    async def aclose(self) -> None:
        """Close what the names are read from; the store is somebody else's."""
        if self._reader is not None:
            await self._reader.aclose()


def _table(rows: list[MappingRow], moment: datetime) -> TableMappings:
    table = TableMappings(in_force(rows, moment))
    _ = table.fingerprint  # worked out here, off the event loop
    return table


async def open_mappings(
    book: MappingBook, settings: FlowSettings, moment: datetime, names: LocationNames | None = None
) -> StoredMappings:
    """The mappings in force, read; the seeds become version 1 when the repository is empty.

    Raises `MisconfiguredError` naming every bad line of the seeds.
    """
    if not await book.version():
        await book.seed(read_rows(seed_texts(settings.mappings)), "crossdock")
    mappings = StoredMappings(book, names)
    await mappings.renew(moment)
    return mappings
