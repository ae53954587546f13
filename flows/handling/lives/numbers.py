"""Tracking numbers belong to the order that had them first: another order's parcel is not shown under them."""

from collections.abc import Collection, Sequence
from typing import Final

from canonical.landscape import EVERY_SHOP
from canonical.life import OrderLife
from canonical.records import CrossReference
from canonical.rules.lifecycle.tracking import normal_number, tracking_mark
from flows.handling.lives.keeping import LifeDrafts
from flows.handling.lives.papers import LifePaper
from flows.runtime import Runtime

REFERENCE: Final = "tracking"


async def claim_numbers(rt: Runtime, owner: str, papers: Sequence[LifePaper]) -> None:
    """Note in each paper which of its numbers is another order's. A look-up for all; a write for new numbers only.

    A number that the other order has no more (it was corrected) is nobody else's. So that this can be told, a life is
    kept before its numbers are claimed. Raises `ConflictError` when a life moved on.
    """
    asked = [(paper, number) for paper in papers for number in _new_numbers(paper)]
    if not asked:
        return
    telling = {paper.aggregate_key: paper for paper, _ in asked}
    await LifeDrafts(rt, owner).commit([paper for paper in telling.values() if paper.dirty])
    standing = await rt.store.claimed([_reference(paper, number) for paper, number in asked])
    had = [(paper, number, _owner_of(one)) for (paper, number), one in zip(asked, standing, strict=True)]
    lives = await _lives(rt, {other for paper, _, other in had if other != paper.aggregate_key})
    for paper, number, other in had:
        life = lives.get(other) if other != paper.aggregate_key else None
        paper.numbers[number] = life.order_name if life is not None and number in _numbers(life) else None


async def _lives(rt: Runtime, keys: Collection[str]) -> dict[str, OrderLife]:
    kept = await rt.store.lives(sorted(keys)) if keys else {}
    return {key: OrderLife.model_validate_json(record.document) for key, record in kept.items()}


def _new_numbers(paper: LifePaper) -> set[str]:
    """Numbers not asked about yet. What the shop shows already is asked about with the news of its order only."""
    life = paper.life
    if life is None:
        return set()
    wanted = _numbers(life) if paper.dirty else _numbers(life, unshown=True)
    return wanted - paper.numbers.keys()


def _numbers(life: OrderLife, *, unshown: bool = False) -> set[str]:
    return {
        normal_number(parcel.tracking_number)
        for shipment in life.shipments
        for parcel in shipment.parcels
        if parcel.tracking_number
        and not shipment.cancelled
        and not (unshown and shipment.shown.get(parcel.id) == tracking_mark(parcel))
    }


def _reference(paper: LifePaper, number: str) -> CrossReference:
    return CrossReference(
        scope=EVERY_SHOP,
        kind=REFERENCE,
        left_system="carrier",
        left_id=number,
        right_system="crossdock",
        right_id=f"{paper.aggregate_key}/{number}",
        label=paper.label,
    )


def _owner_of(reference: CrossReference) -> str:
    """The order that has it."""
    return reference.right_id.removesuffix(f"/{reference.left_id}")
