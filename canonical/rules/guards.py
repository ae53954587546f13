"""Guards over a whole batch: what is right line by line may still be wrong as a whole.

An empty export of a warehouse zeroes a shop; a price list in cents multiplies every price. Each guard answers with
words and figures, or with nothing. What it stops waits for an approval of exactly that content (`Finding.digest`).

Limits are data, per shop (`GuardLimits` in the landscape). Shares count what went out earlier in the window, so that a
change in many small batches is seen as well.
"""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, NamedTuple

from pydantic import Field

from canonical.ids import digest
from canonical.model import Code, Exact, Model, Text

Percent = Annotated[Exact, Field(ge=0, le=100)]
_MOST_NAMED = 5


class GuardLimits(Model):
    """When a batch stops, for one shop. A share (percent) must be beyond its limit, in at least `least` changes."""

    to_zero_percent: Percent = Decimal(20)
    units_percent: Percent = Decimal(50)
    archive_percent: Percent = Decimal(10)
    price_jump_percent: Annotated[Exact, Field(gt=0)] = Decimal(30)
    least: int = Field(default=10, ge=1)
    window_minutes: int = Field(default=60, ge=1, le=1440)


class StockMove(NamedTuple):
    """What a location shows of a SKU, before and after, in whole units. Never shown before counts as 0."""

    sku: str
    before: int
    after: int


class Shown(NamedTuple):
    """A location before the window: SKUs with something to sell, and their units; what the window has done already."""

    skus: int
    units: int
    zeroed: int = 0
    moved: int = 0


class PriceMove(NamedTuple):
    """A price before and after. No price before: nothing to compare with."""

    sku: str
    before: Decimal | None
    after: Decimal


class Finding(Model):
    """Why a batch waits: `words` for people, `figures` for the form, `skus` that are concerned, in order.

    `digest` is of exactly what would be done.
    """

    kind: Code  # mass_change, price_jump, mass_archive
    subject: Code
    words: Text
    figures: dict[str, str]
    skus: tuple[str, ...]
    digest: Code


def mass_change(place: str, moves: Sequence[StockMove], shown: Shown, limits: GuardLimits) -> Finding | None:
    """Whether too many SKUs of a location go to zero, or too many of its units move. Zeroes are looked at first.

    >>> moves = [StockMove(f"S{n}", 5, 0) for n in range(12)]
    >>> mass_change("DC-EAST", moves, Shown(skus=40, units=200), GuardLimits()).words
    '12 of 40 SKUs at DC-EAST would go to zero (30.0 %, the limit is 20 %): S0, S1, S10, S11, S2 and 7 more'
    >>> mass_change("DC-EAST", moves[:8], Shown(skus=40, units=200), GuardLimits()) is None
    True
    """
    return _to_zero(place, moves, shown, limits) or _units_moved(place, moves, shown, limits)


def _to_zero(place: str, moves: Sequence[StockMove], shown: Shown, limits: GuardLimits) -> Finding | None:
    emptied = sorted(move.sku for move in moves if move.before > 0 >= move.after)
    count = shown.zeroed + len(emptied)
    if not emptied or count < limits.least or not _beyond(count, shown.skus, limits.to_zero_percent):
        return None
    share = _share(count, shown.skus)
    words = (
        f"{count} of {shown.skus} SKUs at {place} would go to zero ({share}, the limit is {limits.to_zero_percent} %)"
    )
    figures = {"SKUs to zero": str(count), "SKUs with stock": str(shown.skus), "share": share}
    return _finding("mass_change", place, f"{words}: {_named(emptied)}", figures, [(sku, 0) for sku in emptied])


