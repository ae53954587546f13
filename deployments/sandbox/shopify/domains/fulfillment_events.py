"""What happens to a parcel on its way: the last event is what the fulfillment shows."""

from datetime import datetime

from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.records import Record, gid, iso
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
_WHERE = ("address1", "city", "province", "country", "zip", "latitude", "longitude", "message")


@domain.mutation("fulfillmentEventCreate")
def create(call: Call, arguments: Arguments) -> Record:
    """Note an event; it is what the fulfillment shows from then on."""
    given = arguments["fulfillmentEvent"]
    fulfillment = call.find(given["fulfillmentId"])
    if fulfillment is None:
        refusal = user_error(["fulfillmentEvent", "fulfillmentId"], "Fulfillment does not exist.")
        return {"fulfillmentEvent": None, "userErrors": [refusal]}
    happened = _moment(given.get("happenedAt")) or call.now_text
    expected = _moment(given.get("estimatedDeliveryAt"))
    event = {
        "id": gid("FulfillmentEvent", call.space.number()),
        "status": given["status"],
        "happenedAt": happened,
        "createdAt": call.now_text,
        "estimatedDeliveryAt": expected,
        **{name: given.get(name) for name in _WHERE},
    }
    changes: Record = {"events": [*fulfillment.get("events", ()), event], "displayStatus": given["status"]}
    if expected:
        changes["estimatedDeliveryAt"] = expected
    if given["status"] == "IN_TRANSIT" and not fulfillment.get("inTransitAt"):
        changes["inTransitAt"] = happened
    if given["status"] == "DELIVERED":
        changes["deliveredAt"] = happened
    if fulfillment["status"] == "CANCELLED":
        del changes["displayStatus"]
    call.state.update(call.shop, fulfillment["id"], changes)
    return {"fulfillmentEvent": event, "userErrors": []}


def _moment(value: str | None) -> str | None:
    return iso(datetime.fromisoformat(value)) if value else None
