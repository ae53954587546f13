"""The shop after the sale: fulfillment orders, fulfillments, cancellations, captures, returns, refunds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from canonical.fulfillment import FulfillmentOrder, Parcel
from canonical.money import Money, MoneyPair
from canonical.outcomes import Outcome
from canonical.records import Message
from canonical.returns import Disposition, Refund, Return


@dataclass(frozen=True, slots=True)
class ChannelFulfillment:
    """What the shop shows as shipped: its id, the parcel, quantities by order line id, and who made it."""

    id: str
    order_id: str
    status: str
    parcel: Parcel | None
    lines: Mapping[str, int]
    made_by_us: bool


@dataclass(frozen=True, slots=True)
class OrderLogistics:
    """Where an order stands at the shop: open requests with what remains, and what has shipped."""

    order_id: str
    fulfillment_orders: tuple[FulfillmentOrder, ...]
    fulfillments: tuple[ChannelFulfillment, ...]
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class FulfillmentWrite:
    """Tell the shop of one parcel: quantities by order line id, from one location, with tracking."""

    key: str
    order_id: str
    location_id: str
    parcel: Parcel
    lines: Mapping[str, int]
    notify: bool = True


@dataclass(frozen=True, slots=True)
class Tender:
    """Money back by one tender: the transaction it goes back on, and how much (presentment currency)."""

    parent_id: str
    gateway: str
    amount: Money


@dataclass(frozen=True, slots=True)
class RefundWrite:
    """A refund to make. `lines` by order line id: quantity, restock at a location or not."""

    key: str
    order_id: str
    return_id: str | None
    lines: Mapping[str, tuple[int, str | None]]
    shipping: MoneyPair | None
    tenders: tuple[Tender, ...]
    note: str | None = None
    notify: bool = True


@runtime_checkable
class FulfillmentChannel(Protocol):
    """The shop's side of shipping. One instance serves one shop."""

    shop: str

    async def read_logistics(self, order_ids: Sequence[str]) -> Mapping[str, OrderLogistics]: ...

    async def fulfill(self, writes: Sequence[FulfillmentWrite]) -> list[Outcome[str]]:
        """Make each fulfillment once. Not idempotent at Shopify: an ambiguous outcome is settled by reading the
        order's fulfillments and what remains, before anything is sent again. The value is the fulfillment's id."""
        ...

    async def update_tracking(self, fulfillment_id: str, parcel: Parcel) -> Outcome[str]: ...

    async def delivery_event(self, fulfillment_id: str, status: str, happened_at: str) -> Outcome[str]: ...

    async def move(self, fulfillment_order_id: str, location_id: str, lines: Mapping[str, int] | None) -> Outcome[str]:
        """Move all or some lines (by order line id) to a location; the value is the fulfillment order there."""
        ...

    async def hold(self, fulfillment_order_id: str, reason: str, handle: str) -> Outcome[str]: ...

    async def release(self, fulfillment_order_id: str) -> Outcome[str]: ...

    async def cancel_order(self, order_id: str, reason: str, *, restock: bool, refund: bool) -> Outcome[str]:
        """Cancel, and wait for the shop's job to end. Cancelled already is settled."""
        ...

    async def capture(self, order_id: str, parent_id: str, amount: Money) -> Outcome[str]: ...

    async def aclose(self) -> None: ...


@runtime_checkable
class ReturnChannel(Protocol):
    """The shop's side of returns and refunds. One instance serves one shop."""

    shop: str

    async def read_returns(self, ids: Sequence[str]) -> Mapping[str, Return]: ...

    async def read_refunds(self, order_ids: Sequence[str]) -> Mapping[str, tuple[Refund, ...]]: ...

    def return_id_of(self, message: Message) -> str:
        """Which return a message is about. Raises `RejectedError` naming the field."""
        ...

    async def approve(self, return_id: str) -> Outcome[str]: ...

    async def decline(self, return_id: str, reason: str, note: str) -> Outcome[str]: ...

    async def open_return(self, key: str, order_id: str, lines: Mapping[str, int], reason: str) -> Outcome[str]:
        """Open a return for goods that came back without one (blind). Looked for by key before it is made."""
        ...

    async def dispose(
        self, return_id: str, dispositions: Sequence[tuple[str, int, Disposition, str | None]]
    ) -> Outcome[str]:
        """Tell what the inspection found: (return line id, quantity, disposition, location id). Safe to repeat."""
        ...

    async def suggested_refund(self, order_id: str, lines: Mapping[str, int], *, shipping: bool) -> MoneyPair: ...

    async def refund(self, write: RefundWrite) -> Outcome[Refund]:
        """Refund once under the key; an ambiguous outcome is settled by reading the order's refunds."""
        ...

    async def close(self, return_id: str) -> Outcome[str]: ...

    async def aclose(self) -> None: ...
