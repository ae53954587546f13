"""Goods that came back to a warehouse: to the order they belong to, by return, by order name, or by hand."""

from typing import Final

from canonical.errors import RejectedError
from canonical.records import Message
from canonical.rules.lifecycle.returns import hear_goods_back
from canonical.warehouse import WarehouseEvent, WarehouseEventKind
from flows.handling.lives.messages import RETURNS, handed_on
from flows.handling.lives.papers import LifePaper
from flows.handling.own_messages import CHANNEL
from flows.runtime import Runtime

GOODS_BACK: Final = frozenset({WarehouseEventKind.RETURN_RECEIVED, WarehouseEventKind.RETURN_INSPECTED})
REFERENCE: Final = "return"


async def hear_back(rt: Runtime, paper: LifePaper, message: Message, event: WarehouseEvent) -> None:
    """Fold it in when this is the order, else hand it on. Raises `RejectedError` when nobody knows whose it is."""
    if paper.life is not None and message.kind == RETURNS:
        paper.take(hear_goods_back(paper.life, event))
        return
    shop, order_id = await _order_of(rt, message, event)
    paper.forwards.append(handed_on(message, shop, order_id, RETURNS))


async def _order_of(rt: Runtime, message: Message, event: WarehouseEvent) -> tuple[str, str]:
    """(shop, order id) of returned goods."""
    shops = _shops(rt, message.scope)
    if event.return_id is not None:
        for shop in shops:
            channel = rt.landscape.shop(shop).channel
            reference = await rt.store.reference(shop, REFERENCE, channel, event.return_id)
            if reference is not None:
                return shop, reference.right_id.partition("/")[0]
    if event.order_name is not None:
        found = [
            r for shop in shops for r in await rt.store.find_orders(event.order_name, shop) if _named(r.name, event)
        ]
        if len(found) == 1:
            return found[0].scope, found[0].order_id
    raise RejectedError(
        f"goods came back to {event.location}, and nothing says of which order: "
        f"return {event.return_id or 'not named'}, order {event.order_name or 'not named'}",
        code="return_unknown",
        document=message.delivery_key,
        field="return_id",
        way_out="Find the order by what is in the parcel, then tell it again with the order's name or the return.",
    )


def _named(name: str, event: WarehouseEvent) -> bool:
    return name.lstrip("#") == (event.order_name or "").lstrip("#")


def _shops(rt: Runtime, scope: str) -> list[str]:
    """The shops that may be meant: the one named, or those of the company."""
    if scope in rt.channels:
        return [scope]
    return [shop.name for shop in rt.landscape.shops_of(scope)] or list(rt.channels)


def return_reference(order_id: str, return_id: str) -> tuple[str, str]:
    """The right side of the reference of a return: unique for each return."""
    return CHANNEL, f"{order_id}/{return_id}"
