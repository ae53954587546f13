"""The shop after the sale: fulfillment orders, fulfillments, cancellations, captures, returns, refunds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from canonical.errors import RejectedError
from canonical.fulfillment import FulfillmentOrder, Parcel
from canonical.money import Money, MoneyPair
from canonical.outcomes import Outcome
from canonical.records import Message
from canonical.returns import Disposition, Refund, Return


@dataclass(frozen=True, slots=True)
class ChannelFulfillment:
    """What the shop shows as shipped: its id, the parcel, quantities by order line id, and who made it.

    `numbers` are all its tracking numbers; the parcel has the first. `live` is false once it was taken back.
    `made_by_us` is told by what we noted on the order before we shipped: location, lines and number. After somebody
    changed the number in the shop it is false, so ask the ledger by id first.
    """

    id: str
    order_id: str
    status: str
    parcel: Parcel | None
    lines: Mapping[str, int]
    made_by_us: bool
    location_id: str | None = None
    numbers: tuple[str, ...] = ()
    live: bool = True


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
    """A refund to make. `lines` by order line id: quantity, restock at a location or not.

    With `return_id` the pieces are taken out of that return; where they go was said by `dispose`, so a location is
    refused. `shipping` is what is given back for delivery, without tax; `duties` gives back those on the pieces.
    `unshipped` pieces leave what is to be shipped. All tenders are in presentment currency.
    """

    key: str
    order_id: str
    return_id: str | None
    lines: Mapping[str, tuple[int, str | None]]
    shipping: MoneyPair | None
    tenders: tuple[Tender, ...]
    note: str | None = None
    notify: bool = True
    duties: bool = False
    unshipped: bool = False


@dataclass(frozen=True, slots=True)
class SuggestedRefund:
    """What the shop would give back: in all, for delivery (without tax), at most, and on which payments."""

    amount: MoneyPair
    shipping: MoneyPair
    most: MoneyPair
    tenders: tuple[Tender, ...]


@runtime_checkable
class FulfillmentChannel(Protocol):
    """The shop's side of shipping. One instance serves one shop."""

    shop: str

    def order_id_of(self, message: Message) -> str | None:
        """The order a message about shipping names; None when it names a fulfillment order only."""
        ...

    def fulfillment_order_id_of(self, message: Message) -> str:
        """A fulfillment order that a message is about: all it names are of one order. Raises `RejectedError`."""
        ...

    async def order_ids_of(self, fulfillment_order_ids: Sequence[str]) -> Mapping[str, str]:
        """The order of each fulfillment order. Those that do not exist (any more) are missing."""
        ...

    async def read_logistics(self, order_ids: Sequence[str]) -> Mapping[str, OrderLogistics]:
        """Orders that do not exist are missing. Raises `RejectedError` when one cannot be understood."""
        ...

    async def fulfill(self, writes: Sequence[FulfillmentWrite]) -> list[Outcome[str]]:
        """Make each fulfillment once. Not idempotent at Shopify: an ambiguous outcome is settled by reading the
        order's fulfillments and what remains, before anything is sent again. The value is the fulfillment's id.

        Lines are found by order line id, in whatever fulfillment orders of the location they are now. Failed:
        `nothing_remains`, `at_other_location`, `order_cancelled`, `unknown_order` (`RejectedError`), `on_hold`
        (`HeldError`), `key_reused` (`ConflictError`), and `RetryableError` with `maybe_applied` when it is still not
        known what became of it: ask again with the same key. After one that failed so, none is sent."""
        ...

    async def update_tracking(self, fulfillment_id: str, parcel: Parcel, *, notify: bool = False) -> Outcome[str]:
        """Show the parcel's carrier and number; shown already is settled. The value is the fulfillment's id."""
        ...

    async def delivery_event(self, fulfillment_id: str, status: str, happened_at: str) -> Outcome[str]:
        """Tell what happened to a parcel (in_transit, out_for_delivery, delivered ...) at a time (ISO 8601 with
        offset). Told already is settled. The value is the event's id."""
        ...

    async def move(self, fulfillment_order_id: str, location_id: str, lines: Mapping[str, int] | None) -> Outcome[str]:
        """Let all lines, or quantities by order line id, wait at a location; the value is the fulfillment order there.

        `lines` say how many pieces wait there in the end: what waits there already counts, so a repeat moves nothing.
        """
        ...

    async def hold(self, fulfillment_order_id: str, reason: str, handle: str) -> Outcome[str]:
        """Let it wait until `release` is called with the handle; held under it already is settled.

        A reason that the shop has no word for is kept as a note."""
        ...

    async def release(self, fulfillment_order_id: str, handle: str | None = None) -> Outcome[str]:
        """Release our hold of this handle, or all of ours. Holds of others stay; nothing to release is settled."""
        ...

    async def cancel_order(
        self, order_id: str, reason: str, *, restock: bool, refund: bool, notify: bool = False
    ) -> Outcome[str]:
        """Cancel, and wait for the shop's job to end. Cancelled already is settled.

        Failed: `already_shipped`, `has_returns`, `payment_pending`, `cancel_refused` (`RejectedError`)."""
        ...

    async def capture(self, order_id: str, parent_id: str, total: Money) -> Outcome[str]:
        """Capture so much of an authorization that `total` of it (presentment) is captured in all; what was captured
        before counts, so a repeat takes nothing. The value is the last capture's id."""
        ...

    async def aclose(self) -> None: ...


