"""What the policy allows at a place: the availability rules over a snapshot."""

from collections.abc import Sequence
from decimal import Decimal

from canonical.inventory import Demand
from canonical.rules.availability import Available, ChannelPlace, Kit, StockSetup, available_to_sell, stock_setup
from flows.handling.stock.papers import Offer
from flows.handling.stock.snapshot import Snapshot, Unknown
from flows.runtime import Runtime


def allowed(rt: Runtime, snapshot: Snapshot, offers: Sequence[Offer], unknown: Unknown) -> list[Available | None]:
    """What may be sold at each place; None where no source tells of the item there.

    `unknown` is what orders took that nobody has read yet: it lowers the figure as any order does, caps and shares
    included.
    """
    if not offers:
        return []
    levels = [level for some in snapshot.levels.values() for level in some]
    hidden = [
        Demand(shop=shop, sku=item, location=location_id, reserved=units, committed=units, taken=Decimal(0))
        for (shop, item, location_id), units in unknown.items()
        if units
    ]
    demand = [*snapshot.demands.values(), *hidden]
    found = {
        (one.shop, one.sku, one.location_id): one
        for one in available_to_sell(
            setup_of(rt, snapshot, offers), levels, demand, rt.now(), {offer.sku for offer in offers}
        )
    }
    return [found.get((offer.shop, offer.sku, offer.place.location_id)) for offer in offers]


def setup_of(rt: Runtime, snapshot: Snapshot, offers: Sequence[Offer]) -> StockSetup:
    """The places of all shops of the company where these items are, and the kits among the offers."""
    canonical = sorted({level.location for some in snapshot.levels.values() for level in some})
    places = [
        ChannelPlace(shop=shop.name, location_id=location_id, location=location)
        for shop in rt.landscape.shops_of(snapshot.company)
        for location in canonical
        if (location_id := rt.mappings.channel_location(shop.name, location)) is not None
    ]
    kits = {(o.shop, o.sku): Kit(shop=o.shop, sku=o.sku, parts=o.parts) for o in offers if not o.plain}
    return stock_setup(rt.landscape, snapshot.company, places, rt.policies, list(kits.values()))
