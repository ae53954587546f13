"""Keeping the ERP's sale what the order is: what an edit adds or takes out, and the rest of a cancelled order.

What the sale holds is known by a fingerprint, so that a plan compares without building a document. Pieces that have
left, or that a warehouse may still ship, stay in the sale until it is sure that they do not.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from canonical.booking import BookingLine, SalesOrderDocument
from canonical.errors import HeldError, RejectedError
from canonical.life import CancelledBy, OrderLife, Task
from canonical.money import Money, total
from canonical.order import Order
from canonical.rules import totals
from canonical.rules.changes import heads
from canonical.rules.lifecycle.drafting import Draft
from canonical.rules.lifecycle.keys import cancel_sale_key, key, mark
from canonical.rules.lifecycle.pieces import added, left, live_tasks, wanted
from canonical.rules.lifecycle.posting import invoices
from canonical.rules.lifecycle.tidying import after_cancel
from canonical.settlement import SaleAmendment
from canonical.steps import Operation

CHANGED: Final = "changed_after_posting"
"""The case of a change that the ERP's sale does not follow. Released, it means: a person brought the sale in line."""
REST_OPEN: Final = "rest_open_in_erp"
"""The same for the rest of a cancelled order."""
_WAYS_OUT: Final = {
    CHANGED: "Change the sale in the ERP by hand and release this, or take the change back in the shop.",
    REST_OPEN: "Close what is open of the sale in the ERP; then release this.",
}


def booked_as(order: Order) -> dict[str, Any]:
    """What a sale holds that was booked of this order, as `hear_booked` takes it."""
    return {"sold": sale_mark(order), "heads": heads(order)}


def hear_booked(life: OrderLife, told: Mapping[str, Any]) -> OrderLife:
    """The ERP has booked it as that. Heard again, or after an amendment, it is nothing new."""
    if life.sold is not None or life.amending is not None or "sold" not in told:
        return life
    return life.model_copy(update={"sold": told["sold"], "heads": dict(told.get("heads") or {})})


def plan_amending(draft: Draft) -> bool:
    """Amend the sale when it is not what the order is. True while an amendment is on its way: postings wait for it."""
    if draft.facts.sale_of is None or not draft.facts.booked or cancel_sale_key(draft.life) in draft.life.done:
        return False
    _take_as_it_is(draft)
    cancelled = draft.life.cancellation is not None
    if cancelled and not _rest_stands(draft):
        return False
    if not cancelled:
        _booked_for_others(draft)
    pieces = to_sell(draft.order, draft.life)
    now = sale_mark(draft.order, pieces)
    if now == draft.life.sold and draft.life.amending is None:
        return False
    return _amend(draft, pieces, now, REST_OPEN if cancelled else CHANGED)


def to_sell(order: Order, life: OrderLife) -> dict[str, int]:
    """Pieces that the sale is to hold, by order line: what is wanted, and what has left or may still leave."""
    floor = added((left(life), *(_may_leave(task) for task in live_tasks(life))))
    most = {line.id: line.quantity for line in order.lines}
    return {line: min(most[line], max(n, floor.get(line, 0))) for line, n in wanted(order, life).items()}


def _may_leave(task: Task) -> dict[str, int]:
    """What the warehouse may still ship of a request: of one that is being amended, what it had before, too."""
    in_flight = task.asked and task.taken is not None and task.taken < task.revision
    had = task.taken_lines if in_flight else {}
    gone = added((task.shipped, task.short))
    lines = {line: max(task.lines.get(line, 0), had.get(line, 0)) for line in {*task.lines, *had}}
    return {line: n - gone.get(line, 0) for line, n in lines.items() if n > gone.get(line, 0)}


def sale_mark(order: Order, pieces: Mapping[str, int] | None = None) -> str:
    """The fingerprint of the sale of an order with so many pieces of each line; without them, as it is booked.

    >>> from canonical.rules import example
    >>> order = example.order()
    >>> sale_mark(order) == sale_mark(order, {"11": 1}) != sale_mark(order, {"11": 0})
    True
    """
    count = dict(pieces or {})

    def text(*amounts: Decimal) -> list[str]:  # one amount has one text, however it is written
        return [f"{amount:.4f}" for amount in amounts]

    goods = [
        [
            *(line.id, line.sku or "", count.get(line.id, line.quantity)),
            *text(line.unit_price.shop.amount, totals.discount_of(line.allocations), totals.tax_of(line.taxes)),
        ]
        for line in order.lines
    ]
    charges = [
        [one.id, *text(one.price.shop.amount, totals.discount_of(one.allocations))] for one in totals.charges(order)
    ]
    return mark([sorted((row for row in goods if row[2]), key=str), sorted(charges, key=str)])


