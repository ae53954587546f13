"""Orders, fulfillments and refunds as the GraphQL API answers them, for tests of what follows a sale."""

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]


def page(nodes: Sequence[Json] = (), cursor: str | None = None) -> Json:
    return {"nodes": list(nodes), "pageInfo": {"hasNextPage": cursor is not None, "endCursor": cursor}}


def bag(amount: str, presentment: str | None = None) -> Json:
    """An amount in USD, and in EUR where a second one is given."""
    other = {"amount": presentment or amount, "currencyCode": "EUR" if presentment else "USD"}
    return {"shopMoney": {"amount": amount, "currencyCode": "USD"}, "presentmentMoney": other}


def request(number: int, lines: Mapping[int, int], *, location: int = 1, status: str = "OPEN") -> Json:
    """A fulfillment order with what remains by order line."""
    rows = [
        {
            "id": f"gid://shopify/FulfillmentOrderLineItem/{number}{line}",
            "totalQuantity": 9,
            "remainingQuantity": left,
            "lineItem": {"id": f"gid://shopify/LineItem/{line}"},
        }
        for line, left in lines.items()
    ]
    place = {"name": "DC", "location": {"id": f"gid://shopify/Location/{location}"}}
    return {
        "id": f"gid://shopify/FulfillmentOrder/{number}",
        "status": status,
        "assignedLocation": place,
        "deliveryMethod": None,
        "lineItems": page(rows),
    }


def shipped(
    number: int, lines: Mapping[int, int], tracking: Sequence[str] = (), *, status: str = "SUCCESS", location: int = 1
) -> Json:
    """A fulfillment."""
    rows = [
        {
            "id": f"gid://shopify/FulfillmentLineItem/{number}{line}",
            "quantity": pieces,
            "lineItem": {"id": f"gid://shopify/LineItem/{line}"},
        }
        for line, pieces in lines.items()
    ]
    return {
        "id": f"gid://shopify/Fulfillment/{number}",
        "status": status,
        "location": {"id": f"gid://shopify/Location/{location}"},
        "trackingInfo": [{"company": "UPS", "number": one, "url": None} for one in tracking],
        "fulfillmentLineItems": page(rows),
    }


def order(
    requests: Sequence[Json] = (), fulfillments: Sequence[Json] = (), notes: Sequence[Mapping[str, str]] = ()
) -> Json:
    """Order 5 as `read_logistics` answers it."""
    node = {
        "id": "gid://shopify/Order/5",
        "name": "#1001",
        "cancelledAt": None,
        "fulfillmentOrders": page(requests),
        "fulfillments": list(fulfillments),
        "metafields": {"nodes": [{"key": one["key"], "value": one["value"]} for one in notes]},
    }
    return {"nodes": [node]}
