"""What comes back is worth, from what was really charged, to the cent in both currencies.

The share of some pieces is the difference of two cumulative shares of their line, so the parts of any partition add up
to the line, whichever refund takes which pieces. Subtotals are as priced: with tax in them where the order says so.
Source: the shop computes the lines of its refunds the same way, half up.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from canonical.life import SettlingLine
from canonical.money import Money, MoneyPair, quantum, total_pair
from canonical.order import Order, OrderLine, ShippingLine
from canonical.rules import totals
from canonical.rules.totals import Side

ITEM, SHIPPING, DUTY, FEE, ADJUSTMENT = "item", "shipping", "duty", "restocking_fee", "adjustment"


def share(amount: Money, part: Decimal | int, whole: Decimal | int) -> Money:
    """`part` of `whole` of an amount, half up to the minor unit; nothing of nothing.

    >>> str(share(Money.of("10.00", "USD"), 2, 3))
    '6.67 USD'
    """
    if not whole:
        return Money.zero(amount.currency)
    exact = amount.amount * part / whole
    return Money(amount=exact.quantize(quantum(amount.currency), ROUND_HALF_UP), currency=amount.currency)


def between(amount: MoneyPair, before: int, pieces: int, whole: int) -> MoneyPair:
    """What falls on the next `pieces` of `whole` after the first `before` of them."""
    return MoneyPair(
        shop=share(amount.shop, before + pieces, whole) - share(amount.shop, before, whole),
        presentment=share(amount.presentment, before + pieces, whole) - share(amount.presentment, before, whole),
    )


def nothing(order: Order) -> MoneyPair:
    """Nothing, in both currencies of the order."""
    return MoneyPair.zero(order.currency, order.presentment_currency)


def summed(order: Order, pairs: Iterable[MoneyPair]) -> MoneyPair:
    """The sum in the order's currencies."""
    return total_pair(pairs, order.currency, order.presentment_currency)


def minus(pair: MoneyPair) -> MoneyPair:
    """The same amounts below zero."""
    return MoneyPair(shop=-pair.shop, presentment=-pair.presentment)


def goods_of(order: Order, line_id: str, before: int, pieces: int) -> SettlingLine:
    """Pieces of an order line: price less allocations, and tax.

    >>> from canonical.rules import example
    >>> found = goods_of(example.order(), "11", 0, 1)
    >>> str(found.net.shop), str(found.tax.shop)
    ('20.00 USD', '1.80 USD')
    """
    line = line_of(order, line_id)
    subtotal = between(_charged(order, line), before, pieces, line.quantity)
    tax = summed(order, (between(one.amount, before, pieces, line.quantity) for one in line.taxes))
    return settling_line(order, subtotal, tax, line_id=line_id, quantity=pieces)


def duties_of(order: Order, line_id: str, before: int, pieces: int) -> SettlingLine | None:
    """The duties on pieces of an order line; None when it bears none."""
    line = line_of(order, line_id)
    amount = summed(order, (between(one.amount, before, pieces, line.quantity) for one in line.duties))
    taxes = [tax for one in line.duties for tax in one.taxes]
    tax = summed(order, (between(one.amount, before, pieces, line.quantity) for one in taxes))
    found = settling_line(order, amount, tax, line_id=line_id, purpose=DUTY)
    return None if found.net.is_zero and found.tax.is_zero else found


def delivery_of(order: Order) -> SettlingLine:
    """All that was charged for delivery."""
    charges = tuple(totals.charges(order))
    subtotal = summed(order, (_delivery(order, one) for one in charges))
    return settling_line(
        order, subtotal, summed(order, (tax.amount for one in charges for tax in one.taxes)), purpose=SHIPPING
    )


def settling_line(
    order: Order,
    subtotal: MoneyPair,
    tax: MoneyPair,
    *,
    line_id: str | None = None,
    quantity: int = 0,
    purpose: str = ITEM,
) -> SettlingLine:
    """A line of a settling from figures as priced: a tax that is in the price is taken out of it."""
    net = subtotal - tax if order.taxes_included else subtotal
    return SettlingLine(line_id=line_id, purpose=purpose, quantity=quantity, net=net, tax=tax)


def priced(order: Order, line: SettlingLine) -> MoneyPair:
    """The subtotal of a line as the order is priced."""
    return line.net + line.tax if order.taxes_included else line.net


def gross(order: Order, lines: Iterable[SettlingLine]) -> MoneyPair:
    """What lines come to, tax and all."""
    return summed(order, (part for line in lines for part in (line.net, line.tax)))


def fee_on(order: Order, lines: Iterable[SettlingLine], percent: Decimal) -> SettlingLine | None:
    """The restocking fee that is kept of goods: below zero; None when nothing is."""
    worth = gross(order, (line for line in lines if line.purpose == ITEM))
    kept = MoneyPair(shop=share(worth.shop, percent, 100), presentment=share(worth.presentment, percent, 100))
    return None if kept.is_zero else SettlingLine(purpose=FEE, net=minus(kept), tax=nothing(order))


def owed_in_all(order: Order) -> Decimal:
    """What the order came to with all that joined it later, exchanged goods too, in presentment currency."""
    return totals.order_total(order, Side.PRESENTMENT) + order.totals.cash_rounding.presentment.amount


def line_of(order: Order, line_id: str) -> OrderLine:
    """The order line. Raises `KeyError` when the order has none of that id."""
    for line in order.lines:
        if line.id == line_id:
            return line
    raise KeyError(f"order {order.name} has no line {line_id}")


def has_line(order: Order, line_id: str | None) -> bool:
    """Whether the order has it."""
    return any(line.id == line_id for line in order.lines)


def _charged(order: Order, line: OrderLine) -> MoneyPair:
    discounts = summed(order, (one.amount for one in line.allocations))
    price = MoneyPair(
        shop=line.unit_price.shop * line.quantity, presentment=line.unit_price.presentment * line.quantity
    )
    return price - discounts


def _delivery(order: Order, charge: ShippingLine) -> MoneyPair:
    return charge.price - summed(order, (one.amount for one in charge.allocations))
