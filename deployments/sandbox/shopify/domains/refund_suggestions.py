"""What a shop suggests to pay back before a refund is made: for an order, and for a return."""

from collections.abc import Sequence
from decimal import Decimal

from deployments.sandbox.shopify.domains.payments import add_bags, plain
from deployments.sandbox.shopify.domains.refund_records import duty_parts
from deployments.sandbox.shopify.domains.refunding import (
    Delivery,
    Parts,
    Piece,
    deliveries,
    left_of,
    net_payment,
    nothing,
    owed_back,
    payments_left,
    presented,
    smaller,
    total,
    without,
    worth,
)
from deployments.sandbox.shopify.domains.refunds import line_pieces
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()


@domain.computed("Order", "suggestedRefund")
def suggested_refund(_call: Call, order: Record, arguments: Arguments) -> Record:
    """The refund of some lines, delivery and duties, no more than was paid."""
    rows = arguments.get("refundLineItems") or []
    if arguments.get("suggestFullRefund"):
        rows = [{"lineItemId": line["id"], "quantity": left_of(line)} for line in order["lineItems"] if left_of(line)]
    pieces = list(line_pieces(order, rows))
    amount = arguments.get("shippingAmount")
    delivered: list[Delivery] = []
    if amount is not None or arguments.get("refundShipping") or arguments.get("suggestFullRefund"):
        delivered = deliveries(order, None if amount is None else Decimal(amount))
    parts = Parts(pieces, delivered, duty_parts(order, arguments.get("refundDuties") or (), pieces))
    value, most = worth(order, parts), net_payment(order)
    back = smaller(value.amount, most)
    return {
        "amountSet": back,
        "amount": plain(back),
        "maximumRefundableSet": most,
        "maximumRefundable": plain(most),
        "subtotalSet": value.subtotal,
        "subtotal": plain(value.subtotal),
        "discountedSubtotalSet": value.subtotal,
        "totalCartDiscountAmountSet": nothing(order),
        "totalTaxSet": value.tax,
        "totalTaxes": plain(value.tax),
        "totalDutiesSet": value.duties,
        "refundDuties": [{"amountSet": bag, "originalDuty": duty} for duty, bag in parts.duties],
        "shipping": shipping(order, delivered),
        "refundLineItems": [_row(order, one) for one in pieces],
        "suggestedRefundMethods": [],
        "suggestedTransactions": suggested_transactions(order, back),
    }


def _row(order: Record, one: Piece) -> Record:
    return {
        "lineItem": {"id": one.line["id"]},
        "quantity": one.pieces,
        "restockType": one.restock_type,
        "restocked": False,
        "location": {"id": one.location} if one.location else None,
        "priceSet": one.line["originalUnitPriceSet"],
        "subtotalSet": one.subtotal,
        "totalTaxSet": total(nothing(order), (bag for _, bag in one.taxes)),
    }


def shipping(order: Record, delivered: Sequence[Delivery]) -> Record:
    """A ShippingRefund: what is suggested of the delivery charge, and what is left of it."""
    zero = nothing(order)
    amount = total(zero, (one.subtotal for one in delivered))
    tax = total(zero, (bag for one in delivered for _, bag in one.tax_parts))
    most = total(zero, (one.subtotal for one in deliveries(order, None)))
    return {
        "amountSet": amount,
        "amount": plain(amount),
        "taxSet": tax,
        "tax": plain(tax),
        "maximumRefundableSet": most,
        "maximumRefundable": plain(most),
    }


def suggested_transactions(order: Record, amount: Record) -> list[Record]:
    """An amount taken from the payments in turn."""
    rows = []
    for payment, left in payments_left(order):
        part = smaller(amount, left)
        if presented(part) <= 0:
            continue
        amount = add_bags(amount, part, -1)
        rows.append(
            {
                "kind": "SUGGESTED_REFUND",
                "gateway": payment["gateway"],
                "formattedGateway": payment.get("formattedGateway"),
                "accountNumber": payment.get("accountNumber"),
                "amountSet": part,
                "amount": plain(part),
                "maximumRefundableSet": left,
                "maximumRefundable": plain(left),
                "parentTransaction": {"id": payment["id"]},
            }
        )
    return rows


def outcome(order: Record, parts: Parts, exchanged: Record) -> tuple[Record, Record | None]:
    """What processing parts of a return comes to, and the transfer: a refund, an invoice or nothing.

    The shopper is owed what was paid above what the order costs then; more cannot be given back than was paid.
    """
    value = worth(order, parts)
    balance = add_bags(add_bags(value.amount, total(nothing(order), parts.fees), -1), exchanged, -1)
    if presented(balance) < 0:
        amount = add_bags(nothing(order), balance, -1)
        return balance, {"__typename": "InvoiceReturnOutcome", "amount": amount}
    after = {**order, **without(order, parts)}
    after["currentTotalPriceSet"] = add_bags(after["currentTotalPriceSet"], exchanged)
    back = smaller(owed_back(after), net_payment(order))
    if presented(back) <= 0:
        return balance, None
    transfer = {
        "amount": back,
        "suggestedRefundMethods": [],
        "suggestedTransactions": suggested_transactions(order, back),
    }
    return balance, {"__typename": "RefundReturnOutcome", **transfer}
