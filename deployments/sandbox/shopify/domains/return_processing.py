"""`returnProcess`: what came back leaves the order, exchanged goods join it, and money is paid back. It stays open."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from deployments.sandbox.shopify.domains.exchanges import add_exchanges, exchange_total
from deployments.sandbox.shopify.domains.payments import figures, with_transaction
from deployments.sandbox.shopify.domains.refund_records import Payback, Settlement, duty_parts
from deployments.sandbox.shopify.domains.refunding import (
    Delivery,
    Parts,
    deliveries,
    nothing,
    payments_left,
    piece,
    total,
    without,
)
from deployments.sandbox.shopify.domains.refunds import credits_of, payment_refusals, settle
from deployments.sandbox.shopify.domains.restocking import take_out
from deployments.sandbox.shopify.domains.returning import order_line, returned_pieces, reverse_orders, show
from deployments.sandbox.shopify.domains.reverse_logistics import apply_dispositions, disposition_refusals
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.outbound import refresh
from deployments.sandbox.shopify.records import Record, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
NO_LINE = "Return line item was not found."


@domain.mutation("returnProcess")
def process(call: Call, arguments: Arguments) -> Record:
    """Process lines, with their dispositions, exchanges and the refund, or say why not."""
    given = arguments["input"]
    one = call.find(given["returnId"])
    if one is None:
        return {"return": None, "userErrors": [user_error(["input", "returnId"], "Return not found.", "NOT_FOUND")]}
    order = call.find(one["order"]["id"])
    assert order is not None
    refund = (given.get("financialTransfer") or {}).get("issueRefund")
    errors = list(_refusals(call, order, one, given, refund))
    if errors:
        return {"return": None, "userErrors": errors[:1]}
    _run(call, order, one, given, refund)
    return {"return": reference(one), "userErrors": []}


def _refusals(call: Call, order: Record, one: Record, given: Record, refund: Record | None) -> Iterator[Record]:
    if one["status"] != "OPEN":
        yield user_error(["input", "returnId"], "Return status is invalid.", "INVALID_STATE")
        return
    for name in ("returnLineItems", "exchangeLineItems"):
        left = {line["id"]: line["quantity"] - line["processedQuantity"] for line in one[name]}
        for at, row in enumerate(given.get(name) or ()):
            where = ["input", name, str(at)]
            if row["id"] not in left:
                yield user_error([*where, "id"], NO_LINE, "NOT_FOUND")
            elif not 0 < row["quantity"] <= left[row["id"]]:
                yield user_error([*where, "quantity"], "Return line item has an invalid quantity.", "INVALID")
            else:
                left[row["id"]] -= row["quantity"]
            if row.get("dispositions"):
                yield from disposition_refusals(call, row["dispositions"], [*where, "dispositions"])
    if refund is not None:
        for error in payment_refusals(order, _as_refund(refund)):
            yield {**error, "field": ["input", "financialTransfer", "issueRefund"], "code": "INVALID"}


def _as_refund(refund: Record) -> Record:
    """The payments of a return as those of a plain refund."""
    rows = [
        {"kind": "REFUND", "parentId": row["parentId"], "amount": row["transactionAmount"]["amount"]}
        for row in refund.get("orderTransactions") or ()
    ]
    return {**refund, "transactions": rows}


def _run(call: Call, order: Record, one: Record, given: Record, refund: Record | None) -> None:
    for row in given.get("returnLineItems") or ():
        if row.get("dispositions"):
            apply_dispositions(call, row["dispositions"])
    # Exchanges and dispositions have changed the order.
    exchanged = _asked(given.get("exchangeLineItems") or ())
    add_exchanges(call, order, one, [{"id": key, "quantity": pieces} for key, pieces in exchanged.items()])
    order = call.find(order["id"]) or order
    parts = parts_of_return(call, order, one, given)
    _count(call, one, given, parts, refunded=refund is not None)
    call.state.announce(call.shop, {**one, "processed": given}, ("returns/process",))
    if refund is None:
        _leave(call, order, parts)
    else:
        paid = [_payback(order, row) for row in refund.get("orderTransactions") or ()]
        paid += credits_of(refund.get("refundMethods") or ())
        settle(call, order, Settlement(parts=parts, paid=paid, note=given.get("note"), return_id=one["id"]))
    show(call.state, call.shop, order["id"])


def _payback(order: Record, row: Record) -> Payback:
    parent = next(payment for payment, _ in payments_left(order) if payment["id"] == row["parentId"])
    return Payback(parent, Decimal(str(row["transactionAmount"]["amount"])), parent["gateway"])


def _leave(call: Call, order: Record, parts: Parts) -> None:
    """Goods leave the order and nothing is paid back yet: it is owed."""
    changes: Record = {**without(order, parts), "lineItems": take_out(call.state, call.shop, order, parts.pieces)}
    changed = {**order, **changes}
    changes |= with_transaction(changed) if order.get("transactions") else figures(changed)
    refresh(call.state, call.shop, order["id"], changes)


def _count(call: Call, one: Record, given: Record, parts: Parts, *, refunded: bool) -> None:
    changes: Record = {"feesCharged": one["feesCharged"] or bool(parts.pieces)}
    for name in ("returnLineItems", "exchangeLineItems"):
        done = _asked(given.get(name) or ())
        changes[name] = [_with(row, done.get(row["id"], 0), refunded=refunded) for row in _latest(call, one)[name]]
    call.state.update(call.shop, one["id"], changes, topics=())


def _latest(call: Call, one: Record) -> Record:
    return call.find(one["id"]) or one


def _with(row: Record, pieces: int, *, refunded: bool) -> Record:
    changed = {**row, "processedQuantity": row["processedQuantity"] + pieces}
    if refunded and "refundedQuantity" in row:
        changed["refundedQuantity"] = row["refundedQuantity"] + pieces
    return changed


def _asked(rows: Sequence[Record]) -> dict[str, int]:
    asked: dict[str, int] = {}
    for row in rows:
        asked[row["id"]] = asked.get(row["id"], 0) + row["quantity"]
    return asked


def parts_of_return(call: Call, order: Record, one: Record, given: Arguments) -> Parts:
    """What leaves the order when lines of a return are processed, and the fees kept for it.

    `given` has `returnLineItems`, `refundShipping` and `refundDuties` as `returnProcess` takes them.
    """
    wanted = _asked(given.get("returnLineItems") or ())
    lines = [line for line in one["returnLineItems"] if wanted.get(line["id"])]
    pieces = returned_pieces(row for line in lines for row in _rows(call, one, line, wanted[line["id"]]))
    fees = [_fee(line, wanted[line["id"]]) for line in lines if line.get("restockingFee")]
    if pieces and not one["feesCharged"]:
        fees += [fee["amountSet"] for fee in one["returnShippingFees"]]
    duties = duty_parts(order, given.get("refundDuties") or (), pieces)
    return Parts(pieces, _deliveries(order, given.get("refundShipping") or {}), duties, fees)


def _fee(line: Record, pieces: int) -> Record:
    """The restocking fee of the next pieces of a return line."""
    row = {"quantity": line["quantity"], "currentQuantity": line["quantity"] - line["processedQuantity"]}
    return piece(row, pieces).of(line["restockingFee"]["amountSet"])


def _deliveries(order: Record, given: Record) -> list[Delivery]:
    if given.get("shippingRefundAmount"):
        return deliveries(order, Decimal(str(given["shippingRefundAmount"]["amount"])))
    return deliveries(order, None) if given.get("fullRefund") else []


def _rows(call: Call, one: Record, line: Record, pieces: int) -> Iterator[tuple[Record, int, str, str | None]]:
    """The next pieces of a return line by what became of them: restocked where, or not."""
    sold = order_line(call.state, call.shop, line)
    units: list[tuple[str, str | None]] = []
    for request in reverse_orders(call.state, call.shop, one):
        for row in request["lineItems"]:
            for made in row["dispositions"] if row["returnLine"]["id"] == line["id"] else ():
                back = made["type"] == "RESTOCKED"
                place = made["location"]["id"] if back and made["location"] else None
                units += [("RETURN" if back else "NO_RESTOCK", place)] * made["quantity"]
    start = line["processedQuantity"]
    units += [("NO_RESTOCK", None)] * (start + pieces - len(units))
    mine = units[start : start + pieces]
    for kind, place in dict.fromkeys(mine):
        yield sold, mine.count((kind, place)), kind, place


def exchange_value(call: Call, order: Record, one: Record, rows: Sequence[Record]) -> Record:
    """What exchanged goods add to the order."""
    lines = {line["id"]: line for line in one["exchangeLineItems"]}
    return total(nothing(order), (exchange_total(call, order, lines[row["id"]], row["quantity"]) for row in rows))


@domain.mutation("returnRefund")
def refund_return(call: Call, arguments: Arguments) -> Record:
    """The same in its old form: lines are processed and paid back, nothing is said of the goods."""
    given = arguments["returnRefundInput"]
    rows = [{"id": row["returnLineItemId"], "quantity": row["quantity"]} for row in given["returnRefundLineItems"]]
    transfer = {"issueRefund": {"orderTransactions": given.get("orderTransactions") or []}}
    known = {name: given[name] for name in ("returnId", "refundShipping", "refundDuties") if name in given}
    done: Any = process(call, {"input": {**known, "returnLineItems": rows, "financialTransfer": transfer}})
    if done["userErrors"]:
        return {"refund": None, "userErrors": done["userErrors"]}
    order = call.find((call.find(given["returnId"]) or {})["order"]["id"]) or {}
    return {"refund": reference(order["refunds"][-1]), "userErrors": []}
