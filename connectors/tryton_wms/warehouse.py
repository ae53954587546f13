"""Tryton behind the port `Warehouse`."""

from collections.abc import Awaitable, Mapping, Sequence

import httpx

from canonical.errors import CrossdockError, MisconfiguredError
from canonical.outcomes import Failed, Outcome, Settled
from canonical.ports.warehouse import WarehouseReport
from canonical.records import Message
from canonical.warehouse import FulfillmentRequest, WarehouseEvent, WarehouseRef, WarehouseStatus
from connectors.tryton_wms.polling import Poller
from connectors.tryton_wms.rest import WmsClient
from connectors.tryton_wms.settings import TrytonWmsSettings
from connectors.tryton_wms.tasks import TaskReader
from connectors.tryton_wms.telling import status_of
from connectors.tryton_wms.writing import TaskWriter
from connectors.warehouse_events import event_of


class TrytonWarehouse:
    """Implements `canonical.ports.warehouse.Warehouse`. One task at a time: its database may have one writer."""

    def __init__(self, system: str, client: WmsClient, settings: TrytonWmsSettings) -> None:
        self.system, self.best_batch = system, settings.best_batch
        self._client = client
        self._reader = TaskReader(client)
        self._writer = TaskWriter(client, self._reader)
        self._poller = Poller(system, client, self._reader, settings)

    async def submit(self, requests: Sequence[FulfillmentRequest]) -> list[Outcome[WarehouseRef]]:
        """See the port. One that fails stops no other, unless nobody can pass."""
        tasks = await self._reader.by_key([request.key for request in requests])
        return [await _outcome(self._writer.submit(request, tasks.get(request.key))) for request in requests]

    async def amend(self, request: FulfillmentRequest) -> Outcome[WarehouseRef]:
        """See the port."""
        tasks = await self._reader.by_key([request.key])
        return await _outcome(self._writer.amend(request, tasks.get(request.key)))

    async def cancel(self, keys: Sequence[str], reason: str) -> list[Outcome[WarehouseRef]]:
        """See the port."""
        tasks = await self._reader.by_key(keys)
        return [await _outcome(self._writer.cancel(key, reason, tasks.get(key))) for key in keys]

    async def status(self, keys: Sequence[str]) -> Mapping[str, WarehouseStatus]:
        """See the port."""
        return {key: status_of(task) for key, task in (await self._reader.by_key(keys)).items()}

    async def changes(self, cursor: str | None) -> WarehouseReport:
        """See the port."""
        return await self._poller.changes(cursor)

    def event_of(self, message: Message) -> WarehouseEvent:
        """See the port; the format is in `connectors.warehouse_events`."""
        return event_of(message)

    async def check(self) -> None:
        """See the port."""
        await self._client.company()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


async def _outcome(work: Awaitable[WarehouseRef]) -> Outcome[WarehouseRef]:
    try:
        return Settled(await work)
    except MisconfiguredError:  # nobody can pass
        raise
    except CrossdockError as error:
        return Failed(error)


def open_warehouse(
    system: str, settings: TrytonWmsSettings, transport: httpx.AsyncBaseTransport | None = None
) -> TrytonWarehouse:
    """The warehouse; it connects at the first call."""
    return TrytonWarehouse(system, WmsClient(settings, transport), settings)
