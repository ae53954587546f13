"""Reconciliation: what the shop shows against what we published, with the cause of each difference where we know it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from canonical.inventory import ChannelLevel, Figure, FigureState, Place
from flows.handling.stock.snapshot import Snapshot, take_snapshot
from flows.runtime import Runtime

AT_ONCE = 2_000
IN_FLIGHT = timedelta(minutes=1)


class Cause(StrEnum):
    """Why the shop shows something else than the policy allows, in business words."""

    PENDING_ORDERS = "orders of the shop that nobody has read yet"
    IN_FLIGHT = "a publication is on its way"
    WITHHELD = "the figure is withheld"
    REFUSED = "the shop refused the figure"
    NEVER_PUBLISHED = "the figure was never published"
    NOT_STOCKED = "the shop does not stock the item at the location any more"
    EDITED = "somebody edited it in the shop, or another program did"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place that shows something else than it should."""

    figure: Figure
    shown: int | None
    expected: int | None
    cause: Cause
    words: str = ""

    @property
    def healable(self) -> bool:
        return self.cause not in (Cause.WITHHELD, Cause.IN_FLIGHT, Cause.PENDING_ORDERS)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One shop compared: figures, differences, and items the shop counts that we publish nothing for."""

    shop: str
    figures: int
    differences: tuple[Difference, ...]
    unpublished: int


async def compare(rt: Runtime, shop: str) -> Comparison:
    """Read all levels of the shop by its bulk read and compare. Writes nothing."""
    shown: dict[Place, ChannelLevel] = {}
    async for level in rt.stock_channels[shop].snapshot():
        shown[level.place] = level
    figures = await rt.stock_book.figures(shop)
    differences: list[Difference] = []
    for start in range(0, len(figures), AT_ONCE):
        part = figures[start : start + AT_ONCE]
        snapshot = await take_snapshot(rt, rt.landscape.shop(shop).company, {f.sku for f in part})
        found = (_compare(rt, snapshot, figure, shown.get(figure.place)) for figure in part)
        differences += [difference for difference in found if difference is not None]
    ours = {figure.place for figure in figures}
    unpublished = sum(place not in ours and level.tracked for place, level in shown.items())
    return Comparison(shop, len(figures), tuple(differences), unpublished)


def _compare(rt: Runtime, snapshot: Snapshot, figure: Figure, level: ChannelLevel | None) -> Difference | None:
    taken = snapshot.taken(figure.shop, figure.sku, figure.place.location_id)
    expected = None if figure.published is None else figure.published - int(taken)
    if level is None or level.available is None:
        return Difference(figure, None, expected, Cause.NOT_STOCKED)
    if level.available == expected:
        return _waiting(figure, level.available, expected)
    known = snapshot.committed(figure.shop, figure.sku, figure.place.location_id)
    unread = max(Decimal(0), level.committed - known)
    if expected is not None and unread and level.available == expected - int(unread):
        words = f"{unread:f} units"
        return Difference(figure, level.available, expected, Cause.PENDING_ORDERS, words)
    waiting = _waiting(figure, level.available, expected)
    if waiting is not None:
        return waiting
    recent = figure.published_at is not None and rt.now() - figure.published_at < IN_FLIGHT
    return Difference(figure, level.available, expected, Cause.IN_FLIGHT if recent else Cause.EDITED)


def _waiting(figure: Figure, shown: int, expected: int | None) -> Difference | None:
    """What we know ourselves is not shown: due, withheld, refused."""
    match figure.state:
        case FigureState.WITHHELD:
            return Difference(figure, shown, expected, Cause.WITHHELD, figure.reason or "")
        case FigureState.FAILED:
            return Difference(figure, shown, expected, Cause.REFUSED, figure.reason or "")
        case FigureState.DUE if shown != figure.target:
            cause = Cause.NEVER_PUBLISHED if figure.published is None else Cause.IN_FLIGHT
            return Difference(figure, shown, expected, cause)
    return None


async def heal(rt: Runtime, comparison: Comparison) -> int:
    """Have the differences published again, each read before it is written. Returns how many."""
    places = [d.figure.place for d in comparison.differences if d.healable]
    gone = [d.figure.sku for d in comparison.differences if d.cause is Cause.NOT_STOCKED]
    rt.stock_items.forget(comparison.shop, gone)
    return await rt.stock_book.doubt_figures(comparison.shop, places) if places else 0


def rows_of(comparison: Comparison, most: int = 1_000) -> Sequence[dict[str, object]]:
    """The differences as a table."""
    return [
        {
            "shop": comparison.shop,
            "sku": d.figure.sku,
            "item": d.figure.place.item_id,
            "location": d.figure.place.location_id,
            "shown": d.shown,
            "expected": d.expected,
            "target": d.figure.target,
            "cause": f"{d.cause}: {d.words}" if d.words else str(d.cause),
        }
        for d in comparison.differences[:most]
    ]
