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
    ShipmentPosting,
)


@runtime_checkable
class Settlement(Protocol):
    """An ERP company that ships, invoices, takes payments, credits and moves stock. Lists are batches.

    Every write is once under its key; the same key with other content is a `ConflictError`; one bad document fails
    alone. A document whose sale is not there fails with `HeldError` (code `sale_missing`): it comes later.
    """

    system: str

    async def post_shipments(self, postings: Sequence[ShipmentPosting]) -> list[Outcome[ErpDocument]]: ...

    async def post_invoices(self, postings: Sequence[InvoicePosting]) -> list[Outcome[ErpDocument]]: ...

    async def post_payments(self, postings: Sequence[PaymentPosting]) -> list[Outcome[ErpDocument]]: ...

    async def authorise_returns(self, requests: Sequence[ReturnAuthorisation]) -> list[Outcome[ErpDocument]]: ...

    async def receive_returns(self, key: str, quantities: Mapping[str, int], location: str) -> Outcome[ErpDocument]:
        """Goods of an authorised return are back: by order line id, to stock at the location (restocked ones only)."""
        ...

    async def post_credits(self, postings: Sequence[CreditPosting]) -> list[Outcome[ErpDocument]]: ...

    async def post_movements(self, postings: Sequence[MovementPosting]) -> list[Outcome[ErpDocument]]: ...

    async def find_documents(self, keys: Sequence[str]) -> Mapping[str, ErpDocument]:
        """The documents that exist under these keys, whatever their kind."""
        ...

    async def cancelled_sales(self, since: str | None) -> tuple[tuple[str, ...], str | None]:
        """Keys of sales cancelled in the ERP since the cursor, and the next cursor."""
        ...

    async def check(self) -> None: ...

    async def aclose(self) -> None: ...
