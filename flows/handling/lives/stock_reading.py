"""What a router may read: the stock that is free for the orders it is asked about."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from canonical.ids import aggregate_key
from canonical.landscape import Landscape
from canonical.order import Order
from canonical.ports import Mappings
from canonical.ports.stock_views import StockDesk
from canonical.routing import RoutingRequest
from canonical.rules.availability import ChannelPlace, stock_setup
from canonical.rules.policies import Policies
from canonical.rules.routing import RoutingRules, RoutingStock, held_by, routing_stock
from flows.runtime import Runtime


@dataclass(frozen=True)
class RoutingSight:
    """Where stock for routing is read, and by which rules: those that hold at the moment of the look."""

    landscape: Landscape
    desk: StockDesk
    mappings: Mappings
    policies: Policies
    rules: RoutingRules

    async def free_for(self, requests: Sequence[RoutingRequest], orders: Sequence[Order], company: str) -> RoutingStock:
        """Demand first, then levels: too low at worst, never too high. What `orders` hold themselves is theirs."""
        shops = [shop.name for shop in self.landscape.shops_of(company)]
        items = sorted({item for request in requests for line in request.lines for item, _ in line.takes})
        demand = await self.desk.demand(shops, items, company)
        levels = await self.desk.levels(company, items)
        codes = sorted({*self.rules.location, *(level.location for level in levels)})
        setup = stock_setup(self.landscape, company, list(self._places(shops, codes)), self.policies)
        own = [one for order in orders for one in held_by(order, self.mappings) if one.sku in items]
        return routing_stock(setup, levels, demand, own, keep_safety_stock=self.rules.policy.keep_safety_stock)

    def _places(self, shops: Sequence[str], locations: Sequence[str]) -> Iterator[ChannelPlace]:
        for shop in shops:
            for location in locations:
                location_id = self.mappings.channel_location(shop, location)
                if location_id is not None:
                    yield ChannelPlace(shop=shop, location_id=location_id, location=location)


def stock_reader(rt: Runtime, company: str) -> Callable[[Sequence[RoutingRequest]], Awaitable[RoutingStock]]:
    """A reader for a router of this company; a fresh look each time."""

    async def read(requests: Sequence[RoutingRequest]) -> RoutingStock:
        records = await rt.store.orders([aggregate_key(r.shop, "order", r.order_id) for r in requests])
        orders = [Order.model_validate_json(record.document) for record in records.values()]
        sight = RoutingSight(rt.landscape, rt.stock_book, rt.mappings, rt.policies, rt.house.routing.rules)
        return await sight.free_for(requests, orders, company)

    return read
