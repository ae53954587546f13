"""Where an item is sold: the places of a shop that take stock of it, and what one unit there takes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from canonical.errors import CrossdockError, MisconfiguredError, RetryableError
from canonical.inventory import ChannelItem, FigureState, Place
from canonical.ports import Mappings
from flows.handling.stock.papers import Offer, Parts
from flows.runtime import Runtime

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A SKU of a shop that is to be shown at a location, before its item there is known."""

    shop: str
    channel_sku: str
    parts: Parts
    location_id: str

    @property
    def sku(self) -> str:
        """How the figure is named: the ERP item, or the kit's own SKU where the shop sells several as one."""
        return self.parts[0][0] if len(self.parts) == 1 and self.parts[0][1] == _ONE else self.channel_sku


def wanted_of(rt: Runtime, shop: str, items: Iterable[str], locations: Iterable[str]) -> list[Wanted]:
    """Every place of the shop where stock of these ERP items shows. An unmapped location shows nothing."""
    mappings: Mappings = rt.mappings
    ids = {place: mappings.channel_location(shop, place) for place in sorted(set(locations))}
    shown = sorted({place for place in ids.values() if place is not None})
    found: dict[str, Parts] = {}
    for item in items:
        for sku in mappings.channel_skus(shop, item):
            parts = mappings.components(shop, sku, None)
            if parts:
                found[sku] = parts
    return [Wanted(shop, sku, parts, place) for sku, parts in sorted(found.items()) for place in shown]


def parts_of(mappings: Mappings, shop: str, sku: str) -> Parts:
    """What one unit of a figure's SKU takes: its components when it is a kit of the shop, else one of the item."""
    parts = mappings.components(shop, sku, None)
    return parts if parts and len(parts) > 1 else parts if parts and parts[0][1] != _ONE else ((sku, _ONE),)


Items = Mapping[tuple[str, str], tuple[ChannelItem, ...]]


async def items_of(rt: Runtime, wanted: Sequence[Wanted]) -> tuple[Items, CrossdockError | None]:
    """The channel's items of each (shop, channel SKU), from our figures where there are some: those need no call.

    A shop that is away leaves its unknown items out; the error says so, the other shops go on.
    """
    by_shop: dict[str, dict[str, Wanted]] = {}
    for want in wanted:
        by_shop.setdefault(want.shop, {})[want.channel_sku] = want
    found: dict[tuple[str, str], tuple[ChannelItem, ...]] = {}
    away: CrossdockError | None = None
    for shop, wants in by_shop.items():
        shown = await _shown(rt, shop, wants)
        found |= {(shop, sku): items for sku, items in shown.items()}
        try:
            asked = await rt.stock_items.find(shop, [sku for sku in wants if sku not in shown])
        except (RetryableError, MisconfiguredError) as error:
            away = error
        else:
            found |= {(shop, sku): items for sku, items in asked.items()}
    return found, away


async def _shown(rt: Runtime, shop: str, wants: Mapping[str, Wanted]) -> dict[str, tuple[ChannelItem, ...]]:
    """Channel SKUs with figures that stand well, where the figure's name stands for one SKU of the shop only."""
    names: dict[str, list[str]] = {}
    for sku, want in wants.items():
        names.setdefault(want.sku, []).append(sku)
    items: dict[str, dict[str, ChannelItem]] = {}
    for figure in await rt.stock_book.figures(shop, sorted(names)):
        if figure.state is not FigureState.FAILED and len(names[figure.sku]) == 1:
            item = ChannelItem(item_id=figure.place.item_id, sku=names[figure.sku][0])
            items.setdefault(names[figure.sku][0], {})[figure.place.item_id] = item
    return {sku: tuple(known.values()) for sku, known in items.items() if len(known) == 1}


def offer_of(want: Wanted, item: ChannelItem) -> Offer:
    return Offer(want.shop, want.sku, Place(item_id=item.item_id, location_id=want.location_id), want.parts)
