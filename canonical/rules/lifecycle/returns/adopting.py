"""Refunds that somebody made in the shop: the credit memo follows, and a difference to our own figures has a name."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

from canonical.life import Arrival, ArrivedLine, OrderLife, ReturnedLine, ReturnLife, Settling, SettlingLine
from canonical.money import Money, MoneyPair, quantum
from canonical.returns import Disposition, Inspected, Refund
from canonical.rules.lifecycle.facts import Facts, Waits
from canonical.rules.lifecycle.returns import money, naming
from canonical.rules.lifecycle.returns.account import Account, lines_of, money_of, settlings
from canonical.rules.lifecycle.returns.belonging import place_of, same_pieces
from canonical.rules.lifecycle.returns.freezing import adjusted
from canonical.settlement import InvoiceTrigger
from canonical.steps import Operation


def adopt(facts: Facts, life: OrderLife) -> tuple[OrderLife, list[Waits]]:
    """A settling for every refund that has none, and the waits of those that need a person first."""
    known = {one.refund_id for _, one in naming.all_settlings(life)}
    waits = list[Waits]()
    for refund in life.refunds:
        if refund.id in known:
            continue
        place = place_of(life, refund)
        return_ = life.return_(place) or naming.alone(place, refund)
        taken, stop = _adopted(facts, life, return_, refund)
        waits += stop
        if taken is not None:
            life = naming.without_stray(life.with_return(naming.with_settling(return_, taken)), refund.id)
    for return_ in life.returns:
        life, stop = _restocked(facts, life, return_)
        waits += stop
    return life, waits


def _restocked(facts: Facts, life: OrderLife, return_: ReturnLife) -> tuple[OrderLife, list[Waits]]:
    """Pieces that somebody refunded in the shop and put back to stock there: the ERP receives them, too."""
    refund = next((one for one in life.refunds if return_.id == f"{naming.REFUND_ALONE}{one.id}"), None)
    if refund is None or return_.arrivals or return_.authorised_to or not return_.settlings or not facts.booked:
        return life, []
    back = _back(facts, life, refund)
    if not back:
        return life, []
    ids = {line.location_id for line in refund.lines if line.line_id in back and line.restock}
    codes = {facts.places.location(life.shop, id_, None) for id_ in ids}
    place = next(iter(codes))
    if place is None or len(codes) > 1:
        words = f"refund {refund.id} of {facts.order.name} restocked goods at {', '.join(sorted(map(str, ids)))}"
        way_out = "Map the location, or receive the goods in the ERP by hand and release this."
        return life, [Waits("restocked_elsewhere", words, way_out)]
    lines = tuple(
        ReturnedLine(line_id=id_, asked=n, authorised=n, received=n, inspected=_restock(n, place))
        for id_, n in back.items()
    )
    arrived = Arrival(
        id=return_.id,
        location=place,
        at=refund.created_at,
        inspected=True,
        lines=tuple(ArrivedLine(line_id=id_, quantity=n, disposition=Disposition.RESTOCK) for id_, n in back.items()),
    )
    changes = {"lines": lines, "arrivals": (arrived,), "location": place, "authorised_to": place}
    return life.with_return(return_.model_copy(update=changes)), []


def _restock(pieces: int, place: str) -> tuple[Inspected, ...]:
    return (Inspected(disposition=Disposition.RESTOCK, quantity=pieces, location=place),)


def _back(facts: Facts, life: OrderLife, refund: Refund) -> dict[str, int]:
    """Restocked pieces by order line, as far as they had left."""
    account, gone = Account.of(facts.order, life, until=refund), life.shipped
    found: dict[str, int] = {}
    for row in (row for row in refund.lines if row.restock and money.has_line(facts.order, row.line_id)):
        sold = money.line_of(facts.order, row.line_id).quantity
        unshipped = max(0, sold - gone.get(row.line_id, 0) - account.pieces(row.line_id))
        if row.quantity > unshipped:
            found[row.line_id] = found.get(row.line_id, 0) + row.quantity - unshipped
    return found


def _adopted(facts: Facts, life: OrderLife, return_: ReturnLife, refund: Refund) -> tuple[Settling | None, list[Waits]]:
    standing = same_pieces(return_, refund)
    if standing is not None:
        return standing.model_copy(update={"refund_id": refund.id}), []
    twice = _twice(facts, life, refund)
    if twice is not None:
        return None, [twice]
    stop = _other_tender(facts, refund)
    if stop is not None and stop.code not in life.waived:
        return None, [stop]
    settling, off = _settling(facts, life, return_, refund)
    if off is not None and "refund_differs" not in life.waived:
        words = f"refund {refund.id} of {facts.order.name} paid {money_of(refund, facts.order).presentment}: {off}"
        way_out = "Compare the refund in the shop; release this to credit exactly what was paid."
        return None, [Waits("refund_differs", words, way_out, owner="finance")]
    return settling, []


def _twice(facts: Facts, life: OrderLife, refund: Refund) -> Waits | None:
    """Pieces that another settling pays back already: never credited twice."""
    counted = Counter[str]()
    for one in settlings(life):
        for line in one.lines:
            if line.purpose == money.ITEM:
                counted[line.line_id or ""] += line.quantity
    for row in refund.lines:
        counted[row.line_id] += row.quantity
        sold = money.line_of(facts.order, row.line_id).quantity if money.has_line(facts.order, row.line_id) else 0
        if counted[row.line_id] > sold:
            words = f"refund {refund.id} of {facts.order.name} gives back pieces that a return gives back, too"
            way_out = "Decide which of the two holds: reject the approval of the other, or correct it by hand."
            return Waits("refunded_twice", words, way_out, owner="finance")
    return None


def _other_tender(facts: Facts, refund: Refund) -> Waits | None:
    """Money that went another way than it came."""
    gateways = {one.id: one.gateway for one in facts.order.transactions}
    for row in refund.transactions:
        if row.parent_id is None or gateways.get(row.parent_id, row.gateway) != row.gateway:
            words = f"refund {refund.id} of {facts.order.name} went to {row.gateway}, and was not paid with it"
            way_out = "Ask who allowed it; release this to credit it."
            return Waits("other_tender", words, way_out, owner="finance")
    return None


def _settling(facts: Facts, life: OrderLife, return_: ReturnLife, refund: Refund) -> tuple[Settling, str | None]:
    """The settling of a refund, and in words by what it differs from our own figures."""
    order = facts.order
    account = Account.of(order, life, until=refund)
    lines, paid = lines_of(refund, order), money_of(refund, order)
    stated = money.gross(order, lines)
    set_off = max(Decimal(0), min(stated.presentment.amount - paid.presentment.amount, account.outstanding()))
    rest = stated.presentment.amount - set_off - paid.presentment.amount
    off = adjusted(order.currency, stated, paid, set_off, rest)
    if not off.is_zero:
        lines = [*lines, SettlingLine(purpose=money.ADJUSTMENT, net=off, tax=money.nothing(order))]
    credited = _credited(facts, life, refund, lines)
    total = money.gross(order, credited)
    ended = life.cancellation is not None and not invoiced(life)
    settling = Settling(
        number=naming.number_after(return_),
        lines=tuple(credited),
        total=total,
        money=paid,
        reason=refund.note[:200] if refund.note else None,
        made_elsewhere=True,
        refund_first=True,
        refund_id=refund.id,
        needs_credit=total.shop.amount > 0 and not ended,
    )
    differs = _difference(facts, account, return_, refund, paid.presentment.amount + set_off)
    return settling, differs or _rounding(order.currency, stated, off, len(lines))


def _difference(facts: Facts, account: Account, return_: ReturnLife, refund: Refund, given: Decimal) -> str | None:
    """What we would have paid, where that is something else. An amount without goods is what it is.

    The shop counts refunds only: what we are about to pay for other pieces is not known to it.
    """
    order, account = facts.order, replace(account, pending=())
    before = Counter[str]()
    ours = list[SettlingLine]()
    for row in refund.lines:
        if not money.has_line(order, row.line_id):
            return f"line {row.line_id} is none of the order"
        ours.append(money.goods_of(order, row.line_id, account.pieces(row.line_id) + before[row.line_id], row.quantity))
        before[row.line_id] += row.quantity
    others = [line for line in lines_of(refund, order) if line.purpose != money.ITEM]
    worth = money.gross(order, [*ours, *others]).presentment.amount
    reasons = {line.line_id: line.reason for line in return_.lines}
    percent = max((facts.policy.returns.rule(reasons.get(row.line_id)).fee_percent for row in refund.lines), default=0)
    fee = money.fee_on(order, ours, Decimal(percent))
    less = worth + (fee.net.presentment.amount if fee else 0)
    if not worth or given in (worth, less):
        return None
    return f"its goods and delivery come to {Money(amount=worth, currency=order.presentment_currency)}"


def _rounding(currency: str, stated: MoneyPair, off: MoneyPair, parts: int) -> str | None:
    """A difference of the booked currency alone: cents of a conversion are none."""
    if off.presentment.is_zero and abs(off.shop.amount) > quantum(currency) * (parts + 1):
        return f"converted at another rate than the order: {stated.shop} are due"
    return None


def _credited(facts: Facts, life: OrderLife, refund: Refund, lines: list[SettlingLine]) -> list[SettlingLine]:
    """Without pieces that never left, where only what left is invoiced."""
    if facts.policy.shipping.invoice is InvoiceTrigger.ON_ORDER or refund.return_id is not None:
        return lines
    gone = life.shipped
    kept = []
    for line in lines:
        if line.purpose != money.ITEM or line.line_id is None:
            kept.append(line)
        elif (part := _left_pieces(facts, life, refund, line, gone.get(line.line_id, 0))) is not None:
            kept.append(part)
    return kept


def _left_pieces(
    facts: Facts, life: OrderLife, refund: Refund, line: SettlingLine, shipped: int
) -> SettlingLine | None:
    """The part of a line that had left: pieces that never did are given back first."""
    assert line.line_id is not None
    sold = money.line_of(facts.order, line.line_id).quantity if money.has_line(facts.order, line.line_id) else 0
    earlier = Account.of(facts.order, life, until=refund).pieces(line.line_id)
    unshipped = max(0, min(line.quantity, sold - shipped - earlier))
    if unshipped == line.quantity:
        return None
    left = line.quantity - unshipped
    return line.model_copy(
        update={
            "quantity": left,
            "net": line.net - money.between(line.net, 0, unshipped, line.quantity),
            "tax": line.tax - money.between(line.tax, 0, unshipped, line.quantity),
        }
    )


def invoiced(life: OrderLife) -> bool:
    """Whether any invoice of the order is posted."""
    start = naming.key_of(life, Operation.INVOICE)[: -len(life.order_id)]
    return any(key.startswith(start) and not done.awaiting for key, done in life.done.items())
