"""Webhook topics: which we subscribe to, which carry a whole order, and which kind of inbox message each becomes."""

from typing import Final

CHANNEL: Final = "shopify"
ORDERS: Final = "orders"
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
"""What an order needs. Payments and fulfillments show in `orders/updated`, so their own topics would only double it."""

SUBSCRIBED: Final = (*ORDER_TOPICS, *STOCK_TOPICS)
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

_ABOUT_AN_ORDER: Final = frozenset({ORDERS, "refunds", "order_transactions"})


def kind_of(topic: str, shop: str) -> str:
    """The inbox kind: orders for all that is about one order's content, the shop's echo of stock, else the resource."""
    resource = topic.partition("/")[0]
    if resource == LEVELS:
        return f"stock-echo.{shop}"
    return ORDERS if resource in _ABOUT_AN_ORDER else resource
