"""The stock side of the store: `canonical.ports.StockBook` over SQLite or PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from canonical.errors import ConflictError
from canonical.inventory import Demand, Figure, FigureResult, FigureState, InventoryLevel, StockReport
from canonical.ports.stock import Commitment, RecordedStock
from connectors.statestore import commitments, stock
from connectors.statestore import demand as demands
from connectors.statestore import figures as figure_rows
from connectors.statestore.database import Database
from connectors.statestore.groups import in_groups

_AT_ONCE: Final = 2_500
"""Figures of one transaction: a longer one would keep the inbox of SQLite waiting for more than a blink."""


class SqlStockBook:
    """Positions, demand, figures. `SqlStateStore` is one."""

    _database: Database

    async def record(self, report: StockReport, seen_at: datetime) -> RecordedStock:
        """Write the levels that are newer and end the reservations they count, in one transaction. Twice is once."""
        return await self._database.write(lambda c: stock.record(c, report, seen_at))

    async def levels(self, company: str, skus: Sequence[str] | None = None) -> list[InventoryLevel]:
        """The positions of a company, or of these SKUs."""
        return await self._database.read(lambda c: stock.levels(c, company, skus))

    async def level_columns(self, company: str) -> Mapping[str, Sequence[object]]:
        """All positions of a company, a list for each column, for a full recompute."""
        return await self._database.read(lambda c: stock.level_columns(c, company))

    async def demand(
        self, shops: Sequence[str], skus: Sequence[str] | None = None, company: str | None = None
    ) -> list[Demand]:
        """What orders take. Reservations that have run out take nothing."""
        now = datetime.now(UTC)
        return await self._database.read(lambda c: demands.demand(c, shops, skus, company, now))

    async def commitments(
        self, shop: str, skus: Sequence[str], locations: Sequence[str], limit: int
    ) -> list[Commitment]:
        """The lines behind `Demand.committed` at these places, the oldest first, so many at most."""
        return await self._database.read(lambda c: commitments.commitments(c, shop, skus, locations, limit))

    async def plan(self, figures: Sequence[Figure]) -> int:
        """Write targets; how many were new. Each figure by itself: a long list is several transactions."""
        ordered = sorted(figures, key=lambda f: (f.shop, f.place.item_id, f.place.location_id))
        changed = 0
        for group in in_groups(ordered, _AT_ONCE):
            changed += await self._database.write(lambda c, group=group: figure_rows.plan(c, group))  # type: ignore[misc]
        return changed

    async def figures(
        self, shop: str, skus: Sequence[str] | None = None, state: FigureState | None = None, limit: int | None = None
    ) -> list[Figure]:
        """The figures of a shop, sorted by SKU and place."""
        return await self._database.read(lambda c: figure_rows.find(c, shop, skus, state, limit))

    async def claim_figures(self, shop: str, owner: str, limit: int, lease: timedelta) -> list[Figure]:
        """Lease figures that are due, urgent ones first, then the oldest; expired leases are taken over."""
        return await self._database.write(lambda c: figure_rows.claim(c, shop, owner, limit, lease))

    async def settle_figures(self, shop: str, owner: str, results: Sequence[FigureResult]) -> None:
        """End the leases. Raises `ConflictError` when one was lost; what this owner still held is settled then."""
        lost = await self._database.write(lambda c: figure_rows.settle(c, shop, owner, results))
        if lost:
            raise ConflictError(
                f"{len(lost)} of {len(results)} figures are no longer leased by this worker",
                code="lease_lost",
                document=f"item {lost[0].item_id} at location {lost[0].location_id}",
                way_out="Drop those: another worker writes them, comparing with what the channel shows.",
            )

    async def release_figures(
        self, shop: str, approval_id: int | None = None, skus: Sequence[str] | None = None
    ) -> int:
        """Let withheld and failed figures go: those of an approval, or of these SKUs; how many."""
        return await self._database.write(lambda c: figure_rows.release(c, shop, approval_id, skus))

    async def figure_counts(self, shop: str) -> Mapping[FigureState, int]:
        """How many figures are in each state."""
        return await self._database.read(lambda c: figure_rows.counts(c, shop))

    async def oldest_due(self, shop: str) -> datetime | None:
        """The oldest source event that the channel does not show yet."""
        return await self._database.read(lambda c: figure_rows.oldest_due(c, shop))
