"""Places that take stock of the same items: what unread orders took there is missing here, too."""

from collections.abc import Sequence

from canonical.inventory import Figure
from flows.handling.stock.offers import parts_of
from flows.handling.stock.papers import Offer
from flows.runtime import Runtime


async def siblings_of(rt: Runtime, offers: Sequence[Offer]) -> list[Offer]:
    """Other places, of all shops of the company, that share an item and the canonical location with one of these."""
    own = {(o.shop, o.place) for o in offers}
    wanted: dict[str, dict[str, set[str]]] = {}
    for offer in offers:
        canonical = rt.mappings.location(offer.shop, offer.place.location_id, None)
        for shop in rt.landscape.shops_of(rt.landscape.shop(offer.shop).company):
            if shop.name not in rt.stock_channels:
                continue
            place = rt.mappings.channel_location(shop.name, canonical) if canonical else None
            if place is None:
                continue
            for item, _ in offer.parts:
                for sku in _figures_with(rt, shop.name, item):
                    if (shop.name, sku) != (offer.shop, offer.sku) or offer.shop != shop.name:
                        wanted.setdefault(shop.name, {}).setdefault(sku, set()).add(place)
    found: list[Offer] = []
    for name, skus in wanted.items():
        shown = await rt.stock_book.figures(name, sorted(skus))
        found += [_offer(rt, f) for f in shown if f.place.location_id in skus[f.sku] and (name, f.place) not in own]
    return found


def _figures_with(rt: Runtime, shop: str, item: str) -> set[str]:
    """The SKUs of figures of a shop that take stock of the item."""
    found = set()
    for sku in rt.mappings.channel_skus(shop, item):
        parts = rt.mappings.components(shop, sku, None) or ()
        found.add(item if len(parts) == 1 and parts[0][1] == 1 else sku)
    return found


def _offer(rt: Runtime, figure: Figure) -> Offer:
    return Offer(figure.shop, figure.sku, figure.place, parts_of(rt.mappings, figure.shop, figure.sku))
