"""What lets a life go on at once: goods that came in for an order nobody could ship, a bell for what others drain."""

from collections.abc import Collection

from canonical.order import Order
from canonical.records import CaseKind
from flows.handling.claims import Ring
from flows.handling.lives.messages import FULFILLMENT, LOOK, RETURNS, WAREHOUSE, about_order
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


async def ring_for_rest(rt: Runtime, ring: Ring, kinds: Collection[str]) -> None:
    """Ring for what waits of the kinds that this run does not drain.

    A sweep and a look by hand put messages about an order for each of its flows, whichever of them was started.
    """
    for kind in (FULFILLMENT, WAREHOUSE, RETURNS):
        if kind not in kinds and await rt.store.pending(kind):
            await ring(kind)
