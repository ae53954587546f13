"""What the policy allows at a place: the availability rules over a snapshot, for each offer."""

from collections.abc import Sequence
from decimal import Decimal

from flows.handling.stock.papers import Offer
from flows.handling.stock.snapshot import Snapshot, Unknown
from flows.runtime import Runtime


def allowed(rt: Runtime, snapshot: Snapshot, offers: Sequence[Offer], unknown: Unknown) -> list[int]:
    """Whole units that may be sold at each place; `unknown` is what orders took that nobody has read yet."""
    return [_allowed(rt, snapshot, offer, unknown) for offer in offers]


def _allowed(rt: Runtime, snapshot: Snapshot, offer: Offer, unknown: Unknown) -> int:
    counts = []
    for item, quantity in offer.parts:
        units = Decimal(0)
        for level in snapshot.levels.get(item, ()):
            if rt.mappings.channel_location(offer.shop, level.location) == offer.place.location_id:
                units += level.on_hand - level.allocated - level.quality_hold - level.safety_stock
        canonical = rt.mappings.location(offer.shop, offer.place.location_id, None)
        for demand in snapshot.demand_of(item):
            if demand.location is None or rt.mappings.location(demand.shop, demand.location, None) == canonical:
                units -= demand.reserved
        units -= unknown.get((item, canonical or ""), Decimal(0))
        counts.append(int(max(units, Decimal(0)) // quantity))
    return min(counts)
