"""The account of an order as far as money can still go back: pieces, delivery, payments, and what is owed."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from canonical.life import OrderLife, PaidBack, Settling, SettlingLine
from canonical.money import Money, MoneyPair
from canonical.order import Order, Transaction, TransactionKind, TransactionStatus
from canonical.returns import Refund
from canonical.rules.lifecycle.returns import money

_PAID = frozenset({TransactionKind.SALE, TransactionKind.CAPTURE})
_GIFT = "gift_card"


def settlings(life: OrderLife) -> Iterator[Settling]:
    """Every settling that pays or has paid."""
    return (one for return_ in life.returns for one in return_.settlings if not one.rejected)


@dataclass(frozen=True)
class Account:
    """Refunds that were heard, and settlings on their way to one, are counted once each."""

    order: Order
    refunds: tuple[Refund, ...]
    pending: tuple[Settling, ...]

    @classmethod
    def of(
        cls, order: Order, life: OrderLife, *, but: Settling | None = None, until: Refund | None = None
    ) -> "Account":
        """The account now; `but` leaves a settling out, `until` the refund and those that came after it."""
        refunds = life.refunds if until is None else life.refunds[: life.refunds.index(until)]
        heard = {one.id for one in life.refunds}
        pending = tuple(one for one in settlings(life) if one.refund_id not in heard and one is not but)
        return cls(order, refunds, pending)

    def pieces(self, line_id: str) -> int:
        """Pieces of an order line that were given back already, or are about to be."""
        told = sum(line.quantity for one in self.refunds for line in one.lines if line.line_id == line_id)
        return told + sum(line.quantity for one in self.pending for line in one.lines if line.line_id == line_id)

    def delivery_left(self) -> SettlingLine:
        """What was paid for delivery and not given back yet."""
        left = money.delivery_of(self.order)
        for refund in self.refunds:
            if refund.shipping is not None:
                tax = refund.shipping_tax or money.nothing(self.order)
                back = money.settling_line(self.order, refund.shipping, tax, purpose=money.SHIPPING)
                left = left.model_copy(update={"net": left.net - back.net, "tax": left.tax - back.tax})
        for line in (line for one in self.pending for line in one.lines if line.purpose == money.SHIPPING):
            left = left.model_copy(update={"net": left.net - line.net, "tax": left.tax - line.tax})
        return left

    def paid(self) -> Decimal:
        """What was paid and neither given back nor promised, in presentment currency."""
        return sum((left for _, left in self.payments()), Decimal(0))

    def payments(self) -> list[tuple[Transaction, Decimal]]:
        """Each payment with what is left of it (presentment), in the order they are used: gift cards last.

        Change given in cash counts against the payment it belongs to, else against the first one of its gateway. Money
        that went back on no payment of the order counts against all of them, from the last.
        """
        gone = self._gone()
        paying = self._paying()
        left = {one.id: one.amount.presentment.amount - gone.pop(one.id, Decimal(0)) for one in paying}
        loose = sum(gone.values(), Decimal(0))
        for id_ in reversed(list(left)):
            taken = min(loose, max(left[id_], Decimal(0)))
            left[id_], loose = left[id_] - taken, loose - taken
        paying.sort(key=lambda one: _GIFT in one.gateway)
        return [(one, max(left[one.id], Decimal(0))) for one in paying]

    def outstanding(self) -> Decimal:
        """What the order still owes, in presentment currency: unpaid, or exchanged goods not paid for yet."""
        given = sum((_value(self.order, one) for one in self.refunds), Decimal(0))
        given += sum((one.total.presentment.amount for one in self.pending), Decimal(0))
        return max(Decimal(0), money.owed_in_all(self.order) - given - self.paid())

    def tenders(self, amount: Decimal) -> tuple[PaidBack, ...]:
        """The payments that so much (presentment) goes back on, each at most what is left of it."""
        found = []
        for payment, left in self.payments():
            part = min(amount, left)
            if part > 0:
                amount -= part
                found.append(PaidBack(parent_id=payment.id, gateway=payment.gateway, amount=_at(payment, left, part)))
        return tuple(found)

    def _paying(self) -> list[Transaction]:
        return [t for t in self.order.transactions if t.kind in _PAID and t.status is TransactionStatus.SUCCESS]

    def _gone(self) -> dict[str, Decimal]:
        """What is gone of each payment; under "" what went back on none."""
        known = {one.id for one in self._paying()}
        told = {one.id: (one.parent_id, one.amount) for refund in self.refunds for one in refund.transactions}
        rows = list(told.values())
        rows += [(one.parent_id, one.amount) for plan in self.pending for one in plan.tenders]
        gone: dict[str, Decimal] = {}
        for parent, amount in rows:
            place = parent if parent in known and parent else ""
            gone[place] = gone.get(place, Decimal(0)) + amount.presentment.amount
        for change in self._change():
            place = self._changed(change)
            gone[place] = gone.get(place, Decimal(0)) + change.amount.presentment.amount
        return gone

    def _change(self) -> list[Transaction]:
        rows = self.order.transactions
        return [t for t in rows if t.kind is TransactionKind.CHANGE and t.status is TransactionStatus.SUCCESS]

    def _changed(self, change: Transaction) -> str:
        paying = self._paying()
        if any(one.id == change.parent_id for one in paying):
            return change.parent_id or ""
        return next((one.id for one in paying if one.gateway == change.gateway), "")


def money_of(refund: Refund, order: Order) -> MoneyPair:
    """The money of a refund."""
    if refund.total is not None:
        return refund.total
    return money.summed(order, (one.amount for one in refund.transactions))


def lines_of(refund: Refund, order: Order) -> list[SettlingLine]:
    """What a refund says it is for: goods, delivery, duties."""
    zero = money.nothing(order)
    found = [
        money.settling_line(order, line.subtotal, line.tax, line_id=line.line_id, quantity=line.quantity)
        for line in refund.lines
    ]
    if refund.shipping is not None:
        tax = refund.shipping_tax or zero
        found.append(money.settling_line(order, refund.shipping, tax, purpose=money.SHIPPING))
    if refund.duties is not None:
        found.append(SettlingLine(purpose=money.DUTY, net=refund.duties, tax=zero))
    return [line for line in found if line.quantity or not (line.net.is_zero and line.tax.is_zero)]


def _value(order: Order, refund: Refund) -> Decimal:
    """How much less the order owes for a refund: what it is for, or the money where that is more."""
    return max(
        money.gross(order, lines_of(refund, order)).presentment.amount, money_of(refund, order).presentment.amount
    )


def _at(payment: Transaction, left: Decimal, part: Decimal) -> MoneyPair:
    """A part of a payment in both currencies; all its parts together are the payment."""
    pair = payment.amount
    presented = Money(amount=part, currency=pair.presentment.currency)
    if pair.shop.currency == pair.presentment.currency:
        return MoneyPair.same(presented)
    whole = pair.presentment.amount
    before = whole - left
    shop = money.share(pair.shop, before + part, whole) - money.share(pair.shop, before, whole)
    return MoneyPair(shop=shop, presentment=presented)
