"""Bodies of fulfillments/*: what shipped, and its tracking."""

from typing import Any

from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.webhooks.customer_bodies import address_body
from deployments.sandbox.shopify.webhooks.line_bodies import sold_item
from deployments.sandbox.shopify.webhooks.rest import Source, each, lower, number

Body = dict[str, Any]


def fulfillment_body(record: Record, source: Source) -> Body:
    """fulfillments/create and update; also inside an order."""
    order = source.find(record.get("order")) or {}
    tracking = record.get("trackingInfo") or []
    address = order.get("shippingAddress")
    return {
        "id": number(record),
        "order_id": number(order),
        "status": lower(record.get("status")),
        "created_at": source.time(record.get("createdAt")),
        "service": (record.get("service") or {}).get("handle"),
        "updated_at": source.time(record.get("updatedAt")),
        "tracking_company": next((one.get("company") for one in tracking), None),
        "shipment_status": lower(record.get("displayStatus")),
        "location_id": number(record.get("location")),
        "origin_address": None,
        "email": order.get("email"),
        "destination": address_body(address) if address else None,
        "line_items": each(lambda line: _shipped(line, source), record.get("fulfillmentLineItems")),
        "tracking_number": next((one.get("number") for one in tracking), None),
        "tracking_numbers": [one["number"] for one in tracking if one.get("number")],
        "tracking_url": next((one.get("url") for one in tracking), None),
        "tracking_urls": [one["url"] for one in tracking if one.get("url")],
        "receipt": {},
        "name": record.get("name"),
        "admin_graphql_api_id": record["id"],
    }


def _shipped(line: Record, source: Source) -> Body:
    sold = source.find(line["lineItem"]) or line["lineItem"]
    return {**sold_item(sold, source), "quantity": line["quantity"]}
