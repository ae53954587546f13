"""Webhook topics: which we subscribe to, which carry a whole order, and which kind of inbox message each becomes."""

from typing import Final

CHANNEL: Final = "shopify"
ORDERS: Final = "orders"
FULFILLMENT: Final = "fulfillment"
RETURNS: Final = "returns"
LEVELS: Final = "inventory_levels"
POLLED: Final = "orders/polled"
"""Our own topic: a poll or a search found the order. The body points at it; it is read by id."""

LEVEL_GONE: Final = "inventory_levels/disconnect"
STOCK_TOPICS: Final = ("inventory_levels/update", "inventory_levels/connect", LEVEL_GONE)
"""What a shop says of its stock; our own writes come back this way, too."""

ORDER_TOPICS: Final = (
    "orders/create",
    "orders/updated",
    "orders/edited",
    "orders/paid",
    "orders/cancelled",
    "orders/delete",
    "orders/risk_assessment_changed",
    "refunds/create",
)
"""What an order needs. Payments show in `orders/updated`, so their own topics would only double it."""

FULFILLMENT_TOPICS: Final = (
    "fulfillments/create",
    "fulfillments/update",
    "fulfillment_orders/moved",
    "fulfillment_orders/split",
    "fulfillment_orders/merged",
    "fulfillment_orders/cancelled",
    "fulfillment_orders/rescheduled",
    "fulfillment_orders/scheduled_fulfillment_order_ready",
    "fulfillment_orders/placed_on_hold",
    "fulfillment_orders/hold_released",
)
"""What becomes of an order on its way out: who ships it from where, what has left, what must wait.

Not how Shopify routed it (`order_routing_complete`): every order is read once it is complete. Not what is asked of
fulfillment services: we are none."""

RETURN_TOPICS: Final = (
    "returns/request",
    "returns/approve",
    "returns/decline",
    "returns/cancel",
    "returns/close",
    "returns/reopen",
    "returns/update",
    "returns/process",
    "reverse_deliveries/attach_deliverable",
)
"""What comes back. `reverse_fulfillment_orders/dispose` names neither order nor return: the poll finds it."""

SUBSCRIBED: Final = (*ORDER_TOPICS, *FULFILLMENT_TOPICS, *RETURN_TOPICS, *STOCK_TOPICS)
"""What a shop is subscribed to, unless its settings say otherwise."""

WHOLE_ORDER: Final = frozenset(
    {
        "orders/create",
        "orders/updated",
        "orders/paid",
        "orders/cancelled",
        "orders/fulfilled",
        "orders/partially_fulfilled",
    }
)
"""Topics whose body is the order itself. All others that are about an order make us read it by id."""

_KINDS: Final = {
    "orders": ORDERS,
    "refunds": ORDERS,
    "order_transactions": ORDERS,
    "fulfillments": FULFILLMENT,
    "fulfillment_orders": FULFILLMENT,
    "fulfillment_holds": FULFILLMENT,
    "fulfillment_events": FULFILLMENT,
    "returns": RETURNS,
    "reverse_deliveries": RETURNS,
    "reverse_fulfillment_orders": RETURNS,
}


def kind_of(topic: str, shop: str) -> str:
    """The inbox kind: an order's content, its way out, what comes back, the shop's echo of stock; else the resource."""
    resource = topic.partition("/")[0]
    if resource == LEVELS:
        return f"stock-echo.{shop}"
    return _KINDS.get(resource, resource)
