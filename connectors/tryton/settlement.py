"""Tryton behind the port `Settlement`: what follows a sale, over its own JSON-RPC. Nothing of ours is installed in it.

Tryton enforces only the key of a sale, and so that of a return authorisation. Everywhere else our key is the
document's `reference`, looked for before anything is written and after every ambiguous outcome. Look-then-write is
safe because the caller's lease lets one worker at a time write documents of one sale (see the port). Content is
compared by the digest in the comment where a document has one, else field by field.

Modules it needs: those of the sales connector, stock_package_shipping (tracking), account_payment_clearing (matching).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

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
from connectors.tryton.amending import MODEL as AMENDMENT
from connectors.tryton.amending import Amendments
from connectors.tryton.cancelled import CancelledSales
from connectors.tryton.client import TrytonClient
from connectors.tryton.crediting import Credits
from connectors.tryton.directory import Directory
from connectors.tryton.invoicing import Invoices
from connectors.tryton.moving import Movements
from connectors.tryton.paying import Payments
from connectors.tryton.returning import Authorisations, Receipt, Receipts
from connectors.tryton.sales import Sales
from connectors.tryton.settings import TrytonSettings
from connectors.tryton.shipping import Shipments
from connectors.tryton.sold import SoldSales
from connectors.tryton.warehouses import Warehouses
from connectors.tryton.work import in_turn

_KEPT = {
    "stock.shipment.out": ("reference", ("done",)),
    "account.invoice": ("reference", ("posted", "paid")),
    "account.payment": ("reference", ("succeeded",)),
    "sale.sale": ("web_id", ("processing", "done")),
    "stock.shipment.out.return": ("reference", ("done",)),
    "stock.shipment.internal": ("reference", ("done",)),
}
"""Where each kind of document keeps our key, and the states in which it stands."""


class TrytonSettlement:
    """Implements `canonical.ports.settlement.Settlement`."""

    def __init__(
        self, system: str, settings: TrytonSettings, client: TrytonClient, web_shops: Mapping[str, str]
    ) -> None:
        self.system = system
        self._client = client
        self._directory = Directory(client, web_shops)
        self._sales = SoldSales(client, self._directory)
        warehouses, sales = Warehouses(client), Sales(client, self._directory, settings.rounding_item)
        self._amendments = Amendments(client, self._directory, self._sales, sales, settings)
        self._shipments = Shipments(client, warehouses, self._sales)
        self._invoices = Invoices(client, self._directory, self._sales, settings)
        self._payments = Payments(client, self._directory)
        self._authorisations = Authorisations(client, self._directory, warehouses)
        self._receipts = Receipts(client, warehouses)
        self._credits = Credits(client, self._directory, settings)
        self._movements = Movements(client, self._directory, warehouses, settings)
        self._cancelled = CancelledSales(client, self._directory)

    async def amend_sales(self, amendments: Sequence[SaleAmendment]) -> list[Outcome[ErpDocument]]:
        """See the port. The key is in the description of Tryton's amendment."""
        return await in_turn(amendments, self._sales, self._amendments.post)

    async def post_shipments(self, postings: Sequence[ShipmentPosting]) -> list[Outcome[ErpDocument]]:
        """See the port. The key is the shipment's reference."""
        return await in_turn(postings, self._sales, self._shipments.post)

    async def post_invoices(self, postings: Sequence[InvoicePosting]) -> list[Outcome[ErpDocument]]:
        """See the port. The key is the invoice's reference; the order's name stays in its description."""
        return await in_turn(postings, self._sales, self._invoices.post)

    async def post_payments(self, postings: Sequence[PaymentPosting]) -> list[Outcome[ErpDocument]]:
        """See the port. The key is the payment's reference."""
        return await in_turn(postings, self._sales, self._payments.post)

    async def authorise_returns(self, requests: Sequence[ReturnAuthorisation]) -> list[Outcome[ErpDocument]]:
        """See the port. The key is the `web_id` of a sale of negative quantities: Tryton keeps it unique."""
        return await in_turn(requests, self._sales, self._authorisations.post)

    async def receive_returns(self, receipts: Sequence[ReturnReceipt]) -> list[Outcome[ErpDocument]]:
        """See the port. The key is the reference of a customer return shipment."""
        return await in_turn([Receipt(receipt) for receipt in receipts], self._sales, self._receipts.post)

    async def post_credits(self, postings: Sequence[CreditPosting]) -> list[Outcome[ErpDocument]]:
        """See the port. The key is the reference of an invoice of negative quantities."""
        return await in_turn(postings, self._sales, self._credits.post)

    async def post_movements(self, postings: Sequence[MovementPosting]) -> list[Outcome[ErpDocument]]:
        """See the port. The key is the reference of an internal shipment."""
        return await self._movements.post(postings)

    async def find_documents(self, keys: Sequence[str]) -> dict[str, ErpDocument]:
        """See the port. One call for each kind of document."""
        found: dict[str, ErpDocument] = {}
        for model, (field, states) in _KEPT.items():
            missing = sorted(set(keys) - found.keys())
            if missing:
                domain = [(field, "in", missing), ("state", "in", list(states))]
                fields = [field, "state", "number"]
                for row in await self._client.read(f"model.{model}.search_read", domain, 0, None, None, fields):
                    found[row[field]] = _document(row[field], row)
        return found | await self._amended(sorted(set(keys) - found.keys()))

    async def _amended(self, keys: Sequence[str]) -> dict[str, ErpDocument]:
        """The amendments under these keys, each with the number of its sale."""
        if not keys:
            return {}
        named = ["OR", *([("description", "like", f"{key} %")] for key in keys)]
        fields = ["description", "state", "sale.number"]
        rows = await self._client.read(
            f"model.{AMENDMENT}.search_read", [("state", "=", "validated"), named], 0, None, None, fields
        )
        return {
            key: _document(key, {**row, "number": row["sale."]["number"]})
            for row in rows
            for key in [row["description"].partition(" ")[0]]
        }

    async def cancelled_sales(self, since: str | None) -> tuple[tuple[str, ...], str | None]:
        """See the port. A sale that ended because all it led to was cancelled counts."""
        return await self._cancelled.since(since)

    async def check(self) -> None:
        """See the port. Also finds a web shop that is missing in Tryton."""
        await self._directory.shops()

    async def aclose(self) -> None:
        """Close the connections; Tryton forgets the session by itself."""
        await self._client.aclose()


def open_settlement(
    system: str,
    settings: TrytonSettings,
    web_shops: Mapping[str, str],
    transport: httpx.AsyncBaseTransport | None = None,
) -> TrytonSettlement:
    """The settlement of one company; it connects at the first call. `web_shops`: the web shop's name by shop."""
    return TrytonSettlement(system, settings, TrytonClient(settings, transport), web_shops)


def _document(key: str, row: Mapping[str, Any]) -> ErpDocument:
    return ErpDocument(key=key, external_id=str(row["id"]), number=row["number"], state=row["state"], created=False)
