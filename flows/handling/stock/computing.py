"""From positions and demand to figures: which places show an item, what the policy allows there, what changed.

offers -> snapshot -> policy -> gate "computed" -> plan
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from canonical.errors import CrossdockError
from canonical.inventory import ChannelItem, Figure, Place
from canonical.quality.stock_frames import figure_row
from canonical.rules.availability import Available
from flows.handling.stock.gates import stopped
from flows.handling.stock.offers import Wanted, items_of, offer_of, wanted_of
from flows.handling.stock.papers import Offer, Refused, StockBatch
from flows.handling.stock.policy import allowed
from flows.handling.stock.snapshot import NOTHING, Snapshot, Unknown, take_snapshot
from flows.runtime import Runtime

_ANY_SKU = "a SKU that no row names"
AT_ONCE = 2_000
"""SKUs of one computation: what a gate takes in one run."""


async def recompute(rt: Runtime, batch: StockBatch) -> int:
    """Compute the figures of the SKUs that changed and write their targets. Returns how many targets changed."""
    skus = sorted(batch.changed)
    for start in range(0, len(skus), AT_ONCE):
        part = {sku: batch.changed[sku] for sku in skus[start : start + AT_ONCE]}
        figures, refused, away = await figures_of(rt, batch.company, part)
        batch.refused += refused
        batch.away = batch.away or away
        batch.planned += await rt.stock_book.plan(figures) if figures else 0
        batch.settled |= {_subject(f.sku, f.place.location_id) for f in figures}
    return batch.planned


async def figures_of(
    rt: Runtime, company: str, changed: Mapping[str, datetime]
) -> tuple[list[Figure], list[Refused], CrossdockError | None]:
    """The figures of every shop of the company that these items make, and what the gate stopped.

    The error, where there is one: a shop is away that has to be asked for an item first.
    """
    wanted = await _wanted(rt, company, list(changed))
    items, away = await items_of(rt, wanted)
    found = [(want, items[want.shop, want.channel_sku]) for want in wanted if (want.shop, want.channel_sku) in items]
    offers = [offer_of(want, known[0]) for want, known in found if len(known) == 1]
    snapshot = await snapshot_of(rt, company, offers)
    targets = allowed(rt, snapshot, offers, NOTHING)
    by_place = {(o.shop, o.place): target for o, target in zip(offers, targets, strict=True) if target is not None}
    kept, refused = await _gate(rt, found, by_place)
    return [_figure(rt, offer, by_place[offer.shop, offer.place], changed) for offer in kept], refused, away


async def snapshot_of(rt: Runtime, company: str, offers: Sequence[Offer]) -> Snapshot:
    """What is known of everything these offers are made of."""
    items = {item for offer in offers for item, _ in offer.parts}
    return await take_snapshot(rt, company, items, [offer.sku for offer in offers if not offer.plain])


async def compute(
    rt: Runtime, company: str, offers: Sequence[Offer], unknown: Unknown
) -> tuple[Snapshot, list[Available | None]]:
    """What the policy allows at these places at this moment, when unread orders took `unknown`."""
    snapshot = await snapshot_of(rt, company, offers)
    return snapshot, allowed(rt, snapshot, offers, unknown)


async def _wanted(rt: Runtime, company: str, items: Sequence[str]) -> list[Wanted]:
    locations = {level.location for level in await rt.stock_book.levels(company, items)}
    wanted: list[Wanted] = []
    for shop in rt.landscape.shops_of(company):
        if shop.name in rt.stock_channels:
            wanted += wanted_of(rt, shop.name, items, locations)
    return wanted


async def _gate(
    rt: Runtime,
    found: Sequence[tuple[Wanted, tuple[ChannelItem, ...]]],
    targets: Mapping[tuple[str, Place], Available],
) -> tuple[list[Offer], list[Refused]]:
    """The offers that pass. What no shop sells is nobody's mistake: it is told by the reconciliation, not here."""
    judged = [(want, known) for want, known in found if _judged(rt, want, known, targets)]
    rows, labels = [], []
    for want, known in judged:
        offer = offer_of(want, known[0] if known else ChannelItem(item_id=f"no item {want.channel_sku}"))
        target = targets[offer.shop, offer.place].quantity if len(known) == 1 else 0
        words = tuple(_words(item) for item in known)
        rows.append(figure_row(offer.shop, offer.sku, offer.place, want.location_id, words, target))
        labels.append(f"figure of {offer.sku} at {want.location_id} of {want.shop}")
    bad: dict[int, CrossdockError] = dict(await stopped("computed", rows, labels))
    kept = [offer_of(want, known[0]) for i, (want, known) in enumerate(judged) if i not in bad and len(known) == 1]
    refused = [
        Refused(_subject(judged[i][0].sku, judged[i][0].location_id), judged[i][0].shop, labels[i], error)
        for i, error in bad.items()
    ]
    return kept, refused


def _judged(
    rt: Runtime, want: Wanted, known: tuple[ChannelItem, ...], targets: Mapping[tuple[str, Place], Available]
) -> bool:
    """Whether a figure should come out here: the item is in the shop and a source tells of it, or it ought to be."""
    if len(known) == 1:
        return (want.shop, offer_of(want, known[0]).place) in targets
    return bool(known) or named(rt, want)


def named(rt: Runtime, want: Wanted) -> bool:
    """Whether the mapping names this SKU: then the shop is expected to have it. A rule for any SKU names none."""
    return want.channel_sku != want.sku or rt.mappings.item(want.shop, _ANY_SKU, None) is None


def _figure(rt: Runtime, offer: Offer, found: Available, changed: Mapping[str, datetime]) -> Figure:
    """The window in which changes are collected begins with the change, not with what we have done about it since."""
    now = rt.now()
    at = min([now, *(changed[item] for item, _ in offer.parts if item in changed)])
    return Figure(
        shop=offer.shop,
        sku=offer.sku,
        place=offer.place,
        target=found.quantity,
        urgent=found.urgent,
        changed_at=at,
        not_before=now if found.urgent else max(now, at + timedelta(seconds=rt.settings.coalesce_seconds)),
    )


def _words(item: ChannelItem) -> str:
    return f"variant {item.variant_id or item.item_id}"


def _subject(sku: str, location_id: str) -> str:
    return f"{sku}@{location_id}"
