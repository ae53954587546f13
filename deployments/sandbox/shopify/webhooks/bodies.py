"""Topic -> body. A subscription to a topic that is not here is refused by nobody, but never fires."""

from collections.abc import Callable
from typing import Any

from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.webhooks import (
    catalogue_bodies,
    customer_bodies,
    fulfillment_order_bodies,
    order_bodies,
    return_bodies,
    shop_bodies,
)
from deployments.sandbox.shopify.webhooks.fulfillment_bodies import fulfillment_body
from deployments.sandbox.shopify.webhooks.refund_bodies import payment_body, refund_body
from deployments.sandbox.shopify.webhooks.rest import Source

Writer = Callable[[Record, Source], dict[str, Any]]

WRITERS: dict[str, Writer] = {
    **dict.fromkeys(
        (
            "orders/create",
            "orders/updated",
            "orders/paid",
            "orders/cancelled",
            "orders/fulfilled",
            "orders/partially_fulfilled",
        ),
        order_bodies.order_body,
    ),
    "orders/edited": order_bodies.edited_order_body,
    "orders/delete": order_bodies.deleted_order_body,
    "orders/risk_assessment_changed": order_bodies.risk_body,
    **dict.fromkeys(("customers/create", "customers/update"), customer_bodies.customer_body),
    **dict.fromkeys(("customers/enable", "customers/disable"), customer_bodies.customer_body),
    "customers/delete": customer_bodies.deleted_customer_body,
    **dict.fromkeys(("products/create", "products/update"), catalogue_bodies.product_body),
    "products/delete": catalogue_bodies.deleted_body,
    **dict.fromkeys(("inventory_items/create", "inventory_items/update"), catalogue_bodies.inventory_item_body),
    "inventory_items/delete": catalogue_bodies.deleted_item_body,
    **dict.fromkeys(("inventory_levels/connect", "inventory_levels/update"), catalogue_bodies.inventory_level_body),
    "inventory_levels/disconnect": catalogue_bodies.disconnected_level_body,
    **dict.fromkeys(
        ("locations/create", "locations/update", "locations/activate", "locations/deactivate"),
        catalogue_bodies.location_body,
    ),
    "locations/delete": catalogue_bodies.deleted_body,
    **dict.fromkeys(("fulfillments/create", "fulfillments/update"), fulfillment_body),
    **fulfillment_order_bodies.WRITERS,
    **return_bodies.WRITERS,
    "refunds/create": refund_body,
    "order_transactions/create": payment_body,
    "bulk_operations/finish": catalogue_bodies.bulk_operation_body,
    **dict.fromkeys(("app/uninstalled", "shop/update"), shop_bodies.shop_body),
}


def write_body(topic: str, record: Record, source: Source) -> dict[str, Any] | None:
    """The body of a webhook about a record; None when the stand-in has none for the topic."""
    writer = WRITERS.get(topic)
    return writer(record, source) if writer else None


def topic_of(enum_value: str) -> str:
    """The topic a subscription's enum value names: `ORDERS_CREATE` is `orders/create`.

    Topics are told apart by the resource they start with, for resources have underscores of their own.

    >>> topic_of("INVENTORY_LEVELS_UPDATE"), topic_of("ORDERS_PARTIALLY_FULFILLED")
    ('inventory_levels/update', 'orders/partially_fulfilled')
    """
    name = enum_value.lower()
    if "/" in name:
        return name
    known = next((topic for topic in WRITERS if topic.replace("/", "_") == name), None)
    return known or name.replace("_", "/", 1)
