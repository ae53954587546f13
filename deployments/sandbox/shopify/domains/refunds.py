"""`refundCreate`, and reading refunds. Every refund of an order is made here, with or without a return."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from deployments.sandbox.shopify.domains.payments import (
    add_bags,
    figures,
    with_transaction,
)
from deployments.sandbox.shopify.domains.refund_records import (
    Payback,
    Settlement,
    adjustments,
    duties_of,
    duty_parts,
    payments_back,
    refund_record,
)
from deployments.sandbox.shopify.domains.refunding import (
    Parts,
    Piece,
    current,
    deliveries,
    discrepancy,
    left_of,
    net_payment,
    nothing,
    payments_left,
    piece,
    presented,
    total,
    without,
)
from deployments.sandbox.shopify.domains.restocking import take_out
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.outbound import refresh
from deployments.sandbox.shopify.records import Record, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
MISSING = "Order does not exist"
TOO_MANY = "Quantity cannot refund more items than were purchased"
NO_PARENT = "Transactions require a parent_id associated with the order"
STORE_CREDIT = "shopify_store_credit"
# Gateways that hand out no more than they took, whatever the app allows (recorded for `manual`).
NEVER_OVER = frozenset({"manual"})
SYMBOLS = {"USD": "$", "CAD": "$", "AUD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


@domain.mutation("refundCreate")
def create(call: Call, arguments: Arguments) -> Record:
    """Refund goods, delivery, duties or an amount; restock; pay back."""
    given = arguments["input"]
    order = call.find(given["orderId"])
    if order is None:
        return {"refund": None, "order": None, "userErrors": [user_error(["orderId"], MISSING)]}
    refused = list(_refusals(order, given))
    if refused:
        return {"refund": None, "order": reference(order), "userErrors": refused[:1]}
    parts = parts_of(order, given)
    payments = {one["id"]: one for one, _ in payments_left(order)}
    paid = [
        Payback(payments[row["parentId"]], Decimal(row["amount"]), payments[row["parentId"]]["gateway"])
        for row in given.get("transactions") or ()
    ]
    settlement = Settlement(
        parts=parts,
        paid=[*paid, *credits_of(given.get("refundMethods") or ())],
        note=given.get("note"),
        processed_at=given.get("processedAt"),
        reason=given.get("discrepancyReason"),
    )
    refund = settle(call, order, settlement)
    return {"refund": reference(refund), "order": reference(order), "userErrors": []}


def _refusals(order: Record, given: Record) -> Iterator[Record]:
    yield from _line_refusals(order, given.get("refundLineItems") or ())
    yield from _currency_refusals(order, given)
    shipping = (given.get("shipping") or {}).get("amount")
    if shipping is not None and not 0 <= Decimal(shipping) <= _delivery_left(order):
        most = money_text(_delivery_left(order), order)
        yield user_error(["shipping", "amount"], f"Shipping amount cannot be greater than {most}")
    duties = {duty["id"] for duty, _, _ in duties_of(order)}
    for at, row in enumerate(given.get("refundDuties") or ()):
        if row["dutyId"] not in duties:
            yield user_error(["refundDuties", str(at), "dutyId"], "Duty does not exist")
    yield from payment_refusals(order, given)


def _currency_refusals(order: Record, given: Record) -> Iterator[Record]:
    wanted = order["presentmentCurrencyCode"]
    several = order["currencyCode"] != wanted
    moves_money = bool(given.get("transactions"))
    if given.get("currency", wanted if not several or not moves_money else None) != wanted:
        yield user_error(["currency"], f"Currency must match the presentment currency of the order {wanted}")


def _line_refusals(order: Record, rows: Sequence[Record]) -> Iterator[Record]:
    lines = {line["id"]: line for line in order["lineItems"]}
    left = {line_id: left_of(line) for line_id, line in lines.items()}
    for at, row in enumerate(rows):
        where = ["refundLineItems", str(at)]
        if row["lineItemId"] not in lines:
            yield user_error([*where, "lineItemId"], "Line item does not exist")
        elif row["quantity"] < 1:
            yield user_error([*where, "quantity"], "Quantity must be greater than 0")
        elif row["quantity"] > left[row["lineItemId"]]:
            yield user_error([*where, "quantity"], TOO_MANY)
        else:
            left[row["lineItemId"]] -= row["quantity"]


def payment_refusals(order: Record, given: Record) -> Iterator[Record]:
    """What is wrong with the payments of a refund; one over what was received is never made by mistake."""
    rows = given.get("transactions") or []
    for row in rows:
        if row["kind"] != "REFUND":
            yield user_error(None, f"Kind {row['kind'].lower()} is not a valid transaction")
    left = {one["id"]: (one, presented(rest)) for one, rest in payments_left(order)}
    if any(row.get("parentId") not in left for row in rows):
        yield user_error(["transactions"], NO_PARENT)
        return
    credit = sum((one.amount for one in credits_of(given.get("refundMethods") or ())), Decimal(0))
    wanted = sum((Decimal(row["amount"]) for row in rows), credit)
    received = presented(net_payment(order))
    gateways = {left[row["parentId"]][0]["gateway"] for row in rows}
    if given.get("allowOverRefunding") and not gateways & NEVER_OVER:
        return
    if wanted > received:
        words = f"{money_text(wanted, order)} is greater than net payment received {money_text(received, order)}"
        yield user_error(None, f"Refund amount {words}")
    by_parent: dict[str, Decimal] = {}
    for row in rows:
        by_parent[row["parentId"]] = by_parent.get(row["parentId"], Decimal(0)) + Decimal(row["amount"])
    for parent, amount in by_parent.items():
        if amount > left[parent][1]:
            words = (
                f"{money_text(amount, order)} is greater than its payment has left {money_text(left[parent][1], order)}"
            )
            yield user_error(["transactions"], f"Refund amount {words}")


def money_text(amount: Decimal, order: Record) -> str:
    """An amount as refusals print it."""
    code = order["presentmentCurrencyCode"]
    return f"{SYMBOLS.get(code, code + ' ')}{amount:,.2f}"


def credits_of(methods: Sequence[Record]) -> list[Payback]:
    """Refunds to store credit."""
    rows = [one["storeCreditRefund"] for one in methods if one.get("storeCreditRefund")]
    return [Payback(None, Decimal(row["amount"]["amount"]), STORE_CREDIT) for row in rows]


def parts_of(order: Record, given: Record) -> Parts:
    """What a refund input takes out of an order. Rows of the same line follow each other."""
    pieces = list(line_pieces(order, given.get("refundLineItems") or ()))
    shipping = given.get("shipping") or {}
    delivered = []
    if shipping.get("amount") is not None:
        delivered = deliveries(order, Decimal(shipping["amount"]))
    elif shipping.get("fullRefund"):
        delivered = deliveries(order, None)
    return Parts(pieces, delivered, duty_parts(order, given.get("refundDuties") or (), pieces))


def line_pieces(order: Record, rows: Sequence[Record]) -> Iterator[Piece]:
    """Refund rows as pieces of order lines."""
    lines = {line["id"]: line for line in order["lineItems"]}
    gone: dict[str, int] = {}
    for row in rows:
        line = lines[row["lineItemId"]]
        start = piece(line, row["quantity"], row.get("restockType") or "NO_RESTOCK", row.get("locationId"))
        before = start.before + gone.get(line["id"], 0)
        gone[line["id"]] = gone.get(line["id"], 0) + row["quantity"]
        yield Piece(line, start.pieces, before, start.restock_type, start.location)


def _delivery_left(order: Record) -> Decimal:
    return sum((presented(one.subtotal) for one in deliveries(order, None)), Decimal(0))


def settle(call: Call, order: Record, settlement: Settlement, **more: Any) -> Record:
    """Take the parts out of the order, pay back, and keep the refund; `more` changes the order besides."""
    after = {**order, **without(order, settlement.parts)}
    transactions = list(payments_back(call.state, call.shop, order, settlement))
    actual = total(nothing(order), (one["amountSet"] for one in transactions))
    off = discrepancy(order, after, actual)
    changes = {name: after[name] for name in after if after[name] is not order.get(name)}
    changes["currentTotalPriceSet"] = add_bags(current(after, "currentTotalPriceSet"), off)
    rows = [*settlement.rows, *settlement.parts.pieces]
    refund = refund_record(call.state, call.shop, order, settlement, rows, transactions)
    refund["orderAdjustments"] = adjustments(call.state, call.shop, off, settlement, actual)
    changes["lineItems"] = take_out(call.state, call.shop, order, settlement.parts.pieces)
    changes["refunds"] = [*order.get("refunds", ()), refund]
    changed = {**order, **changes}
    changes |= with_transaction(changed, *transactions) if transactions or order["transactions"] else figures(changed)
    refresh(call.state, call.shop, order["id"], {**changes, **more})
    return refund