@runtime_checkable
class ReturnChannel(Protocol):
    """The shop's side of returns and refunds. One instance serves one shop."""

    shop: str

    async def read_returns(self, ids: Sequence[str]) -> Mapping[str, Return | RejectedError]:
        """Returns that do not exist are missing. One that cannot be understood is a `RejectedError` in its place."""
        ...

    async def returns_of(self, order_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """The ids of all returns of orders, for a poll. Orders that do not exist are missing."""
        ...

    async def read_refunds(self, order_ids: Sequence[str]) -> Mapping[str, tuple[Refund, ...]]:
        """The refunds of orders, oldest first, whoever made them. Orders that do not exist are missing."""
        ...

    def return_id_of(self, message: Message) -> str:
        """Which return a message is about. Raises `RejectedError` naming the field."""
        ...

    async def approve(self, return_ids: Sequence[str]) -> Sequence[Outcome[str]]:
        """Agree to requested returns; one that is open or closed is settled. One outcome each, in order."""
        ...

    async def decline(self, return_id: str, reason: str, note: str) -> Outcome[str]:
        """Refuse a requested return; declined already is settled. `note` is read by the shopper."""
        ...

    async def open_return(self, key: str, order_id: str, lines: Mapping[str, int], reason: str) -> Outcome[str]:
        """Open a return for goods that came back without one (blind). Looked for by key before it is made."""
        ...

    async def dispose(
        self, return_id: str, dispositions: Sequence[tuple[str, int, Disposition, str | None]]
    ) -> Outcome[str]:
        """Tell what inspections found: (return line id, quantity, disposition, location id). Safe to repeat.

        Tell all that was found of the return so far: what the shop knows already counts, only the rest is sent."""
        ...

    async def suggested_refund(
        self, order_id: str, lines: Mapping[str, int], *, shipping: bool, duties: bool = False
    ) -> SuggestedRefund:
        """What the shop would give back for lines, delivery and the duties on the lines.

        Raises `RejectedError` when it has no such order."""
        ...

    async def refund(self, write: RefundWrite) -> Outcome[Refund]:
        """Refund once under the key; an ambiguous outcome is settled by reading the order's refunds.

        Failed: `currency_mismatch`, `tender_unknown`, `above_payment`, `not_returned`, `unknown_order`."""
        ...

    async def close(self, return_ids: Sequence[str]) -> Sequence[Outcome[str]]:
        """Nothing more is expected of returns; closed already is settled. One outcome each, in order."""
        ...

    async def aclose(self) -> None: ...
