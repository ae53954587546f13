"""What a new order gets when it lacks it: number, name, totals paid, fulfillment orders, promised stock."""

from typing import Any

from deployments.sandbox.shopify.domains.payments import figures
from deployments.sandbox.shopify.outbound import assigned, place_of, pledge
from deployments.sandbox.shopify.records import Record, gid, gid_tail, is_reference, reference
from deployments.sandbox.shopify.registry import Domain
from deployments.sandbox.shopify.state import ShopSpace, State
from deployments.sandbox.shopify.stock import level_at, quantity

domain = Domain()
FIRST_ORDER_NUMBER = 1001


@domain.completes("Order")
def complete_order(state: State, shop: str, record: Record) -> Record:
    """Fill in what is missing; then split off the fulfillment orders and promise their stock."""
    record = {**_defaults(state, shop, record), **record}
    if "totalPriceSet" in record:
        record = {**figures(record), **record}
    requests = record.get("fulfillmentOrders")
    if requests is None:
        requests = _default_requests(state, shop, record)
    kept = [one if is_reference(one) else _keep_request(state, shop, record, one) for one in requests]
    return {**record, "fulfillmentOrders": [reference(one) for one in kept]}


def _defaults(state: State, shop: str, record: Record) -> Record:
    space = state.space(shop)
    number = record.get("number") or _named(record) or _latest_number(space) + 1
    space.latest_order_number = max(_latest_number(space), int(number))
    currency = record.get("currencyCode") or space.shop["currencyCode"]
    return {
        "number": number,
        "name": f"#{number}",
        "confirmationNumber": _confirmation(record["id"]),
        "confirmed": True,
        "processedAt": record["createdAt"],
        "currencyCode": currency,
        "presentmentCurrencyCode": currency,
        "displayFulfillmentStatus": "UNFULFILLED",
        "returnStatus": "NO_RETURN",
        "sourceName": "web",
        "tags": [],
        "test": False,
        "taxesIncluded": bool(space.shop.get("taxesIncluded")),
        "lineItems": [],
        "shippingLines": [],
        "transactions": [],
        "paymentGatewayNames": [],
        "statusPageUrl": f"https://{shop}/orders/{gid_tail(record['id'])}",
        "merchantBusinessEntity": {"id": "gid://shopify/BusinessEntity/1"},
    }


def _named(record: Record) -> int | None:
    """The number in a name somebody gave the order."""
    digits = str(record.get("name") or "").removeprefix("#")
    return int(digits) if digits.isdigit() else None


def _latest_number(space: ShopSpace) -> int:
    """The highest number an order has. After a restart orders are not in the order they came, so all are looked at."""
    if space.latest_order_number is None:
        numbers = [int(order["number"]) for order in space.records.get("Order", {}).values()]
        first = int(space.shop.get("firstOrderNumber", FIRST_ORDER_NUMBER))
        space.latest_order_number = max(numbers, default=first - 1)
    return space.latest_order_number


def _confirmation(order_id: str) -> str:
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    number, letters = int(gid_tail(order_id)) * 2_654_435_761 % 2**45, ""
    for _ in range(9):
        number, place = divmod(number, len(alphabet))
        letters += alphabet[place]
    return letters


def _default_requests(state: State, shop: str, order: Record) -> list[Record]:
    lines = order["lineItems"]
    place = next((one for one in state.all(shop, "Location") if one["isActive"] and one["fulfillsOnlineOrders"]), None)
    if not lines or place is None:
        return []
    return [{"assignedLocation": assigned(place), "lineItems": [request_line(state, shop, line) for line in lines]}]


def routed(state: State, shop: str, line: Record) -> str | None:
    """The location that ships a new line: the first that has enough of it, else the first that ships."""
    places = [one for one in state.all(shop, "Location") if one["isActive"] and one["fulfillsOnlineOrders"]]
    item, space = str(line.get("inventoryItemId") or ""), state.space(shop)
    for place in places if item else ():
        level = level_at(space, item, place["id"])
        if level is not None and level["isActive"] and quantity(level, "available") >= line["remainingQuantity"]:
            return str(place["id"])
    return str(places[0]["id"]) if places else None


def request_line(state: State, shop: str, line: Record) -> Record:
    """An order line as a fulfillment order asks for it, whole."""
    variant = state.get(shop, line["variant"]["id"]) if line.get("variant") else None
    return {
        "lineItem": reference(line),
        "totalQuantity": line["quantity"],
        "remainingQuantity": line["quantity"],
        "inventoryItemId": variant["inventoryItem"]["id"] if variant else None,
        "sku": line.get("sku"),
        "productTitle": line.get("title"),
        "variantTitle": line.get("variantTitle"),
        "vendor": line.get("vendor"),
        "requiresShipping": line.get("requiresShipping", True),
        "variant": line.get("variant"),
    }


def _keep_request(state: State, shop: str, order: Record, request: Record) -> Record:
    space = state.space(shop)
    lines = [_own_line(space.number, line) for line in request["lineItems"]]
    record = {
        "status": "OPEN",
        "requestStatus": "UNSUBMITTED",
        "fulfillAt": f"{order['createdAt'][:13]}:00:00Z",
        "fulfillmentHolds": [],
        "deliveryMethod": {"id": gid("DeliveryMethod", space.number()), "methodType": _method(order)},
        "destination": _destination(space.number, order),
        "orderProcessedAt": order["processedAt"],
        **request,
        "createdAt": order["createdAt"],
        "updatedAt": order["createdAt"],
        "order": reference(order),
        "orderId": order["id"],
        "orderName": order["name"],
        "lineItems": lines,
    }
    kept = state.add(shop, "FulfillmentOrder", record, topics=())
    if not order.get("cancelledAt"):
        pledge(state, shop, place_of(kept), kept["lineItems"])
    return kept


def _method(order: Record) -> str:
    """Goods that a till sells and nobody sends are handed over there."""
    sent = order["shippingLines"] or order.get("shippingAddress")
    return "RETAIL" if order["sourceName"] == "pos" and not sent else "SHIPPING"


def _own_line(number: Any, line: Record) -> Record:
    own = {"id": line.get("id") or gid("FulfillmentOrderLineItem", number()), **line}
    return {**own, "lineItem": {"id": line["lineItem"]["id"]}}


def _destination(number: Any, order: Record) -> Record | None:
    address = order.get("shippingAddress")
    if not address:
        return None
    names = ("firstName", "lastName", "company", "address1", "address2", "city", "province", "zip", "phone")
    return {
        "id": gid("FulfillmentOrderDestination", number()),
        **{name: address.get(name) for name in names},
        "countryCode": address.get("countryCodeV2"),
        "email": order.get("email"),
    }
