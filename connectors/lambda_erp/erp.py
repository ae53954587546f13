"""Lambda ERP behind the port `SalesOrders`: one company. Documents go one by one, several at a time."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TypeVar

import httpx

from canonical.booking import BookedDocument, CustomerRef, SalesOrderDocument
from canonical.errors import HeldError, MisconfiguredError, RejectedError
from canonical.outcomes import Failed, Outcome, Settled
from canonical.party import PartyIdentity
from connectors.lambda_erp.client import LambdaErpClient
from connectors.lambda_erp.customers import Customers
from connectors.lambda_erp.lanes import in_lanes
from connectors.lambda_erp.orders import Orders
from connectors.lambda_erp.settings import LambdaErpSettings

T = TypeVar("T")
R = TypeVar("R")


class LambdaErp:
    """Implements `canonical.ports.SalesOrders`."""

    def __init__(self, system: str, settings: LambdaErpSettings, client: LambdaErpClient) -> None:
        self.system = system
        self.best_batch = settings.best_batch
        self._settings, self._client = settings, client
        self._customers, self._orders = Customers(client), Orders(client, settings)

    async def ensure_customers(self, parties: Sequence[PartyIdentity]) -> list[Outcome[CustomerRef]]:
        """See the port. Identities that share an e-mail address are taken in turn, so that the first is found."""
        return await in_lanes(
            parties, self._customers.ensure, lambda p: (p.email or p.external_id).lower(), self._settings.connections
        )

    async def create_sales_orders(
        self, documents: Sequence[SalesOrderDocument], customers: Mapping[str, CustomerRef]
    ) -> list[Outcome[BookedDocument]]:
        """See the port. The key is the order's `external_reference`, unique for our source. The orders of one customer
        are numbered in turn.
        """

        async def book(document: SalesOrderDocument) -> BookedDocument:
            return await self._orders.book(document, customers[document.party.external_id].id)

        return await in_lanes(documents, book, lambda d: d.party.external_id, self._settings.connections)

    async def find_by_key(self, keys: Sequence[str]) -> dict[str, BookedDocument]:
        """See the port. A draft is what an interrupted booking left: it counts as missing."""
        gate = asyncio.Semaphore(self._settings.connections)

        async def find(key: str) -> BookedDocument | None:
            async with gate:
                order = await self._orders.find(key)
            return order.told() if order is not None and not order.is_draft else None

        found = await asyncio.gather(*(find(key) for key in set(keys)))
        return {document.key: document for document in found if document is not None}

    async def cancel(self, key: str, reason: str) -> Outcome[BookedDocument]:
        """See the port. Lambda ERP keeps no reason with a cancelled order."""
        try:
            return Settled(await self._orders.cancel(key))
        except (HeldError, RejectedError) as error:
            return Failed(error)

    async def check(self) -> None:
        """See the port. Also finds a company that is missing in Lambda ERP."""
        if await self._client.record(f"masters/company/{self._settings.company}") is None:
            raise MisconfiguredError(
                f"Lambda ERP has no company {self._settings.company}",
                code="erp_company_unknown",
                way_out="Correct the company's name in the settings.",
            )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def open_erp(system: str, settings: LambdaErpSettings, transport: httpx.AsyncBaseTransport | None = None) -> LambdaErp:
    """The ERP of one company; it connects at the first call."""
    return LambdaErp(system, settings, LambdaErpClient(settings, transport))
