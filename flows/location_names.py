"""What a shop calls its locations. Mappings may name a location instead of its id; stock is spoken of by id alone."""

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from canonical.errors import CrossdockError
from canonical.ports import StateStore
from canonical.ports.readiness import ChannelSetup
from canonical.records import Cursor

log = logging.getLogger("crossdock.flows")

CURSOR: Final = "locations"
FRESH: Final = timedelta(minutes=10)
AGAIN: Final = timedelta(minutes=1)
PATIENCE: Final = 10.0  # seconds: nobody waits long for a name


async def kept_names(store: StateStore, shops: Iterable[str]) -> dict[str, dict[str, str]]:
    """Id -> name by shop, as a worker last read it; no shop is asked. A shop nobody has read yet is missing."""
    cursors = {shop: await store.cursor(shop, CURSOR) for shop in shops}
    return {shop: json.loads(kept.value) for shop, kept in cursors.items() if kept is not None}


class LocationNames:
    """Id -> name by shop, kept in the store: a start while a shop is away goes on with what was known."""

    def __init__(self, store: StateStore, setups: Mapping[str, ChannelSetup]) -> None:
        self._store, self._setups = store, setups
        self._known: dict[str, dict[str, str]] = {}
        self._due: dict[str, datetime] = {}

    async def renew(self, moment: datetime) -> Mapping[str, Mapping[str, str]]:
        """What is known; read again from a shop after ten minutes, by one of the workers. Shops that are away wait."""
        for shop, setup in self._setups.items():
            if shop not in self._due or self._due[shop] <= moment:
                await self._renew(shop, setup, moment)
        return self._known

    async def _renew(self, shop: str, setup: ChannelSetup, moment: datetime) -> None:
        kept = await self._store.cursor(shop, CURSOR)
        if kept is not None:
            self._known[shop] = json.loads(kept.value)
            self._due[shop] = kept.updated_at + FRESH
            if moment < self._due[shop]:
                return
        try:
            async with asyncio.timeout(PATIENCE):
                found = dict(await setup.locations())
        except (CrossdockError, TimeoutError) as error:
            log.warning("The locations of shop %s cannot be read now, what was known stays: %s", shop, error)
            self._due[shop] = moment + AGAIN
            return
        self._known[shop], self._due[shop] = found, moment + FRESH
        value = json.dumps(found, sort_keys=True, ensure_ascii=False)
        await self._store.set_cursor(Cursor(scope=shop, name=CURSOR, value=value, updated_at=moment))

    async def aclose(self) -> None:
        """Close the connections to the shops."""
        for setup in self._setups.values():
            await setup.aclose()
