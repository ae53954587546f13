"""Goods that came in may let an order leave that nobody could ship: it is placed again at once."""

from collections.abc import Collection

from canonical.order import Order
from canonical.records import CaseKind
from flows.handling.lives.messages import FULFILLMENT, LOOK, about_order
from flows.handling.reserving import items_of
from flows.runtime import Runtime

UNPLACED = "nobody_ships"
MOST = 1000


async def wake_unplaced(rt: Runtime, company: str, items: Collection[str]) -> int:
    """Have the orders of a company placed again that wait for one of these ERP items. Returns how many."""
    if not items or not rt.ships(company):
        return 0
    shops = {shop.name for shop in rt.landscape.shops_of(company)}
    cases = await rt.store.cases(kind=CaseKind.HELD, limit=MOST)
    waiting = [case.aggregate_key for case in cases if case.reason_code == UNPLACED and case.scope in shops]
    if not waiting:
        return 0
    wanted, now = set(items), rt.now()
    records = (await rt.store.orders(waiting)).values()
    concerned = [r for r in records if items_of(rt, Order.model_validate_json(r.document)) & wanted]
    looks = [
        about_order(record, LOOK, FULFILLMENT, f"goods/{now:%Y%m%d%H%M%S}", now, place=True) for record in concerned
    ]
    return sum(await rt.store.put(looks)) if looks else 0
