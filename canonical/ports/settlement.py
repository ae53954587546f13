"""The ERP after the sale."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

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


@runtime_checkable
class Settlement(Protocol):
    """An ERP company that ships, invoices, takes payments, credits and moves stock. Lists are batches.

    Every write is once under its key; the same key with other content is a `ConflictError`; one bad document fails
    alone. A document whose sale is not there fails with `HeldError` (code `sale_missing`): it comes later.

    The caller holds the lease of the sale while it posts: one worker at a time writes documents of one sale. ERPs do
    not keep every key unique, so their connectors look for the key before they write, and the lease makes that safe.
    Documents of different sales are posted by any number of workers at once.
    """

    system: str

    async def amend_sales(self, amendments: Sequence[SaleAmendment]) -> list[Outcome[ErpDocument]]:
        """Make what is open of a sale equal to the document: shipments and invoices to come follow from it.

        The number is the sale's, the total what it comes to then. A sale that is so already is left alone and settles
        with `created` false. What the ERP cannot change any more (fewer than have left, another price of what is
        invoiced) or at all fails with `HeldError` naming the line, and nothing of the sale is changed.
        """
        ...

    async def post_shipments(self, postings: Sequence[ShipmentPosting]) -> list[Outcome[ErpDocument]]: ...

    async def post_invoices(self, postings: Sequence[InvoicePosting]) -> list[Outcome[ErpDocument]]: ...

    async def post_payments(self, postings: Sequence[PaymentPosting]) -> list[Outcome[ErpDocument]]: ...

    async def authorise_returns(self, requests: Sequence[ReturnAuthorisation]) -> list[Outcome[ErpDocument]]: ...

    async def receive_returns(self, receipts: Sequence[ReturnReceipt]) -> list[Outcome[ErpDocument]]:
        """Restocked goods of authorised returns go to stock at the location."""
        ...

    async def post_credits(self, postings: Sequence[CreditPosting]) -> list[Outcome[ErpDocument]]: ...

    async def post_movements(self, postings: Sequence[MovementPosting]) -> list[Outcome[ErpDocument]]: ...

    async def find_documents(self, keys: Sequence[str]) -> Mapping[str, ErpDocument]:
        """The documents that stand under these keys, whatever their kind. What an interrupted posting left counts as
        missing: posting it again goes on from there."""
        ...

    async def cancelled_sales(self, since: str | None) -> tuple[tuple[str, ...], str | None]:
        """Keys of sales cancelled in the ERP since the cursor, and the next cursor. A key may be told again."""
        ...

    async def check(self) -> None: ...

    async def aclose(self) -> None: ...
