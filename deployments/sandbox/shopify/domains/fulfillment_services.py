"""Fulfillment services: others who ship for the merchant, each with a location of its own."""

from urllib.parse import urlsplit

from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.outbound import SETTLED, assigned, place_of, pledge
from deployments.sandbox.shopify.records import Record, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
MISSING = "Fulfillment service could not be found."
RESERVED = frozenset({"manual", "gift card", "gift_card", "snow_devil", "shopify"})
MANUAL: Record = {
    "id": "gid://shopify/FulfillmentService/manual",
    "handle": "manual",
    "serviceName": "Manual",
    "type": "MANUAL",
    "trackingSupport": False,
    "inventoryManagement": False,
    "fulfillmentOrdersOptIn": True,
}
_SETTINGS = ("inventoryManagement", "trackingSupport", "requiresShippingMethod", "fulfillmentOrdersOptIn")


@domain.query("fulfillmentService")
def fulfillment_service(call: Call, arguments: Arguments) -> Record | None:
    """A fulfillment service by id."""
    return call.find(_plain(arguments["id"]))


@domain.mutation("fulfillmentServiceCreate")
def create(call: Call, arguments: Arguments) -> Record:
    """Open a service of the app that asks, and its location."""
    refusal = _refusal(call, arguments, None)
    if refusal is not None:
        return {"fulfillmentService": None, "userErrors": [refusal]}
    name = arguments["name"]
    settings = {key: arguments[key] for key in _SETTINGS if arguments.get(key) is not None}
    service = call.state.add(
        call.shop,
        "FulfillmentService",
        {
            "handle": name.lower().replace(" ", "-"),
            "serviceName": name,
            "type": "THIRD_PARTY",
            "callbackUrl": arguments.get("callbackUrl"),
            "fulfillmentOrdersOptIn": True,
            "app": call.app.client_id,
            **settings,
        },
        topics=(),
    )
    country = (call.space.shop.get("shopAddress") or {}).get("countryCodeV2") or "US"
    place = {
        "name": name,
        "isFulfillmentService": True,
        "fulfillmentService": reference(service),
        "address": {"countryCode": country},
        "isPrimary": False,
        "deactivatable": False,
    }
    location = call.state.add(call.shop, "Location", place)
    call.state.update(call.shop, service["id"], {"location": reference(location)}, topics=())
    return {"fulfillmentService": reference(service), "userErrors": []}


def _refusal(call: Call, arguments: Arguments, mine: str | None) -> Record | None:
    name, url = str(arguments.get("name") or ""), arguments.get("callbackUrl")
    if mine is None or arguments.get("name") is not None:
        if not name.strip():
            return user_error(["name"], "Name can't be blank")
        if name != name.lstrip():
            return user_error(["name"], "Name cannot begin with a whitespace character")
        if name.lower() in RESERVED:
            return user_error(["name"], "Name is reserved")
        same = [one for one in call.all("FulfillmentService") if one["serviceName"].lower() == name.lower()]
        if any(one["id"] != mine for one in same):
            return user_error(["name"], "Name has already been taken")
    if url:
        parts = urlsplit(str(url))
        if parts.scheme not in ("http", "https"):
            return user_error(["callbackUrl"], f"Callback url protocol {parts.scheme}:// is not supported")
        if (parts.hostname or "").endswith((".invalid", "example.com", ".myshopify.com")):
            return user_error(["callbackUrl"], "Callback url is not allowed")
    return None


@domain.mutation("fulfillmentServiceUpdate")
def update(call: Call, arguments: Arguments) -> Record:
    """Change what is given; a new name is the location's too."""
    service = call.find(_plain(arguments["id"]))
    if service is None:
        return {"fulfillmentService": None, "userErrors": [user_error(["id"], MISSING)]}
    refusal = _refusal(call, arguments, service["id"])
    if refusal is not None:
        return {"fulfillmentService": None, "userErrors": [refusal]}
    changes = {key: arguments[key] for key in (*_SETTINGS, "callbackUrl") if arguments.get(key) is not None}
    if arguments.get("name"):
        changes["serviceName"] = arguments["name"]
        call.state.update(call.shop, service["location"]["id"], {"name": arguments["name"]})
    call.state.update(call.shop, service["id"], changes, topics=())
    return {"fulfillmentService": reference(service), "userErrors": []}


@domain.mutation("fulfillmentServiceDelete")
def delete(call: Call, arguments: Arguments) -> Record:
    """Close a service. Its location goes with its stock, or stays as one of the merchant's own."""
    service = call.find(_plain(arguments["id"]))
    action, target = arguments.get("inventoryAction") or "TRANSFER", arguments.get("destinationLocationId")
    refusal = None
    if service is None:
        refusal = user_error(["id"], MISSING)
    elif action in ("DELETE", "KEEP") and target:
        message = "Inventory action Destination location id should not be present when deleting/keeping the inventory "
        refusal = user_error(["inventoryAction"], message + "of the fulfillment service.")
    elif action == "TRANSFER" and not _can_take(call, target, service["location"]["id"]):
        refusal = user_error(None, "Invalid destination location.")
    if service is None or refusal is not None:
        return {"deletedId": None, "userErrors": [refusal]}
    place = service["location"]["id"]
    if action == "TRANSFER":
        _hand_over(call, place, str(target))
    changes = {"isFulfillmentService": False, "fulfillmentService": None, "isActive": action == "KEEP"}
    call.state.update(call.shop, place, changes)
    call.state.remove(call.shop, service["id"], topics=())
    return {"deletedId": service["id"], "userErrors": []}


def _can_take(call: Call, target: str | None, place: str) -> bool:
    location = call.find(target)
    return location is not None and bool(location["isActive"]) and location["id"] != place


def _hand_over(call: Call, place: str, target: str) -> None:
    """What the service was to ship, the destination ships."""
    location = call.find(target)
    assert location is not None
    for request in call.all("FulfillmentOrder"):
        if place_of(request) == place and request["status"] not in SETTLED:
            changes = {"assignedLocation": assigned(location), "requestStatus": "UNSUBMITTED"}
            pledge(call.state, call.shop, place, request["lineItems"], undo=True)
            call.state.update(call.shop, request["id"], changes, topics=())
            pledge(call.state, call.shop, target, request["lineItems"])


def _plain(service_id: str) -> str:
    """A shop writes the id of a service with `?id=true` behind it."""
    return service_id.split("?", 1)[0]
