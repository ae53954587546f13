"""Looks over many figures at once, beside the book's own writes: for publication, its guard, the reconciliation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from canonical.inventory import Figure, Place
from canonical.ports.stock import StockBook


@dataclass(frozen=True, slots=True)
class PlaceTotals:
    """A location of a shop: SKUs it shows above zero and their units; of these, what is about to move.

    What is due and nobody has approved is about to move: a change that is claimed in parts is still one change.
    """

    skus: int = 0
    units: int = 0
    zeroing: int = 0
    moving: int = 0


class StockViews(Protocol):
    """What the state store can tell of all figures of a shop."""

    async def figures_at(self, shop: str, places: Sequence[Place]) -> list[Figure]:
        """The figures at these places; a place nobody shows anything at is left out."""
        ...

    async def doubt_figures(self, shop: str, places: Sequence[Place]) -> int:
        """What the channel shows there is not known any more: due again, and read before it is written; how many.

        A figure that somebody writes now is left alone, and one that waits for an approval goes on waiting.
        """
        ...

    async def publication_lags(self, shop: str, since: datetime) -> list[float]:
        """Seconds from the source's event to the channel's acknowledgement, of each figure shown since the moment."""
        ...

    async def place_totals(self, shop: str) -> Mapping[str, PlaceTotals]:
        """By the channel's location id."""
        ...

    async def withhold_due(self, shop: str, location_id: str, approval_id: int, words: str) -> int:
        """Withhold what is due at a location and nobody writes now, under one approval; how many."""
        ...

    async def withheld_under(self, shop: str) -> list[int]:
        """The approvals that figures of the shop wait for."""
        ...

    async def reword_withheld(self, shop: str, approval_id: int, words: str) -> int:
        """Say anew why the figures of an approval are withheld; how many."""
        ...

    async def run_out(self, shops: Sequence[str], since: datetime, until: datetime) -> list[tuple[str, str]]:
        """(shop, SKU) of open reservations whose time ran out in between: they take nothing any more."""
        ...


class StockDesk(StockBook, StockViews, Protocol):
    """Both."""