def _units_moved(place: str, moves: Sequence[StockMove], shown: Shown, limits: GuardLimits) -> Finding | None:
    changed = sorted(move for move in moves if move.before != move.after)
    units = shown.moved + sum(abs(move.after - move.before) for move in changed)
    if len(changed) < limits.least or not _beyond(units, shown.units, limits.units_percent):
        return None
    share = _share(units, shown.units)
    words = (
        f"{units} units of {len(changed)} SKUs at {place} would move, {shown.units} are shown "
        f"({share}, the limit is {limits.units_percent} %)"
    )
    figures = {"units moved": str(units), "units shown": str(shown.units), "share": share}
    content = [(move.sku, move.after) for move in changed]
    return _finding("mass_change", place, f"{words}: {_named(sku for sku, _ in content)}", figures, content)


def price_jump(product: str, moves: Sequence[PriceMove], limits: GuardLimits) -> Finding | None:
    """Whether a price of a product moves further from the last one than the band allows.

    >>> moves = [PriceMove("S1", Decimal("10.00"), Decimal("25.00")), PriceMove("S2", Decimal("9"), Decimal("10"))]
    >>> price_jump("Lamp", moves, GuardLimits()).words
    'the price of S1 would go from 10.00 to 25.00 (+150.0 %, the band is 30 %)'
    >>> price_jump("Lamp", [PriceMove("S1", None, Decimal("25.00"))], GuardLimits()) is None
    True
    """
    jumps = [(move, change) for move in sorted(moves) if (change := _change(move)) is not None]
    jumps = [(move, change) for move, change in jumps if abs(change) > limits.price_jump_percent]
    if not jumps:
        return None
    move, change = max(jumps, key=lambda jump: abs(jump[1]))
    more = f"; {len(jumps) - 1} more of it" if len(jumps) > 1 else ""
    by = f"{change.quantize(Decimal('0.1'), ROUND_HALF_UP):+}"
    words = (
        f"the price of {move.sku} would go from {move.before} to {move.after} "
        f"({by} %, the band is {limits.price_jump_percent} %){more}"
    )
    figures = {m.sku: f"{m.before} to {m.after}" for m, _ in jumps}
    return _finding("price_jump", product, words, figures, [(m.sku, str(m.after)) for m, _ in jumps])


def _change(move: PriceMove) -> Decimal | None:
    """By how many percent; None without a price before."""
    if move.before is None or move.before <= 0:
        return None
    return (move.after - move.before) * 100 / move.before


def mass_archive(
    shop: str, archived: Iterable[str], active: int, limits: GuardLimits, *, already: int = 0
) -> Finding | None:
    """Whether too many of a shop's active products would be archived or unpublished.

    `active` is their number before the window, `already` what the window archived before this batch.

    >>> mass_archive("north", [f"P{n}" for n in range(30)], 90, GuardLimits()).words
    '30 of 90 active products of north would be archived (33.3 %, the limit is 10 %): P0, P1, P10, P11, P12 and 25 more'
    """
    gone = sorted(set(archived))
    count = already + len(gone)
    if not gone or count < limits.least or not _beyond(count, active, limits.archive_percent):
        return None
    share = _share(count, active)
    words = (
        f"{count} of {active} active products of {shop} would be archived "
        f"({share}, the limit is {limits.archive_percent} %): {_named(gone)}"
    )
    figures = {"archived": str(count), "active": str(active), "share": share}
    return _finding("mass_archive", shop, words, figures, [(product, "archived") for product in gone])


def _finding(
    kind: str, subject: str, words: str, figures: dict[str, str], content: Sequence[tuple[str, int | str]]
) -> Finding:
    return Finding(
        kind=kind,
        subject=subject,
        words=words,
        figures=figures,
        skus=tuple(sku for sku, _ in content),
        digest=digest([kind, subject, [list(one) for one in content]]),
    )


def _beyond(part: int, whole: int, percent: Decimal) -> bool:
    """Exact: no rounding decides. Where there was nothing before there is no share to exceed."""
    return whole > 0 and part * 100 > percent * whole


def _share(part: int, whole: int) -> str:
    return f"{(Decimal(part) * 100 / whole).quantize(Decimal('0.1'), ROUND_HALF_UP)} %"


def _named(skus: Iterable[str]) -> str:
    names = list(skus)
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
