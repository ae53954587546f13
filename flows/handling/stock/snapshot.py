"""What is known of some items at one moment: demand first, then positions.

In this order on purpose. A report that comes in between ends reservations and writes the levels that count them: the
order is then taken off twice, and the figure is too low for a moment. The other way round it would be too high.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from canonical.inventory import Demand, InventoryLevel
from flows.runtime import Runtime

Unknown = Mapping[tuple[str, str, str], Decimal]
"""Base units of an item that unread orders took: by (shop, ERP item, channel location id)."""
NOTHING: Unknown = {}


@dataclass(slots=True)
class Snapshot:
    """Levels and demand of a company's items. `demands` by (shop, SKU, the channel's location id or None)."""

    company: str
    levels: dict[str, list[InventoryLevel]] = field(default_factory=lambda: defaultdict(list))
    demands: dict[tuple[str, str, str | None], Demand] = field(default_factory=dict)

    def taken(self, shop: str, sku: str, location_id: str) -> Decimal:
        """What orders took of a figure since it was written."""
        return self._of(shop, sku, location_id).taken

    def committed(self, shop: str, sku: str, location_id: str) -> Decimal:
        """What orders we know of the channel counts as committed there."""
        return self._of(shop, sku, location_id).committed

    def _of(self, shop: str, sku: str, location_id: str) -> Demand:
        known = self.demands.get((shop, sku, location_id))
        return known if known is not None else Demand(shop=shop, sku=sku, location=location_id)


async def take_snapshot(rt: Runtime, company: str, items: Iterable[str], figures: Sequence[str] = ()) -> Snapshot:
    """Read what is known of these ERP items; `figures` are SKUs of kits, which have demand but no positions."""
    skus = sorted(set(items))
    snapshot = Snapshot(company)
    shops = [shop.name for shop in rt.landscape.shops_of(company)]
    for demand in await rt.stock_book.demand(shops, sorted({*skus, *figures}), company):
        snapshot.demands[demand.shop, demand.sku, demand.location] = demand
    for level in await rt.stock_book.levels(company, skus):
        snapshot.levels[level.sku].append(level)
    return snapshot
