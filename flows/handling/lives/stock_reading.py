"""What a router may read: the stock that is free for the orders it is asked about."""

from collections.abc import Awaitable, Callable, Iterator, Sequence

from canonical.ids import aggregate_key
from canonical.order import Order
from canonical.routing import RoutingRequest
from canonical.rules.availability import ChannelPlace, stock_setup
from canonical.rules.routing import RoutingStock, held_by, routing_stock
from flows.runtime import Runtime


def stock_reader(rt: Runtime, company: str) -> Callable[[Sequence[RoutingRequest]], Awaitable[RoutingStock]]:
    """A reader for a router of this company; a fresh look each time."""

    async def read(requests: Sequence[RoutingRequest]) -> RoutingStock:
        return await _stock_for(rt, company, requests)

    return read


async def _stock_for(rt: Runtime, company: str, requests: Sequence[RoutingRequest]) -> RoutingStock:
    """Demand first, then levels: too low at worst, never too high. What the orders hold themselves is theirs."""
    shops = [shop.name for shop in rt.landscape.shops_of(company)]
    items = sorted({item for request in requests for line in request.lines for item, _ in line.takes})
    records = await rt.store.orders([aggregate_key(r.shop, "order", r.order_id) for r in requests])
    orders = [Order.model_validate_json(record.document) for record in records.values()]
    demand = await rt.stock_book.demand(shops, items, company)
    levels = await rt.stock_book.levels(company, items)
    rules = rt.house.routing.rules
    codes = sorted({*rules.location, *(level.location for level in levels)})
    setup = stock_setup(rt.landscape, company, list(_places(rt, shops, codes)), rt.policies)
    own = [one for order in orders for one in held_by(order, rt.mappings) if one.sku in items]
    return routing_stock(setup, levels, demand, own, keep_safety_stock=rules.policy.keep_safety_stock)


def _places(rt: Runtime, shops: Sequence[str], locations: Sequence[str]) -> Iterator[ChannelPlace]:
    for shop in shops:
        for location in locations:
            location_id = rt.mappings.channel_location(shop, location)
            if location_id is not None:
                yield ChannelPlace(shop=shop, location_id=location_id, location=location)
