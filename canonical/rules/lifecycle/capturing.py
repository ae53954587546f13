"""Capturing what was authorised, as it ships: in presentment currency, to the cent, all of it at the last shipment."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from canonical.life import Shipped
from canonical.money import Money
from canonical.order import Order, OrderLine, Transaction, TransactionKind, TransactionStatus
from canonical.rules import totals
from canonical.rules.lifecycle.drafting import Draft
from canonical.rules.lifecycle.keys import key
from canonical.rules.lifecycle.pieces import added
from canonical.rules.lifecycle.policy import CaptureWhen
from canonical.rules.lifecycle.telling import told_at
from canonical.rules.lifecycle.tidying import after_cancel, open_lines
from canonical.rules.tenders import open_amount
from canonical.rules.totals import Side
from canonical.steps import Capture, Operation

REST = "rest"
"""The subject of the capture of what is left when nothing more ships."""


def plan_captures(draft: Draft) -> None:
    """A capture for each shipment that the shop shows, one after the other: each takes up to what has left by then."""
    if draft.policy.capture is not CaptureWhen.ON_SHIPMENT or draft.order.cancelled_at is not None:
        return
    authorised = [one for one in draft.order.transactions if _holds(draft.order, one)]
    if not authorised:
        return
    shown = _shown(draft)
    over = not open_lines(draft) and len(shown) == len([one for one in draft.life.shipments if not one.cancelled])
    for place, shipment in enumerate(shown):
        last = over and place == len(shown) - 1
        due = _due(draft, shown[: place + 1], whole=last)
        before = _due(draft, shown[:place], whole=False)
        if not _capture(draft, authorised, shipment.id, before, due):
            return
    if over and shown:
        _capture(draft, authorised, REST, _captured(draft, authorised, shown[-1]), _due(draft, shown, whole=True))


def worth(order: Order, quantities: Mapping[str, int]) -> Money:
    """What pieces cost the shopper with taxes, and their share of delivery, tips, duties and fees.

    >>> from canonical.rules import example
    >>> str(worth(example.order(), {"11": 1}))
    '23.80 USD'
    """
    by_id = {line.id: line for line in totals.goods(order)}
    all_goods = sum((_value(order, line, line.quantity) for line in by_id.values()), Decimal(0))
    these = sum((_value(order, by_id[line], n) for line, n in quantities.items() if line in by_id), Decimal(0))
    rest = totals.order_total(order, Side.PRESENTMENT) - all_goods
    share = rest if not all_goods else rest * these / all_goods
    return Money(amount=these + share, currency=order.presentment_currency).rounded()


def _value(order: Order, line: OrderLine, pieces: int) -> Decimal:
    """Goods after discounts, with tax."""
    if not line.quantity:
        return Decimal(0)
    whole = totals.on(Side.PRESENTMENT, line.unit_price) * line.quantity
    whole -= totals.discount_of(line.allocations, Side.PRESENTMENT)
    whole += Decimal(0) if order.taxes_included else totals.tax_of(line.taxes, Side.PRESENTMENT)
    return whole * min(pieces, line.quantity) / line.quantity


def _due(draft: Draft, shipments: Sequence[Shipped], *, whole: bool) -> Money:
    """What is to be paid once these have left. The last one takes all that the order is worth now."""
    order = draft.order
    if not shipments:
        return Money.zero(order.presentment_currency)
    lines = added(one.lines for one in shipments)
    if not whole:
        return worth(order, lines)
    edited = [line for line in totals.goods(order) if line.current_quantity < line.quantity]
    if not edited:
        return Money(amount=totals.order_total(order, Side.PRESENTMENT), currency=order.presentment_currency)
    by_id = {line.id: line for line in totals.goods(order)}
    kept = {line: max(n, lines.get(line, 0)) for line, n in ((one.id, one.current_quantity) for one in by_id.values())}
    goods = sum((_value(order, by_id[line], n) for line, n in kept.items()), Decimal(0))
    every = sum((_value(order, line, line.quantity) for line in by_id.values()), Decimal(0))
    rest = totals.order_total(order, Side.PRESENTMENT) - every
    return Money(amount=goods + rest, currency=order.presentment_currency).rounded()


def _capture(draft: Draft, authorised: Sequence[Transaction], subject: str, before: Money, due: Money) -> bool:
    """Up to `due` of the authorisations, in the order they were made; True when it is done, or nothing is due."""
    settled = True
    for one, had, now in zip(
        authorised, _spread(draft, authorised, before), _spread(draft, authorised, due), strict=True
    ):
        if now.amount <= had.amount:
            continue
        capture = Capture(draft.order.id, one.id, now)
        name = key(draft.life, Operation.CAPTURE, one.id, subject)
        done = draft.want(Operation.CAPTURE, name, subject, lambda capture=capture: capture)  # type: ignore[misc]
        settled = settled and done is not None
    return settled


def _spread(draft: Draft, authorised: Sequence[Transaction], amount: Money) -> list[Money]:
    """How much of each authorisation is captured when so much is due. What was paid at once counts first."""
    left, parts = amount - _paid_at_once(draft.order), list[Money]()
    for one in authorised:
        part = max(Money.zero(amount.currency), min(left, one.amount.presentment))
        parts.append(part)
        left = left - part
    return parts


def _captured(draft: Draft, authorised: Sequence[Transaction], last: Shipped) -> Money:
    """What the captures so far come to, with what was paid at once."""
    sum_ = _paid_at_once(draft.order)
    for one in authorised:
        mine = [draft.life.done.get(key(draft.life, Operation.CAPTURE, one.id, s.id)) for s in draft.life.shipments]
        taken = [Decimal(done.number) for done in mine if done and done.number]
        sum_ = sum_ + Money(amount=max(taken, default=Decimal(0)), currency=sum_.currency)
    return sum_


def _paid_at_once(order: Order) -> Money:
    paid = Money.zero(order.presentment_currency)
    for one in order.transactions:
        if one.kind is TransactionKind.SALE and one.status is TransactionStatus.SUCCESS:
            paid = paid + one.amount.presentment
    return paid


def _holds(order: Order, one: Transaction) -> bool:
    ok = one.kind is TransactionKind.AUTHORIZATION and one.status is TransactionStatus.SUCCESS
    return ok and not open_amount(order, one).is_zero


def _shown(draft: Draft) -> list[Shipped]:
    """Shipments that the shop shows, in the order in which it came to show them."""
    late = {one.id for one in after_cancel(draft)}
    told = [(told_at(draft.life, one), one) for one in draft.life.shipments if not one.cancelled and one.id not in late]
    return [one for _, one in sorted(((at, one) for at, one in told if at), key=lambda pair: (pair[0], pair[1].id))]
