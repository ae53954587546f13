"""Tryton behind the port `SalesOrders`: one company, one user, any number of shops that book there."""

from collections.abc import Mapping, Sequence

import httpx

from canonical.booking import BookedDocument, CustomerRef, SalesOrderDocument
from canonical.outcomes import Outcome
from canonical.party import PartyIdentity
from connectors.tryton.bookings import Bookings
from connectors.tryton.cancelling import Cancellation
from connectors.tryton.client import TrytonClient
from connectors.tryton.directory import Directory
from connectors.tryton.parties import Parties
from connectors.tryton.sales import Sales
from connectors.tryton.settings import TrytonSettings

LARGEST_CALL = 50  # records; beyond some 90 Tryton's uniqueness check overflows SQLite's parser


class TrytonErp:
    """Implements `canonical.ports.SalesOrders`."""

    def __init__(
        self, system: str, settings: TrytonSettings, client: TrytonClient, web_shops: Mapping[str, str]
    ) -> None:
        self.system = system
        self.best_batch = settings.best_batch
        self._client = client
        self._directory = Directory(client, web_shops)
        self._sales = Sales(client, self._directory, settings.rounding_item)
        self._parties = Parties(client, self._directory)
        self._bookings = Bookings(client, self._directory, self._sales, settings)
        self._cancellation = Cancellation(client, self._sales)
        self._queue_worker = settings.queue_worker

    async def ensure_customers(self, parties: Sequence[PartyIdentity]) -> list[Outcome[CustomerRef]]:
        """See the port. New parties get their external id as code, which Tryton keeps unique."""
        outcomes: list[Outcome[CustomerRef]] = []
        for start in range(0, len(parties), LARGEST_CALL):
            outcomes += await self._parties.ensure(parties[start : start + LARGEST_CALL])
        return outcomes

    async def create_sales_orders(
        self, documents: Sequence[SalesOrderDocument], customers: Mapping[str, CustomerRef]
    ) -> list[Outcome[BookedDocument]]:
        """See the port. The key is the sale's `web_id`, which Tryton keeps unique in its web shop."""
        outcomes: list[Outcome[BookedDocument]] = []
        for start in range(0, len(documents), LARGEST_CALL):
            outcomes += await self._bookings.book(documents[start : start + LARGEST_CALL], customers)
        return outcomes

    async def find_by_key(self, keys: Sequence[str]) -> dict[str, BookedDocument]:
        """See the port. What an interrupted booking left counts as missing: booking it again goes on from there."""
        if not keys:
            return {}
        unfinished = {"draft", "quotation"} if self._queue_worker else {"draft", "quotation", "confirmed"}
        standing = [sale for sale in (await self._sales.by_key(keys)).values() if sale.state not in unfinished]
        return await self._sales.documents(standing)

    async def cancel(self, key: str, reason: str) -> Outcome[BookedDocument]:
        """See the port. A sale that was processed but not picked is taken back piece by piece."""
        return await self._cancellation.cancel(key, reason)

    async def check(self) -> None:
        """See the port. Also finds a web shop that is missing in Tryton."""
        await self._directory.shops()

    async def aclose(self) -> None:
        """Close the connections; Tryton forgets the session by itself."""
        await self._client.aclose()


def open_erp(
    system: str,
    settings: TrytonSettings,
    web_shops: Mapping[str, str],
    transport: httpx.AsyncBaseTransport | None = None,
) -> TrytonErp:
    """The ERP of one company; it connects at the first call. `web_shops`: the web shop's name by shop."""
    return TrytonErp(system, settings, TrytonClient(settings, transport), web_shops)