def amended(document: SalesOrderDocument, pieces: Mapping[str, int]) -> SalesOrderDocument:
    """The document with so many pieces of each of these lines, at the same price each; the total is what that comes to.

    >>> from canonical.rules import example
    >>> from canonical.rules.booking import sales_order_document
    >>> order = example.order(lines=(example.line(quantity=2),))
    >>> document = sales_order_document(order, example.MAPPINGS, example.COMPANY)
    >>> str(document.total), str(amended(document, {"11": 1}).total)
    ('43.80 USD', '22.90 USD')
    """
    lines = tuple(
        _of_pieces(line, pieces.get(line.key, line.quantity))
        for line in document.lines
        if pieces.get(line.key, line.quantity)
    )
    if lines == document.lines:
        return document
    whole = total((line.gross for line in lines), document.currency)
    return document.model_copy(update={"lines": lines, "total": whole})


def _of_pieces(line: BookingLine, pieces: int) -> BookingLine:
    if pieces == line.quantity:
        return line

    def share(amount: Money) -> Money:
        return Money(amount=amount.amount * pieces / line.quantity, currency=amount.currency).rounded()

    net, discount = share(line.net), share(line.discount)
    taxes = tuple(tax.model_copy(update={"amount": share(tax.amount)}) for tax in line.taxes)
    changes = {"quantity": pieces, "net": net, "discount": discount, "list_net": net + discount, "taxes": taxes}
    return line.model_copy(update=changes)


def _take_as_it_is(draft: Draft) -> None:
    """A life that does not know what its sale holds, or whose change a person has brought in line, begins from now."""
    changes: dict[str, Any] = {}
    if CHANGED in draft.life.waived:
        changes["waived"] = tuple(code for code in draft.life.waived if code != CHANGED)
        changes["sold"] = sale_mark(draft.order, to_sell(draft.order, draft.life))
        changes["heads"] = heads(draft.order)
    elif draft.life.sold is None and draft.life.amending is None:
        changes["sold"], changes["heads"] = sale_mark(draft.order), heads(draft.order)
    if changes:
        draft.life = draft.life.model_copy(update=changes)


def _rest_stands(draft: Draft) -> bool:
    """Whether the sale of a cancelled order stays for what left of it, so that its rest is to be taken out.

    What left too late to be a sale is a person's: nothing of it is invoiced.
    """
    if draft.life.cancellation is None or draft.life.cancellation.by is CancelledBy.ERP:
        return False
    if REST_OPEN in draft.life.waived or after_cancel(draft):
        return False
    return any(left(draft.life).values()) or bool(invoices(draft.life))


def _booked_for_others(draft: Draft) -> None:
    """Who is billed is no matter of an amendment: invoices are made out to it."""
    known, now = draft.life.heads, heads(draft.order)
    changed = [name.replace("_", " ") for name, value in now.items() if known.get(name, value) != value]
    if changed:
        words = f"the {' and the '.join(changed)} changed after the order was booked"
        draft.wait(CHANGED, words, _WAYS_OUT[CHANGED])


def _amend(draft: Draft, pieces: Mapping[str, int], now: str, case: str) -> bool:
    life, sale_of = draft.life, draft.facts.sale_of
    assert sale_of is not None
    try:
        document = amended(sale_of(draft.order), pieces)
    except HeldError as error:  # a mapping is missing: once it is there, it goes on by itself
        draft.wait(
            error.code, f"the order changed after it was booked: {error.words}", error.way_out or _WAYS_OUT[case]
        )
        return False
    except RejectedError as error:
        draft.wait(case, f"the order changed after it was booked: {error.words}", _WAYS_OUT[case])
        return False
    settled = sum(one.split(":")[1] == Operation.AMEND_SALE.value for one in life.done)
    name = key(life, Operation.AMEND_SALE, f"r{settled + 1}", now)
    ask = SaleAmendment(key=name, sale_key=draft.facts.sale_key, document=document)
    draft.want(Operation.AMEND_SALE, name, draft.order.name, lambda: ask, waits_as=(case, _WAYS_OUT[case]))
    if name not in draft.steps:
        return False
    draft.life = draft.life.model_copy(update={"amending": now})
    return True
