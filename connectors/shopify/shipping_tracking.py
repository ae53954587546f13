"""What is told of a parcel that has left: its carrier and number, and what happens to it on its way."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from canonical.errors import RejectedError
from canonical.fulfillment import Parcel
from connectors.shopify import mapping
from connectors.shopify.aftersales_writing import change, need_id, once, unknown
from connectors.shopify.client import ShopifyClient
from connectors.shopify.logistics_claims import claims_in, metafield
from connectors.shopify.logistics_reading import ShippedNode, fulfillment
from connectors.shopify.reading import gid

STATUSES: Final = frozenset(
    {
        "label_purchased",
        "label_printed",
        "ready_for_pickup",
        "confirmed",
        "carrier_picked_up",
        "in_transit",
        "out_for_delivery",
        "attempted_delivery",
        "delayed",
        "delivered",
        "failure",
    }
)
"""What can happen to a parcel, in Shopify's words."""


def tracking_input(parcel: Parcel) -> dict[str, str]:
    """The tracking as Shopify takes it; empty when there is none."""
    told = {"company": parcel.carrier, "number": parcel.tracking_number, "url": parcel.tracking_url}
    return {name: value for name, value in told.items() if value}


async def set_tracking(client: ShopifyClient, fulfillment_id: str, parcel: Parcel, *, notify: bool = False) -> str:
    """Show carrier and number; nothing is sent when they are shown. The note that it is ours learns the number first.

    Setting it twice does no harm, so a lost answer is not looked for.
    """
    node = await _read(client, fulfillment_id)
    info = tracking_input(parcel)
    if not info:
        return fulfillment_id
    with mapping.understanding(fulfillment_id):
        entry = ShippedNode.model_validate(node)
    shown = [one.model_dump(exclude_none=True) for one in entry.tracking_info]
    if any(info.items() <= one.items() for one in shown):
        return fulfillment_id
    order_id = str(node["order"]["id"]).rpartition("/")[2]
    ours = next((one for one in claims_in(node["order"]).values() if one.fits(fulfillment(entry, order_id))), None)
    if ours is not None and parcel.tracking_number and parcel.tracking_number not in ours.numbers:
        note = metafield(replace(ours, numbers=(*ours.numbers, parcel.tracking_number)), order_id)
        await change(client, "set_order_fields", "metafieldsSet", {"metafields": [note]}, fulfillment_id)
    variables = {"id": gid("Fulfillment", fulfillment_id), "info": info, "notify": notify}
    await change(client, "set_tracking", "fulfillmentTrackingInfoUpdate", variables, fulfillment_id)
    return fulfillment_id


async def tell_event(client: ShopifyClient, fulfillment_id: str, status: str, happened_at: str) -> str:
    """Tell what happened at a time, once; the id of the event."""
    moment = _moment(happened_at, fulfillment_id)
    if status not in STATUSES:
        words = f"Shopify has no word for the delivery status {status!r}"
        way_out = f"Translate it to one of: {', '.join(sorted(STATUSES))}."
        raise RejectedError(words, code="status_unknown", document=fulfillment_id, field="status", way_out=way_out)
    event = {
        "fulfillmentId": gid("Fulfillment", fulfillment_id),
        "status": status.upper(),
        "happenedAt": moment.isoformat(),
    }

    async def told() -> str | None:
        for one in (await _read(client, fulfillment_id))["events"]["nodes"]:
            if one["status"] == status.upper() and datetime.fromisoformat(one["happenedAt"]) == moment:
                return str(one["id"]).rpartition("/")[2]
        return None

    async def tell() -> str:
        payload = await change(
            client, "create_delivery_event", "fulfillmentEventCreate", {"event": event}, fulfillment_id
        )
        return str(payload["fulfillmentEvent"]["id"]).rpartition("/")[2]

    return await once(told, tell)


async def _read(client: ShopifyClient, fulfillment_id: str) -> dict[str, Any]:
    need_id(fulfillment_id, "fulfillment_id", fulfillment_id)
    answer = await client.call("read_fulfillment", {"id": gid("Fulfillment", fulfillment_id)}, document=fulfillment_id)
    node: dict[str, Any] | None = answer.data.get("fulfillment")
    if node is None:
        raise unknown("fulfillment", fulfillment_id)
    return node


def _moment(text: str, document: str) -> datetime:
    """Whole seconds: that is what Shopify keeps."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        words = f"{text!r} is no time"
        raise RejectedError(words, code="time_invalid", document=document, field="happened_at") from error
    if moment.tzinfo is None:
        words = f"{text!r} says no offset from UTC"
        raise RejectedError(words, code="time_invalid", document=document, field="happened_at")
    return moment.replace(microsecond=0)
