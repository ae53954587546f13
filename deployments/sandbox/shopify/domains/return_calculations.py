"""`returnCalculate`: what a return would come to before it is made; credits are negative."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from deployments.sandbox.shopify.domains.exchanges import exchange_line
from deployments.sandbox.shopify.domains.payments import add_bags
from deployments.sandbox.shopify.domains.refunding import Piece, charged, in_both, left_of, nothing, portion, total
from deployments.sandbox.shopify.domains.returning import order_line
from deployments.sandbox.shopify.records import Record, gid
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()


@domain.query("returnCalculate")
def calculate(call: Call, arguments: Arguments) -> Record | None:
    """A return that is not kept; null when there is no such order."""
    given = arguments["input"]
    order = call.find(given["orderId"])
    if order is None:
        return None
    fee = given.get("returnShippingFee")
    amount = in_both(order, Decimal(str(fee["amount"]["amount"]))) if fee else None
    return {
        "id": gid("CalculatedReturn", call.space.number()),
        "returnLineItems": list(_lines(call, order, given.get("returnLineItems") or ())),
        "exchangeLineItems": [_exchange(call, order, row) for row in given.get("exchangeLineItems") or ()],
        "returnShippingFee": {"id": gid("CalculatedReturnShippingFee", 1), "amountSet": amount} if amount else None,
    }


def _lines(call: Call, order: Record, rows: Sequence[Record]) -> Iterator[Record]:
    for row in rows:
        if call.find(row["fulfillmentLineItemId"]) is None:
            continue
        sold = order_line(call.state, call.shop, {"fulfillmentLineItem": {"id": row["fulfillmentLineItemId"]}})
        piece = Piece(sold, row["quantity"], int(sold["quantity"]) - left_of(sold))
        percentage = (row.get("restockingFee") or {}).get("percentage")
        zero = nothing(order)
        fee = portion(piece.subtotal, Decimal(str(percentage)), Decimal(100)) if percentage else None
        yield {
            "id": None,
            "fulfillmentLineItem": {"id": row["fulfillmentLineItemId"]},
            "quantity": row["quantity"],
            "restockingFee": {
                "id": gid("CalculatedRestockingFee", call.space.number()),
                "percentage": percentage,
                "amountSet": fee,
            }
            if fee
            else None,
            "subtotalSet": add_bags(zero, piece.subtotal, -1),
            "subtotalBeforeOrderDiscountsSet": add_bags(zero, piece.of(piece.line["discountedTotalSet"]), -1),
            "totalTaxSet": add_bags(zero, total(zero, (amount for _, amount in piece.taxes)), -1),
        }


def _exchange(call: Call, order: Record, row: Record) -> Record:
    variant = call.find(row.get("variantId")) or {}
    wanted = {"variantId": row.get("variantId"), "productId": None, "appliedDiscount": row.get("appliedDiscount")}
    line = exchange_line(call, order, wanted, row["quantity"])
    return {
        "id": None,
        "calculatedDiscountAllocations": [],
        "discountedUnitPriceSet": line["discountedUnitPriceSet"],
        "originalUnitPriceSet": line["originalUnitPriceSet"],
        "quantity": row["quantity"],
        "subtotalSet": charged(line),
        "totalTaxSet": total(nothing(order), (tax["priceSet"] for tax in line["taxLines"])),
        "variant": {"id": variant["id"]} if variant else None,
    }
