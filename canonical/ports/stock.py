"""Stock: where it comes from, where it is shown, and what we remember of both."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol, runtime_checkable

from canonical.inventory import (
    ChannelItem,
    ChannelLevel,
    Demand,
    Figure,
    FigureResult,
    FigureState,
    InventoryLevel,
    Place,
    StockReport,
    StockWrite,
)
from canonical.outcomes import Outcome
from canonical.records import Message


@dataclass(frozen=True, slots=True)
class RecordedStock:
    """What `StockBook.record` changed: SKUs; levels that were not newer; reservations that ended."""

    changed: frozenset[str]
    ignored: int = 0
    ended_reservations: int = 0


@dataclass(frozen=True, slots=True)
class CommittedLine:
    """Pieces of an order line that a channel counts as committed at one of its locations."""

    order_id: str
    line_id: str
    location_id: str
    pieces: int


@dataclass(frozen=True, slots=True)
class Commitment:
    """What we believe a channel counts as committed of a line: one part of `Demand.committed`.

    `quantity` in base units of `sku`. `sold_as` names the kit whose piece takes it, `line_id` is then the kit's line
    and the item.
    """

    order_id: str
    line_id: str
    sku: str
    location: str
    sold_as: str | None
    quantity: Decimal


@runtime_checkable
class StockSource(Protocol):
    """A system that knows stock of one ERP company: ERP, WMS, order management."""

    system: str
    company: str

    async def changes(self, cursor: str | None) -> StockReport:
        """Whole positions that changed since the cursor (None: since ever), overlapping a little; some more than once.

        Read so that a change meanwhile makes a figure too low, never too high (allocations before on hand).
        """
        ...

    def snapshot(self) -> AsyncIterator[StockReport]:
        """Everything, in parts of at most 5,000 levels; each location is complete with the last part that names it."""
        ...

    async def positions(self, skus: Sequence[str]) -> StockReport:
        """The positions of these SKUs now."""
        ...

    def report_of(self, message: Message) -> StockReport:
        """What a signed event of this system says. Raises `RejectedError` naming the field."""
        ...

    async def check(self) -> None:
        """One cheap authenticated call, as `SalesOrders.check`."""
        ...

    async def aclose(self) -> None: ...


@runtime_checkable
class StockChannel(Protocol):
    """A shop that shows stock. One instance serves one shop."""

    shop: str
    best_batch: int
    """How many places one write carries (Shopify: 250)."""

    async def find_items(self, skus: Sequence[str]) -> Mapping[str, tuple[ChannelItem, ...]]:
        """The items with these channel SKUs, case kept; more than one where the channel has it doubled."""
        ...

    async def read_levels(self, places: Sequence[Place]) -> Mapping[Place, ChannelLevel]:
        """What the channel shows now, available and committed of one moment. A place that is missing is unknown."""
        ...

    async def committed_lines(self, order_ids: Sequence[str]) -> Sequence[CommittedLine]:
        """What the channel counts as committed of these orders now. A line that is missing counts as nothing.

        Asked after `read_levels`: a fulfillment in between makes a figure too low, never too high.
        """
        ...

    async def set_available(self, writes: Sequence[StockWrite], key: str) -> list[Outcome[int]]:
        """Set figures, one call for up to `best_batch`; the value is what is shown then. `key` is the call's own key.

        One bad place fails alone: `ConflictError` (code `stale_compare`) when the channel shows something else than
        expected, `RejectedError` when it knows no such item, location or stocking (code `not_stocked`).
        """
        ...

    async def activate(self, place: Place, available: int, key: str) -> Outcome[int]:
        """Stock the item at the location, with this figure."""
        ...

    def snapshot(self) -> AsyncIterator[ChannelLevel]:
        """All levels of the shop, by a bulk read."""
        ...

    def level_of(self, message: Message) -> ChannelLevel:
        """What a stock webhook of the channel says (our own echo, too). Raises `RejectedError` naming the field."""
        ...

    async def check(self) -> None: ...

    async def aclose(self) -> None: ...


class StockBook(Protocol):
    """What the state store remembers of stock: positions by source, demand of our orders, figures by place."""

    async def record(self, report: StockReport, seen_at: datetime) -> RecordedStock:
        """Write the levels that are newer than what stands and end the reservations they count, in one transaction.

        Answers with the SKUs that changed and how many levels were older or the same. Twice is once.
        """
        ...

    async def levels(self, company: str, skus: Sequence[str] | None = None) -> list[InventoryLevel]: ...

    async def level_columns(self, company: str) -> Mapping[str, Sequence[object]]:
        """All positions of a company as columns (sku, location, source, on_hand, ...), for a full recompute.

        Quantities as decimals; a million rows in seconds.
        """
        ...

    async def demand(
        self, shops: Sequence[str], skus: Sequence[str] | None = None, company: str | None = None
    ) -> list[Demand]:
        """What orders take. Reservations that have run out take nothing.

        Read it before the levels: a report that ends reservations meanwhile then makes a figure too low, never too
        high. With `company`, an order counts as booked only where the supplied figures of that company were made after
        it was posted; without, none does. `taken` is exact: a counter under a row lock, less what the figure counts.
        """
        ...

    async def commitments(
        self, shop: str, skus: Sequence[str], locations: Sequence[str], limit: int
    ) -> list[Commitment]:
        """The lines behind `Demand.committed` of these SKUs at these places, the oldest first, so many at most.

        Read it before the demand: a line that is recorded in between is then believed unread, never the other way.
        """
        ...

    async def plan(self, figures: Sequence[Figure]) -> int:
        """Write targets. A target equal to the standing one is no change; returns how many changed.

        A changed one becomes due, its version grows, its `changed_at` stays the oldest that was not published. One
        that the channel shows already, because orders took as much there, counts as published and costs no call.
        """
        ...

    async def figures(
        self, shop: str, skus: Sequence[str] | None = None, state: FigureState | None = None, limit: int | None = None
    ) -> list[Figure]: ...

    async def claim_figures(self, shop: str, owner: str, limit: int, lease: timedelta) -> list[Figure]:
        """Lease figures that are due, urgent ones first, then the oldest; expired leases are taken over.

        A target was right when it was planned. Who writes it computes it again from demand and levels read after the
        claim, in that order: an order recorded in between has lowered it.
        """
        ...

    async def settle_figures(self, shop: str, owner: str, results: Sequence[FigureResult]) -> None:
        """End the leases; a newer target stays due. Raises `ConflictError` when one was lost; others are settled."""
        ...

    async def release_figures(
        self, shop: str, approval_id: int | None = None, skus: Sequence[str] | None = None
    ) -> int:
        """Withheld and failed figures are due again: those of an approval, or of these SKUs; how many."""
        ...

    async def figure_counts(self, shop: str) -> Mapping[FigureState, int]: ...

    async def oldest_due(self, shop: str) -> datetime | None:
        """The oldest source event that the channel does not show yet."""
        ...
