"""Bodies of refunds/create: money back, with or without goods. They carry no totals of the order."""

from typing import Any

from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.webhooks.line_bodies import sold_item
from deployments.sandbox.shopify.webhooks.rest import Source, each, lower, money_set, number, price

Body = dict[str, Any]


def refund_body(record: Record, source: Source) -> Body:
    """refunds/create; also inside an order."""
    lines = each(lambda line: _refunded(line, source), record.get("refundLineItems"))
    return {
        "id": number(record),
        "order_id": number(record.get("order")),
        "created_at": source.time(record.get("createdAt")),
        "note": record.get("note"),
        "user_id": None,
        "processed_at": source.time(record.get("processedAt") or record.get("createdAt")),
        "duties": each(_duty, record.get("duties")),
        "total_duties_set": money_set(record.get("totalDutiesSet")),
        "return": {"id": number(record["return"])} if record.get("return") else None,
        "refund_shipping_lines": each(lambda line: _delivery(line, source), record.get("refundShippingLines")),
        "restock": any(line["restock_type"] not in (None, "no_restock") for line in lines),
        "admin_graphql_api_id": record["id"],
        "order_adjustments": each(_adjustment, record.get("orderAdjustments")),
        "refund_line_items": lines,
        "transactions": each(lambda entry: _payment(entry, record, source), record.get("transactions")),
    }


def payment_body(record: Record, source: Source) -> Body:
    """order_transactions/create: the transaction and how it was paid."""
    card = record.get("accountNumber")
    nothing = dict.fromkeys(("credit_card_bin", "avs_result_code", "cvv_result_code", "buyer_action_info"))
    unknown = dict.fromkeys(("name", "wallet", "expiration_month", "expiration_year"))
    details = {
        **nothing,
        **{f"credit_card_{name}": value for name, value in unknown.items()},
        "credit_card_number": card,
        "credit_card_company": "Visa" if card else None,
        "payment_method_name": "visa" if card else record.get("gateway"),
    }
    return {**transaction_body(record, source), "payment_details": details}


def transaction_body(record: Record, source: Source) -> Body:
    """A transaction inside a refund."""
    amount = record["amountSet"]["shopMoney"]
    unsettled = record.get("totalUnsettledSet") or record["amountSet"]
    return {
        "id": number(record),
        "order_id": number(record.get("order")),
        "kind": lower(record["kind"]),
        "gateway": record.get("gateway"),
        "status": lower(record["status"]),
        "message": None,
        "created_at": source.time(record.get("createdAt")),
        "test": bool(record.get("test")),
        "authorization": record.get("paymentId"),
        "location_id": number(record.get("location")),
        "user_id": None,
        "parent_id": number(record.get("parentTransaction")),
        "processed_at": source.time(record.get("processedAt")),
        "device_id": None,
        "error_code": lower(record.get("errorCode")),
        "source_name": "web",
        "receipt": {},
        "amount": price(record["amountSet"]),
        "currency": amount["currencyCode"],
        "payment_id": record.get("paymentId"),
        "total_unsettled_set": {side: _money(unsettled[key]) for side, key in _SIDES.items()},
        "manual_payment_gateway": bool(record.get("manualPaymentGateway")),
        "amount_rounding": None,
        "admin_graphql_api_id": record["id"],
    }


_SIDES = {"presentment_money": "presentmentMoney", "shop_money": "shopMoney"}


def _money(value: Record) -> Body:
    """Unlike everywhere else in REST, the currency's key is `currency` here (sample bodies 2026-07)."""
    return {"amount": value["amount"], "currency": value["currencyCode"]}


def _refunded(line: Record, source: Source) -> Body:
    sold = source.find(line["lineItem"]) or line["lineItem"]
    return {
        "id": number(line) or number(sold),
        "quantity": line["quantity"],
        "line_item_id": number(sold),
        "location_id": number(line.get("location")),
        "restock_type": lower(line.get("restockType") or "NO_RESTOCK"),
        # Here, and nowhere else, REST writes money as JSON numbers; the pairs beside them are exact.
        "subtotal": float(price(line.get("subtotalSet"))),
        "total_tax": float(price(line.get("totalTaxSet"))),
        "subtotal_set": money_set(line.get("subtotalSet")),
        "total_tax_set": money_set(line.get("totalTaxSet")),
        "line_item": sold_item(sold, source),
    }


def _payment(entry: Record, refund: Record, source: Source) -> Body:
    """A payment of the refund, which is kept with its order."""
    return transaction_body({**(source.find(entry) or entry), "order": refund.get("order")}, source)


def _duty(record: Record) -> Body:
    """A duty that is given back: which one, and how much of it; not the duty itself, as a line of an order has it."""
    return {"duty_id": number(record.get("originalDuty")), "amount_set": money_set(record["amountSet"])}


def _delivery(line: Record, source: Source) -> Body:
    sold = source.find(line["shippingLine"]) or line["shippingLine"]
    return {
        "id": number(line),
        "shipping_line": {"id": number(sold), "title": sold.get("title"), "code": sold.get("code")},
        "subtotal_amount_set": money_set(line["subtotalAmountSet"]),
        "tax_amount_set": money_set(line["taxAmountSet"]),
    }


def _adjustment(record: Record) -> Body:
    return {
        "id": number(record),
        "kind": lower(record.get("reason")),
        "reason": record.get("reason"),
        "amount": price(record["amountSet"]),
        "amount_set": money_set(record["amountSet"]),
        "tax_amount": price(record.get("taxAmountSet")),
        "tax_amount_set": money_set(record.get("taxAmountSet")),
    }
