"""What to write at each place and what the channel must still show: from memory, or from what it shows now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from canonical.inventory import ChannelLevel, Figure, FigureResult, FigureState, Place
from canonical.states import MessageState
from flows.draining import ORDERS
from flows.handling.stock.committed import commitments_of, still_committed
from flows.handling.stock.computing import compute, snapshot_of
from flows.handling.stock.offers import parts_of
from flows.handling.stock.papers import Offer, PublishBatch
from flows.handling.stock.policy import allowed
from flows.handling.stock.siblings import siblings_of
from flows.handling.stock.snapshot import NOTHING, Snapshot, Unknown
from flows.runtime import Runtime

_UNREAD = (MessageState.READY, MessageState.CLAIMED, MessageState.QUARANTINED, MessageState.DEAD)


@dataclass(frozen=True, slots=True)
class Draft:
    """One write. `counted`: how much of what orders take it counts already (see `FigureResult.taken`).

    `ceiling` is what the policy allows at this moment. Not `stocked`: the item has to be activated at the location.
    """

    figure: Figure
    quantity: int
    expected: int | None
    counted: Decimal
    ceiling: int
    stocked: bool = True


async def drafts_from_memory(rt: Runtime, batch: PublishBatch) -> tuple[list[Draft], list[Figure]]:
    """What may be written without asking the channel, and the figures that must be read first.

    Read first: what was never published, what shares its stock with another item of the shop, and what would rise
    while unread orders wait in the inbox.
    """
    offers = [offer_at(rt, figure) for figure in batch.figures]
    snapshot, targets = await compute(rt, rt.landscape.shop(batch.shop).company, offers, NOTHING)
    unread = await orders_unread(rt, batch.shop)
    drafts: list[Draft] = []
    to_read: list[Figure] = []
    for figure, offer, found in zip(batch.figures, offers, targets, strict=True):
        target = found.quantity if found else 0
        taken = snapshot.taken(batch.shop, figure.sku, figure.place.location_id)
        expected = None if figure.published is None else figure.published - int(taken)
        if expected is None or (unread and target > expected) or not alone(rt, offer):
            to_read.append(figure)
        else:
            drafts.append(Draft(figure, target, expected, taken, target))
    return drafts, to_read


async def drafts_from_reading(
    rt: Runtime, batch: PublishBatch, figures: Sequence[Figure]
) -> tuple[list[Draft], list[FigureResult]]:
    """What to write after a look at the channel, with what unread orders took; and figures it cannot show.

    Demand is read before the channel is: an order that we read in between is then taken off twice, never not at all.
    """
    offers = [offer_at(rt, figure) for figure in figures]
    shared = await siblings_of(rt, offers)
    lines = await commitments_of(rt, [*offers, *shared])
    snapshot = await snapshot_of(rt, rt.landscape.shop(batch.shop).company, [*offers, *shared])
    shown = await _shown(rt, batch, [*offers, *shared])
    remembered = _remembered(rt, snapshot, figures, offers)
    committed = committed_at([*offers, *shared], shown)
    exact = {(shop, f.sku, place.location_id) for f in figures for shop, place in remembered if place == f.place}
    known = await still_committed(rt, batch, snapshot, committed, lines, exact)
    unknown = unread_units([*offers, *shared], shown, remembered, committed, known)
    targets = allowed(rt, snapshot, offers, unknown)
    drafts: list[Draft] = []
    refused: list[FigureResult] = []
    for figure, offer, found in zip(figures, offers, targets, strict=True):
        target = found.quantity if found else 0
        level = shown[batch.shop].get(figure.place)
        if level is not None and not level.tracked:
            refused.append(_not_tracked(figure))
            continue
        counted = snapshot.taken(batch.shop, figure.sku, figure.place.location_id)
        if offer.plain:
            counted += unknown.get((batch.shop, figure.sku, figure.place.location_id), Decimal(0))
        stocked = level is not None and level.available is not None
        drafts.append(Draft(figure, target, level.available if level else None, counted, target, stocked))
    return drafts, refused


def committed_at(
    offers: Sequence[Offer], shown: Mapping[str, Mapping[Place, ChannelLevel]]
) -> dict[tuple[str, str, str], Decimal]:
    """Base units of each item that the channel has committed at each location, by shop."""
    committed: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for offer in offers:
        level = shown.get(offer.shop, {}).get(offer.place)
        for item, quantity in offer.parts:
            committed[offer.shop, item, offer.place.location_id] += quantity * (level.committed if level else 0)
    return committed


def unread_units(
    offers: Sequence[Offer],
    shown: Mapping[str, Mapping[Place, ChannelLevel]],
    remembered: Mapping[tuple[str, Place], int],
    committed: Mapping[tuple[str, str, str], Decimal],
    known: Mapping[tuple[str, str, str], Decimal],
) -> Unknown:
    """Base units of each item at each location that unread orders took there, by shop.

    Told by two counts, of which the higher is believed. The channel has more committed than `known`, what it says of
    the orders we know. It shows less than what we published and orders took since: but somebody may have edited it.
    Then too little is shown, until the echo of the write differs and is looked into.
    """
    missing: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for offer in offers:
        level = shown.get(offer.shop, {}).get(offer.place)
        expected = remembered.get((offer.shop, offer.place))
        for item, _ in offer.parts:
            at = (offer.shop, item, offer.place.location_id)
            if level is not None and level.available is not None and expected is not None:
                missing[at] += Decimal(max(0, expected - level.available))
    return {
        at: max(Decimal(0), units - known.get(at, Decimal(0)), missing.get(at, Decimal(0)))
        for at, units in committed.items()
    }


def _remembered(
    rt: Runtime, snapshot: Snapshot, figures: Sequence[Figure], offers: Sequence[Offer]
) -> dict[tuple[str, Place], int]:
    """What each place should show by what we published; only where memory is exact."""
    return {
        (figure.shop, figure.place): figure.published
        - int(snapshot.taken(figure.shop, figure.sku, figure.place.location_id))
        for figure, offer in zip(figures, offers, strict=True)
        if figure.published is not None and alone(rt, offer)
    }


def offer_at(rt: Runtime, figure: Figure) -> Offer:
    return Offer(figure.shop, figure.sku, figure.place, parts_of(rt.mappings, figure.shop, figure.sku))


def alone(rt: Runtime, offer: Offer) -> bool:
    """Whether the place is the only one of its shop that sells the item, one by one: then memory is exact."""
    if not offer.plain:
        return False
    singles = [
        sku
        for sku in rt.mappings.channel_skus(offer.shop, offer.sku)
        if len(rt.mappings.components(offer.shop, sku, None) or ()) == 1
    ]
    return len(singles) <= 1


async def orders_unread(rt: Runtime, shop: str) -> bool:
    """Whether messages about orders of any shop of the company wait, or lie aside: what they took is not reserved."""
    shops = {one.name for one in rt.landscape.shops_of(rt.landscape.shop(shop).company)}
    return any(
        row.kind == ORDERS and row.scope in shops and row.state in _UNREAD and row.count
        for row in await rt.store.summary()
    )


async def _shown(rt: Runtime, batch: PublishBatch, offers: Sequence[Offer]) -> dict[str, Mapping[Place, ChannelLevel]]:
    places: dict[str, dict[Place, None]] = {batch.shop: {}}
    for offer in offers:
        places.setdefault(offer.shop, {})[offer.place] = None
    shown: dict[str, Mapping[Place, ChannelLevel]] = {}
    for shop, wanted in places.items():
        shown[shop] = await rt.stock_channels[shop].read_levels(list(wanted))
        batch.reads += 1
    return shown


def _not_tracked(figure: Figure) -> FigureResult:
    return FigureResult(
        place=figure.place,
        sku=figure.sku,
        version=figure.version,
        state=FigureState.WITHHELD,
        reason="the shop does not track stock of this item: switch tracking on there, then publish it again",
    )
