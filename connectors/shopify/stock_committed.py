"""What orders still have committed, by line and location."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from canonical.ports.budget import Lane
from canonical.ports.stock import CommittedLine
from connectors.shopify.client import ShopifyClient
from connectors.shopify.reading import gid
from connectors.shopify.stock_reading import ITEMS_A_CALL, is_id, tail

_COMMITTED: Final = frozenset({"OPEN", "IN_PROGRESS", "ON_HOLD", "SCHEDULED"})
"""Fulfillment orders whose pieces still lie at the location; others have ended."""


async def committed_lines(client: ShopifyClient, order_ids: Sequence[str]) -> list[CommittedLine]:
    """One call for up to 250 orders, of the same cost however many.

    Of an order with more requests or lines than a page, the rest counts as nothing: a figure is too low then, never too
    high, until the order's fulfillment is read.
    """
    wanted = [order_id for order_id in dict.fromkeys(order_ids) if is_id(order_id)]
    found: list[CommittedLine] = []
    for start in range(0, len(wanted), ITEMS_A_CALL):
        ids = [gid("Order", order_id) for order_id in wanted[start : start + ITEMS_A_CALL]]
        answer = await client.call("committed_lines", {"ids": ids}, lane=Lane.INVENTORY)
        for node in answer.data.get("nodes") or ():
            found += _lines(node) if node else ()
    return found


def _lines(order: Mapping[str, Any]) -> Iterable[CommittedLine]:
    for request in order["fulfillmentOrders"]["nodes"]:
        location = request["assignedLocation"]["location"]
        if location is None or request["status"] not in _COMMITTED:
            continue
        for line in request["lineItems"]["nodes"]:
            if pieces := line["remainingQuantity"]:
                line_id, location_id = tail(line["lineItem"]["id"]), tail(location["id"])
                yield CommittedLine(tail(order["id"]), line_id, location_id, pieces)
