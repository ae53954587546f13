"""Refunds: reading, and what an order shows of them."""

from typing import Any

from deployments.sandbox.shopify.domains.payments import plain
from deployments.sandbox.shopify.domains.refunding import nothing, payments_left, presented, total
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()


@domain.query("refund")
def refund(call: Call, arguments: Arguments) -> Record | None:
    """A refund by id."""
    return call.find(arguments["id"])


@domain.computed("Refund", "order")
def refund_order(call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """The order refunded."""
    return call.state.owner(call.shop, record["id"])


@domain.computed("Refund", "totalRefunded")
def total_refunded(_call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """What was paid back, in shop currency."""
    return (record.get("totalRefundedSet") or {}).get("shopMoney")


domain.fallbacks["Refund", "processedAt"] = "createdAt"


@domain.computed("RefundLineItem", "priceSet")
def price_set(call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """The price of a piece before discounts."""
    return record.get("priceSet") or (call.find(record["lineItem"]["id"]) or {}).get("originalUnitPriceSet")


def _scalar(bag: str) -> Any:
    def scalar(call: Call, record: Record, _arguments: Arguments) -> str | None:
        return plain(price_set(call, record, {}) if bag == "priceSet" else record.get(bag))

    return scalar


for _name, _bag in {"price": "priceSet", "subtotal": "subtotalSet", "totalTax": "totalTaxSet"}.items():
    domain.computed("RefundLineItem", _name)(_scalar(_bag))


@domain.computed("Order", "totalRefundedShippingSet")
def refunded_shipping(_call: Call, record: Record, _arguments: Arguments) -> Record:
    """What was given back for delivery."""
    rows = (row for one in record.get("refunds") or () for row in one.get("refundShippingLines") or ())
    return total(nothing(record), (row["subtotalAmountSet"] for row in rows))


@domain.computed("Order", "refundDiscrepancySet")
def refund_discrepancy(_call: Call, record: Record, _arguments: Arguments) -> Record:
    """By how much all refunds are off what should have been given back."""
    rows = (row for one in record.get("refunds") or () for row in one.get("orderAdjustments") or ())
    return total(nothing(record), (row["amountSet"] for row in rows))


@domain.computed("Order", "refundable")
def refundable(_call: Call, record: Record, _arguments: Arguments) -> bool:
    """Whether a payment has anything left."""
    return any(presented(left) > 0 for _, left in payments_left(record))
