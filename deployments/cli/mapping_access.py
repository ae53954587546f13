"""The mapping repository for commands: opened, with its seeds loaded when it is empty."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from canonical.ports import MappingBook, StateStore
from deployments.cli.context import now, opened_store
from flows.mapping_store import StoredMappings, open_mappings
from flows.settings import FlowSettings


@asynccontextmanager
async def opened_book() -> AsyncIterator[MappingBook]:
    """The repository in the state store that CROSSDOCK_STORE_URL names."""
    async with opened_store() as store:
        yield (await mappings_of(store)).book


async def mappings_of(store: StateStore) -> StoredMappings:
    """The mappings in force by an opened store."""
    from connectors import registry

    return await open_mappings(registry.mapping_book(store), FlowSettings(), now())
