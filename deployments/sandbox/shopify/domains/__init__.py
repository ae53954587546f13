"""What the stand-in implements, a module a domain. A new domain is a module with a `domain` and a line in `DOMAINS`."""

from deployments.sandbox.shopify.domains import (
    access,
    addresses,
    companies,
    customer_changes,
    customers,
    fulfillment_orders,
    locations,
    metafields,
    nodes,
    order_cancel,
    order_changes,
    order_create,
    order_records,
    orders,
    payments,
    products,
    shop,
    tags,
    webhook_subscriptions,
)

DOMAINS = (
    access.domain,
    addresses.domain,
    companies.domain,
    customer_changes.domain,
    customers.domain,
    fulfillment_orders.domain,
    locations.domain,
    metafields.domain,
    nodes.domain,
    order_cancel.domain,
    order_changes.domain,
    order_create.domain,
    order_records.domain,
    orders.domain,
    payments.domain,
    products.domain,
    shop.domain,
    tags.domain,
    webhook_subscriptions.domain,
)
# What a job does when it is due, by its kind.
WORK = {order_cancel.KIND: order_cancel.cancel}
