"""Refunds as they are kept: their rows, adjustments and payments, whoever makes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from deployments.sandbox.shopify.domains.payments import add_bags, new_transaction
from deployments.sandbox.shopify.domains.refunding import (
    Parts,
    Piece,
    deliveries,
    discrepancy,
    in_both,
    left_of,
    net_payment,
    nothing,
    payments_left,
    piece,
    presented,
    refunded_of,
    total,
    without,
)
from deployments.sandbox.shopify.domains.restocking import shipped_from
from deployments.sandbox.shopify.records import Record, amount_of, gid, reference
from deployments.sandbox.shopify.state import State

DISCREPANCIES = {"CUSTOMER": "CUSTOMER", "DAMAGE": "DAMAGE", "RESTOCK": "RESTOCK"}


@dataclass(frozen=True, slots=True)
class Payback:
    """One payment back: what of, how much (presentment), through what."""

    parent: Record | None
    amount: Decimal
    gateway: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """A refund to be made: what leaves the order, what is paid, and why."""

    parts: Parts = field(default_factory=Parts)
    paid: Sequence[Payback] = ()
    note: str | None = None
    processed_at: str | None = None
    reason: str | None = None
    return_id: str | None = None
    # Rows for goods that left the order before.
    rows: Sequence[Piece] = ()


def duties_of(order: Record) -> list[tuple[Record, Record, Record]]:
    """Each duty, its line, and what is left to refund of it."""
    given_back: dict[str, list[Record]] = {}
    for refund in order.get("refunds") or ():
        for row in refund.get("duties") or ():
            given_back.setdefault((row["originalDuty"] or {}).get("id", ""), []).append(row["amountSet"])
    rows = []
    for line in order["lineItems"]:
        for duty in line.get("duties") or ():
            back = total(nothing(order), given_back.get(duty["id"], ()))
            rows.append((duty, line, add_bags(duty["price"], back, -1)))
    return rows


def duty_parts(order: Record, rows: Sequence[Record], pieces: Sequence[Piece]) -> list[tuple[Record, Record]]:
    """Duties given back: all that is left, or the part of the pieces refunded with them."""
    known = {duty["id"]: (duty, line, left) for duty, line, left in duties_of(order)}
    parts = []
    for row in rows:
        duty, line, left = known[row["dutyId"]]
        mine = [one.of(duty["price"]) for one in pieces if one.line["id"] == line["id"]]
        parts.append((duty, total(nothing(order), mine) if row.get("refundType") == "PROPORTIONAL" else left))
    return parts


def payments_back(state: State, shop: str, order: Record, settlement: Settlement) -> Iterator[Record]:
    taken: dict[str, Decimal] = {}
    for one in settlement.paid:
        more: Record = {"gateway": one.gateway}
        before = Decimal(0)
        if one.parent is not None:
            before = taken.get(one.parent["id"], presented(refunded_of(order, one.parent)))
            taken[one.parent["id"]] = before + one.amount
            more |= {"parentTransaction": reference(one.parent), "accountNumber": one.parent.get("accountNumber")}
            more |= {name: one.parent[name] for name in ("formattedGateway", "test") if name in one.parent}
        if settlement.processed_at:
            more["processedAt"] = settlement.processed_at
        amount = in_both(order, one.amount, one.parent, before)
        yield new_transaction(state, shop, order, "REFUND", amount, **more)


def refund_record(
    state: State,
    shop: str,
    order: Record,
    settlement: Settlement,
    pieces: Sequence[Piece],
    transactions: Sequence[Record],
) -> Record:
    number, now = state.space(shop).number, state.now_text()
    zero = nothing(order)
    return {
        "id": gid("Refund", number()),
        "createdAt": now,
        "updatedAt": now,
        "processedAt": settlement.processed_at or now,
        "note": settlement.note,
        "order": reference(order),
        "return": {"id": settlement.return_id} if settlement.return_id else None,
        "totalRefundedSet": total(zero, (one["amountSet"] for one in transactions)),
        "refundLineItems": [_row(state, shop, order, one) for one in pieces],
        "refundShippingLines": [
            {
                "id": gid("RefundShippingLine", number()),
                "shippingLine": reference(one.line),
                "subtotalAmountSet": one.subtotal,
                "taxAmountSet": total(zero, (amount for _, amount in one.tax_parts)),
            }
            for one in settlement.parts.deliveries
        ],
        "duties": [{"amountSet": amount, "originalDuty": duty} for duty, amount in settlement.parts.duties],
        "totalDutiesSet": total(zero, (amount for _, amount in settlement.parts.duties)),
        "transactions": [reference(one) for one in transactions],
    }


def _row(state: State, shop: str, order: Record, one: Piece) -> Record:
    restocked = one.restock_type != "NO_RESTOCK"
    place = (one.location or shipped_from(state, shop, order, one.line)) if restocked else None
    return {
        "id": gid("RefundLineItem", state.space(shop).number()),
        "lineItem": reference(one.line),
        "quantity": one.pieces,
        "restockType": one.restock_type,
        "restocked": restocked,
        "location": {"id": place} if place else None,
        "priceSet": one.line["originalUnitPriceSet"],
        "subtotalSet": one.subtotal,
        "totalTaxSet": total(nothing(order), (amount for _, amount in one.taxes)),
    }


def adjustments(state: State, shop: str, off: Record, settlement: Settlement, actual: Record) -> list[Record]:
    if not presented(off) and not amount_of(off):
        return []
    parts = settlement.parts
    everything = not presented(actual) and bool(parts.pieces)
    usual = "PENDING_REFUND_DISCREPANCY" if everything else "REFUND_DISCREPANCY"
    reason = DISCREPANCIES.get(settlement.reason or "", usual)
    zero = {side: {**money, "amount": "0.00"} for side, money in off.items()}
    return [
        {
            "id": gid("OrderAdjustment", state.space(shop).number()),
            "reason": reason,
            "amountSet": off,
            "taxAmountSet": zero,
        }
    ]


def cancellation(
    state: State, shop: str, order: Record, *, restock: bool, gateway: str | None
) -> tuple[Record, list[Record]]:
    """The refund of all that is left of an order, and its payments: each payment goes back where it came from.

    `gateway` pays all of it back another way, as store credit does.
    """
    kind = "CANCEL" if restock else "NO_RESTOCK"
    pieces = [piece(line, left_of(line), kind) for line in order["lineItems"] if left_of(line)]
    duties = [(duty, left) for duty, _, left in duties_of(order) if presented(left)]
    settlement = Settlement(Parts(pieces, deliveries(order, None), duties), list(_all_back(order, gateway)))
    transactions = list(payments_back(state, shop, order, settlement))
    refund = refund_record(state, shop, order, settlement, pieces, transactions)
    after = {**order, **without(order, settlement.parts)}
    off = discrepancy(order, after, refund["totalRefundedSet"])
    return {
        **refund,
        "orderAdjustments": adjustments(state, shop, off, settlement, refund["totalRefundedSet"]),
    }, transactions


def _all_back(order: Record, gateway: str | None) -> Iterator[Payback]:
    owed = presented(net_payment(order))
    for payment, left in payments_left(order):
        amount = min(owed, presented(left))
        owed -= amount
        if amount > 0:
            yield Payback(payment, amount, gateway or payment["gateway"])
