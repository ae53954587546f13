"""Bodies of returns/*, reverse_fulfillment_orders/dispose and reverse_deliveries/attach_deliverable: small, by id."""

from collections.abc import Callable
from typing import Any

from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.webhooks.rest import Source, each, lower, money_set, number

Body = dict[str, Any]


def _named(record: Record) -> Body:
    return {"id": number(record), "admin_graphql_api_id": record["id"]}


def _maybe(record: Record | None) -> Body | None:
    return _named(record) if record else None


def begun_body(record: Record, source: Source) -> Body:
    """returns/request and returns/approve: the lines too."""
    lines = record["returnLineItems"]
    exchanged = record["exchangeLineItems"]
    return {
        **_named(record),
        "status": lower(record["status"]),
        "order": _named(record["order"]),
        "total_return_line_items": len(lines),
        "name": record["name"],
        "return_line_items": each(lambda line: _line(line, source), lines),
        "return_shipping_fees": each(_fee, record["returnShippingFees"]),
        "exchange_line_items": each(_exchange, exchanged),
        "total_exchange_line_items": len(exchanged),
    }


def _line(line: Record, source: Source) -> Body:
    shipped = source.find(line["fulfillmentLineItem"]) or line["fulfillmentLineItem"]
    fee = line.get("restockingFee")
    return {
        **_named(line),
        "fulfillment_line_item": {
            **_named(shipped),
            "line_item": _maybe(shipped.get("lineItem")),
        },
        "quantity": line["quantity"],
        "return_reason": lower(line["returnReason"]),
        "return_reason_note": line["returnReasonNote"],
        "customer_note": line.get("customerNote"),
        "restocking_fee": {**_fee(fee), "percentage": fee["percentage"]} if fee else None,
    }


def _fee(fee: Record) -> Body:
    return {**_named(fee), "price": money_set(fee["amountSet"])}


def _exchange(line: Record) -> Body:
    return {**_named(line), "line_item": _maybe(next(iter(line["lineItems"]), None))}


def declined_body(record: Record, _source: Source) -> Body:
    """returns/decline: why."""
    decline = record["decline"]
    return {
        **_named(record),
        "status": lower(record["status"]),
        "order": _named(record["order"]),
        "decline": {"reason": lower(decline["reason"]), "note": decline["note"]},
    }


def turned_body(record: Record, _source: Source) -> Body:
    """returns/close, reopen and cancel: the state."""
    return {
        **_named(record),
        "order_id": number(record["order"]),
        "status": lower(record["status"]),
    }


def updated_body(record: Record, _source: Source) -> Body:
    """returns/update: what was taken out."""
    removals = [
        {"admin_graphql_api_id": line_id, "delta": pieces} for line_id, pieces in record.get("removed", {}).items()
    ]
    nothing: Body = {"updates": [], "removals": []}
    return {
        "admin_graphql_api_id": record["id"],
        "return_line_items": {"removals": removals},
        "restocking_fees": nothing,
        "return_shipping_fees": nothing,
    }


def processed_body(record: Record, _source: Source) -> Body:
    """returns/process: which lines. The published sample is empty, so read the return by its id."""
    given = record.get("processed") or {}

    def row(line: Record) -> Body:
        return {"id": number(line["id"]), "admin_graphql_api_id": line["id"], "quantity": line["quantity"]}

    return {
        **_named(record),
        "status": lower(record["status"]),
        "order": _named(record["order"]),
        "return_line_items": each(row, given.get("returnLineItems")),
        "exchange_line_items": each(row, given.get("exchangeLineItems")),
    }


def disposed_body(record: Record, _source: Source) -> Body:
    """reverse_fulfillment_orders/dispose: what becomes of which pieces."""
    rows = [
        {
            "reverse_fulfillment_order_line_item": _named(row["line"]),
            "reverse_delivery_line_item": None,
            "type": lower(row["type"]),
            "location": _maybe(row["location"]),
            "quantity": row["quantity"],
        }
        for row in record["dispositions"]
    ]
    return {**_named(record), "dispositions": rows, "total_dispositions": len(rows)}


def delivery_body(record: Record, source: Source) -> Body:
    """reverse_deliveries/attach_deliverable: tracking and label of a parcel back."""
    deliverable = record["deliverable"]
    tracking, label = deliverable.get("tracking") or {}, deliverable.get("label") or {}
    return {
        **_named(record),
        "return": _named(record["return"]),
        "shipping_deliverable": {
            "tracking": {
                "carrier_name": tracking.get("carrierName"),
                "tracking_number": tracking.get("number"),
                "tracking_url": tracking.get("url"),
            },
            "label": {"public_file_url": label.get("publicFileUrl"), "created_at": source.time(label.get("createdAt"))},
        },
    }


WRITERS: dict[str, Callable[[Record, Source], Body]] = {
    "returns/request": begun_body,
    "returns/approve": begun_body,
    "returns/decline": declined_body,
    "returns/cancel": turned_body,
    "returns/close": turned_body,
    "returns/reopen": turned_body,
    "returns/update": updated_body,
    "returns/process": processed_body,
    "reverse_fulfillment_orders/dispose": disposed_body,
    "reverse_deliveries/attach_deliverable": delivery_body,
}
