"""Bodies of fulfillment_orders/*, fulfillment_holds/* and fulfillment_events/*: small; who wants more reads by id.

The record is the news, not the fulfillment order: what happened, with the fulfillment order as it is after it.
"""

from collections.abc import Callable
from typing import Any

from deployments.sandbox.shopify.records import Record, gid, gid_tail
from deployments.sandbox.shopify.webhooks.rest import Source, lower, number

Body = dict[str, Any]
Writer = Callable[[Record, Source], Body]


def plain_body(news: Record, _source: Source) -> Body:
    """A change that needs no more words than the fulfillment order's id and status."""
    return {"fulfillment_order": brief(news["fulfillmentOrder"])}


def answered_body(news: Record, _source: Source) -> Body:
    """What a fulfillment service answered or gave up."""
    request = news["fulfillmentOrder"]
    return {
        "fulfillment_order": {**brief(request), "request_status": lower(request["requestStatus"])},
        "message": news.get("message"),
    }


def cancellation_asked_body(news: Record, _source: Source) -> Body:
    """A service was asked to stop."""
    request = news["fulfillmentOrder"]
    return {
        "fulfillment_order": {**brief(request), "request_status": lower(request["requestStatus"])},
        "fulfillment_order_merchant_request": _asked(news["asked"]),
    }


def fulfillment_asked_body(news: Record, _source: Source) -> Body:
    """A service was asked to ship."""
    original, submitted = news["original"], news["fulfillmentOrder"]
    return {
        "original_fulfillment_order": {**brief(original), "request_status": lower(original["requestStatus"])},
        "submitted_fulfillment_order": {**brief(submitted), "request_status": lower(submitted["requestStatus"])},
        "fulfillment_order_merchant_request": _asked(news["asked"]),
    }


def _asked(asked: Record) -> Body:
    return {"id": asked["id"], "message": asked["message"]}


def cancelled_body(news: Record, _source: Source) -> Body:
    """Closed, with what replaces it."""
    replacement = news.get("replacement")
    return {
        "fulfillment_order": {"id": news["id"], "status": "cancelled"},
        "replacement_fulfillment_order": brief(replacement) if replacement else None,
    }


def moved_body(news: Record, _source: Source) -> Body:
    """To another location."""
    moved, original = news["fulfillmentOrder"], news["original"]
    target = _place(moved)
    return {
        "original_fulfillment_order": {**brief(original), "assigned_location_id": _place(original)},
        "moved_fulfillment_order": {**brief(moved), "assigned_location_id": target},
        "destination_location_id": target,
        "fulfillment_order_line_items_requested": news["requested"],
        "source_location": {"id": news["source"]},
    }


def split_body(news: Record, _source: Source) -> Body:
    """In two."""
    return {
        "split_line_items": [{"id": row["id"], "quantity": row["quantity"]} for row in news["requested"]],
        "fulfillment_order": brief(news["fulfillmentOrder"]),
        "remaining_fulfillment_order": brief(news["remaining"]),
        "replacement_fulfillment_order": None,
    }


def merged_body(news: Record, _source: Source) -> Body:
    """Several in one. The intents carry plain numbers, as the samples do."""
    intents = [
        {
            "fulfillment_order_id": int(gid_tail(intent["fulfillmentOrderId"])),
            "fulfillment_order_line_items": [
                {"id": int(gid_tail(row["id"])), "quantity": row["quantity"]}
                for row in intent.get("fulfillmentOrderLineItems") or ()
            ],
        }
        for intent in news["intents"]
    ]
    merged = {"fulfillment_order": brief(news["fulfillmentOrder"])}
    return {"merge_intents": intents, "fulfillment_order_merges": merged}


def held_body(news: Record, source: Source) -> Body:
    """On hold, with all its holds, the new one, and what was split off."""
    request, rest = news["fulfillmentOrder"], news.get("remaining")
    holds = [_hold(one, source) for one in request["fulfillmentHolds"]]
    return {
        "fulfillment_order": {**brief(request), "fulfillment_holds": holds},
        "remaining_fulfillment_order": brief(rest) if rest else None,
        "held_fulfillment_order_line_items": [
            {"id": line["id"], "quantity": line["remainingQuantity"]} for line in request["lineItems"]
        ],
        "created_fulfillment_hold": _hold(news["hold"], source),
    }


