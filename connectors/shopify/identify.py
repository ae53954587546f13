"""Which order (or other resource) a body is about, without parsing 10 KB of JSON for every webhook.

A whole order names itself once, as `"admin_graphql_api_id":"gid://shopify/Order/N"`, and so do bodies of returns that
show their lines; refunds, transactions and fulfillments carry `"order_id":N`. All are found by a scan of the bytes:
inside a JSON text a quote is escaped, so what a shopper types cannot look like one of these keys. Whatever the scan
does not find, a full parse looks for. Bodies of fulfillment orders are small and name no order, so nothing is parsed.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from connectors.shopify.topics import POLLED, WHOLE_ORDER

_ORDER_GID = re.compile(rb'"(?:admin_graphql_api_id|id)"\s*:\s*"gid:\\?/\\?/shopify\\?/Order\\?/(\d+)"')
_ORDER_ID = re.compile(rb'"order_id"\s*:\s*"?(\d+)')
_FULFILLMENT_ORDER = re.compile(rb'"gid:\\?/\\?/shopify\\?/FulfillmentOrder\\?/(\d+)')
_RETURN = re.compile(rb'"(?:admin_graphql_api_id|id)"\s*:\s*"gid:\\?/\\?/shopify\\?/Return\\?/(\d+)"')


def order_id_in(topic: str, body: bytes) -> str | None:
    """The digits of the order's id; None when the body names no order."""
    pattern = _ORDER_GID if topic in WHOLE_ORDER or topic == POLLED else _ORDER_ID
    found = pattern.search(body)
    if found:
        return found[1].decode()
    return _parsed_order_id(topic, _parsed(body))


def shipping_order_in(topic: str, body: bytes) -> str | None:
    """The order a body about shipping names; None for those about fulfillment orders and holds, which name none."""
    if topic.startswith(("fulfillment_orders/", "fulfillment_holds/")):
        return None
    return order_id_in(topic, body)


def returned_order_in(body: bytes) -> str | None:
    """The order a body about a return names, in one of two ways; None where it names only the return."""
    found = _ORDER_ID.search(body) or _ORDER_GID.search(body)
    return found[1].decode() if found else None


def fulfillment_order_in(body: bytes) -> str | None:
    """The first fulfillment order a body names: of several, all belong to one order."""
    found = _FULFILLMENT_ORDER.search(body)
    return found[1].decode() if found else None


def return_in(topic: str, body: bytes) -> str | None:
    """The return a body names; None when it is about goods and names only those."""
    if found := _RETURN.search(body):
        return found[1].decode()
    return resource_id_in(body) if topic.startswith("returns/") else None


def resource_id_in(body: bytes) -> str | None:
    """The id of what the body is about: its gid or id; None when it has neither."""
    fields = _parsed(body)
    return _digits(fields.get("admin_graphql_api_id")) or _digits(fields.get("id"))


def place_in(body: bytes) -> str | None:
    """The item and the location a stock level is about, as `item@location`; None when the body lacks one of them."""
    fields = _parsed(body)
    item, location = _digits(fields.get("inventory_item_id")), _digits(fields.get("location_id"))
    return f"{item}@{location}" if item and location else None


def _parsed_order_id(topic: str, fields: Mapping[str, Any]) -> str | None:
    edit, order = fields.get("order_edit"), fields.get("order")
    own = fields.get("id") if topic.startswith("orders/") else None
    candidates = (
        fields.get("order_id"),
        fields.get("admin_graphql_api_order_id"),
        edit.get("order_id") if isinstance(edit, Mapping) else None,
        order.get("id") if isinstance(order, Mapping) else None,
        own,
    )
    return next((found for value in candidates if (found := _digits(value))), None)


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return fields if isinstance(fields, Mapping) else {}


def _digits(value: object) -> str | None:
    """820982911946154508 from the number, the text, or the gid."""
    text = str(value).rpartition("/")[2].partition("?")[0] if isinstance(value, str | int) else ""
    return text if text.isdecimal() else None
