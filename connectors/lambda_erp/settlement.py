"""Lambda ERP behind the port `Settlement`: what follows an order. Documents go one by one, several at a time.

Every key is kept unique by Lambda ERP itself (see `keeping`), so two workers never make a document twice. What cannot
be done through its API is held or refused by name: a payment before its invoice, a memo of two invoices, stock below
zero.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx

from canonical.errors import MisconfiguredError
from canonical.outcomes import Outcome
from canonical.settlement import (
    CreditPosting,
    ErpDocument,
    InvoicePosting,
    MovementPosting,
    PaymentPosting,
    ReturnAuthorisation,
    ReturnReceipt,
    SaleAmendment,
    ShipmentPosting,
)
from connectors.lambda_erp.amending import Amending
from connectors.lambda_erp.client import LambdaErpClient
from connectors.lambda_erp.invoicing import Invoicing
from connectors.lambda_erp.keeping import Keeper
from connectors.lambda_erp.lanes import in_lanes
from connectors.lambda_erp.moving import Goods
from connectors.lambda_erp.paying import Payments
from connectors.lambda_erp.settings import LambdaErpSettings
from connectors.lambda_erp.sold import SoldOrders

P = TypeVar("P")
OVERLAP = timedelta(seconds=120)
BEGIN = "1970-01-02T00:00:00+00:00"


class LambdaSettlement:
    """Implements `canonical.ports.settlement.Settlement`."""

    def __init__(self, system: str, settings: LambdaErpSettings, client: LambdaErpClient) -> None:
        self.system = system
        self._settings, self._client = settings, client
        self._keeper, orders = Keeper(client, settings), SoldOrders(client, settings)
        self._goods = Goods(client, self._keeper, orders, settings)
        self._invoicing = Invoicing(self._keeper, orders, settings)
        self._payments = Payments(self._keeper, orders, settings)
        self._amending = Amending(orders)

    async def amend_sales(self, amendments: Sequence[SaleAmendment]) -> list[Outcome[ErpDocument]]:
        """See the port. Lambda ERP changes no order that is submitted: what differs is held, and done by hand."""
        return await in_lanes(amendments, self._amending.amend, lambda p: p.sale_key, self._settings.connections)

    async def post_shipments(self, postings: Sequence[ShipmentPosting]) -> list[Outcome[ErpDocument]]:
        """See the port. The key is the name of the delivery note."""
        return await in_lanes(postings, self._goods.ship, lambda p: p.sale_key, self._settings.connections)

    async def post_invoices(self, postings: Sequence[InvoicePosting]) -> list[Outcome[ErpDocument]]:
        """See the port. The key is the invoice's `external_reference`."""
        return await in_lanes(postings, self._invoicing.invoice, lambda p: p.sale_key, self._settings.connections)

    async def post_payments(self, postings: Sequence[PaymentPosting]) -> list[Outcome[ErpDocument]]:
        """See the port. The key is the name of the payment entry."""
        return await in_lanes(postings, self._payments.post, lambda p: p.sale_key, self._settings.connections)

    async def authorise_returns(self, requests: Sequence[ReturnAuthorisation]) -> list[Outcome[ErpDocument]]:
        """See the port. The key is the name of a stock entry that stays a draft."""
        return await in_lanes(requests, self._goods.authorise, lambda p: p.sale_key, self._settings.connections)

    async def receive_returns(self, receipts: Sequence[ReturnReceipt]) -> list[Outcome[ErpDocument]]:
        """See the port. The key is the name of a stock entry."""
        return await in_lanes(receipts, self._goods.receive, lambda p: p.authorisation_key, self._settings.connections)

    async def post_credits(self, postings: Sequence[CreditPosting]) -> list[Outcome[ErpDocument]]:
        """See the port. The key is the `external_reference` of a return invoice."""
        return await in_lanes(postings, self._invoicing.credit, lambda p: p.sale_key, self._settings.connections)

    async def post_movements(self, postings: Sequence[MovementPosting]) -> list[Outcome[ErpDocument]]:
        """See the port. The key is the name of a stock entry."""
        return await in_lanes(postings, self._goods.move, lambda p: p.key, self._settings.connections)

    async def find_documents(self, keys: Sequence[str]) -> dict[str, ErpDocument]:
        """See the port. Key by key: its lists have no filter for several values."""
        gate = asyncio.Semaphore(self._settings.connections)

        async def find(key: str) -> ErpDocument | None:
            async with gate:
                return await self._keeper.find_any(key)

        found = await asyncio.gather(*(find(key) for key in dict.fromkeys(keys)))
        return {document.key: document for document in found if document is not None}

    async def cancelled_sales(self, since: str | None) -> tuple[tuple[str, ...], str | None]:
        """See the port. The cursor is the time of the newest cancellation; two minutes before it are told again."""
        rows = await self._client.rows(
            "documents/sales-order",
            external_source=self._settings.source,
            company=self._settings.company,
            docstatus="2",
            order_by="modified",
            order="desc",
            limit="500",
        )
        newest = rows[0]["modified"] if rows else BEGIN
        if since is None:
            return (), newest
        after = _moment(since) - OVERLAP
        told = tuple(row["external_reference"] for row in rows if _moment(row["modified"]) >= after)
        return told, max(newest, since, key=_moment)

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


def open_settlement(
    system: str, settings: LambdaErpSettings, transport: httpx.AsyncBaseTransport | None = None
) -> LambdaSettlement:
    """The settlement of one company; it connects at the first call."""
    return LambdaSettlement(system, settings, LambdaErpClient(settings, transport))


def _moment(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError as error:
        raise MisconfiguredError(
            f"the cursor {text!r} is no cursor of Lambda ERP's orders",
            code="cursor_unreadable",
            way_out="Delete the cursor: cancellations are told from now on.",
        ) from error