def hold_body(news: Record, source: Source) -> Body:
    """fulfillment_holds/added and released."""
    return {"fulfillment_order": {"id": news["id"]}, "fulfillment_hold": _hold(news["hold"], source)}


def _hold(hold: Record, _source: Source) -> Body:
    return {
        "id": hold["id"],
        "reason": lower(hold["reason"]),
        "reason_notes": hold.get("reasonNotes"),
        "held_by_requesting_app": False,
        "handle": hold["handle"],
        "held_by_app": {"id": gid("App", hold["appNumber"])} if hold.get("appNumber") else None,
    }


def progress_body(news: Record, _source: Source) -> Body:
    """Begun."""
    report = {
        "reason_notes": news.get("notes"),
        "progress_reported_by_app": {"id": gid("App", news["app"])},
        "progress_reported_by_user": None,
    }
    initial = lower(news["before"])
    return {
        "fulfillment_order": brief(news["fulfillmentOrder"]),
        "progress_report": report,
        "initial_status": initial,
    }


def stopped_body(news: Record, _source: Source) -> Body:
    """Put back."""
    by_app = {"id": gid("App", news["app"])}
    return {
        "fulfillment_order": brief(news["fulfillmentOrder"]),
        "progress_stopped_by_app": by_app,
        "progress_stopped_by_user": None,
    }


def rescheduled_body(news: Record, source: Source) -> Body:
    """On another day."""
    request = news["fulfillmentOrder"]
    return {"fulfillment_order": {**brief(request), "fulfill_at": source.time(request["fulfillAt"])}}


def prepared_body(news: Record, _source: Source) -> Body:
    """Ready to be collected."""
    request = news["fulfillmentOrder"]
    return {"fulfillment_order": {**brief(request), "preparable": True, "delivery_method": {"method_type": "pickup"}}}


def event_body(record: Record, source: Source) -> Body:
    """fulfillment_events/create: what happened to a parcel."""
    fulfillment = source.find(record["fulfillment"]) or record["fulfillment"]
    places = ("city", "province", "country", "zip", "address1", "latitude", "longitude")
    return {
        "id": number(record),
        "fulfillment_id": number(fulfillment),
        "status": lower(record["status"]),
        "message": record.get("message"),
        "happened_at": source.time(record["happenedAt"]),
        **{name: record.get(name) for name in places},
        "shop_id": number(source.shop),
        "created_at": source.time(record["createdAt"]),
        "updated_at": source.time(record["createdAt"]),
        "estimated_delivery_at": source.time(record.get("estimatedDeliveryAt")),
        "order_id": number(fulfillment.get("order")),
        "admin_graphql_api_id": record["id"],
    }


def brief(request: Record) -> Body:
    """A fulfillment order as these bodies name it."""
    return {"id": request["id"], "status": lower(request["status"])}


def _place(request: Record) -> str | None:
    location = request["assignedLocation"].get("location") or {}
    return location.get("id")


WRITERS: dict[str, Writer] = {
    **dict.fromkeys(
        (
            "fulfillment_orders/hold_released",
            "fulfillment_orders/order_routing_complete",
            "fulfillment_orders/scheduled_fulfillment_order_ready",
        ),
        plain_body,
    ),
    **dict.fromkeys(
        (
            "fulfillment_orders/cancellation_request_accepted",
            "fulfillment_orders/cancellation_request_rejected",
            "fulfillment_orders/fulfillment_request_accepted",
            "fulfillment_orders/fulfillment_request_rejected",
            "fulfillment_orders/fulfillment_service_failed_to_complete",
        ),
        answered_body,
    ),
    "fulfillment_orders/cancellation_request_submitted": cancellation_asked_body,
    "fulfillment_orders/fulfillment_request_submitted": fulfillment_asked_body,
    "fulfillment_orders/cancelled": cancelled_body,
    "fulfillment_orders/line_items_prepared_for_pickup": prepared_body,
    "fulfillment_orders/manually_reported_progress_stopped": stopped_body,
    "fulfillment_orders/merged": merged_body,
    "fulfillment_orders/moved": moved_body,
    "fulfillment_orders/placed_on_hold": held_body,
    "fulfillment_orders/progress_reported": progress_body,
    "fulfillment_orders/rescheduled": rescheduled_body,
    "fulfillment_orders/split": split_body,
    **dict.fromkeys(("fulfillment_holds/added", "fulfillment_holds/released"), hold_body),
    "fulfillment_events/create": event_body,
}
