"""Money identities of an order: what its lines add up to, against what the channel says.

Both currencies are checked. The presentment side is what the shopper saw and paid, so it adds up to the cent. The shop
side does too when there is one currency; otherwise every amount was converted and rounded by itself, and a difference
of one minor unit a line is a rounding, not an error (`tolerance`).
"""

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum

from canonical.model import Model
from canonical.money import Money, MoneyPair, quantum
from canonical.order import DiscountAllocation, Order, OrderLine, ShippingLine, TaxLine


class Side(StrEnum):
    """Which of the two currencies of a pair."""

    SHOP = "shop"
    PRESENTMENT = "presentment"


class Difference(Model):
    """A figure that does not add up: what the order states, and what its parts come to."""

    figure: str
    side: Side
    stated: Money
    computed: Money

    @property
    def amount(self) -> Money:
        """Stated minus computed."""
        return self.stated - self.computed

    @property
    def words(self) -> str:
        """The difference as a person reads it."""
        return f"{self.figure}: the order says {self.stated}, its lines come to {self.computed}"


def on(side: Side, pair: MoneyPair) -> Decimal:
    """One side's amount.

    >>> on(Side.SHOP, MoneyPair.same(Money.of("1.50", "USD")))
    Decimal('1.50')
    """
    return (pair.shop if side is Side.SHOP else pair.presentment).amount


def discount_of(allocations: tuple[DiscountAllocation, ...], side: Side = Side.SHOP) -> Decimal:
    """The discounts that fall on one line."""
    return sum((on(side, a.amount) for a in allocations), Decimal(0))


def tax_of(taxes: tuple[TaxLine, ...], side: Side = Side.SHOP) -> Decimal:
    """The taxes of one line."""
    return sum((on(side, t.amount) for t in taxes), Decimal(0))


def goods(order: Order) -> Iterator[OrderLine]:
    """The lines that are sold; a tip is a line at the channel, but not goods."""
    return (line for line in order.lines if not line.is_tip)


def charges(order: Order) -> Iterator[ShippingLine]:
    """The shipping charges that stand."""
    return (line for line in order.shipping if not line.removed)


def tolerance(order: Order, side: Side) -> Decimal:
    """How far a figure may be off: nothing, or one minor unit a line where amounts were converted one by one."""
    if side is Side.PRESENTMENT or order.currency == order.presentment_currency:
        return Decimal(0)
    return quantum(order.currency) * (len(order.lines) + len(order.shipping))


def tax_total(order: Order, side: Side = Side.SHOP) -> Decimal:
    """All tax lines of lines, duties and shipping."""
    lines = sum((tax_of(line.taxes, side) for line in order.lines), Decimal(0))
    duties = sum((tax_of(d.taxes, side) for line in order.lines for d in line.duties), Decimal(0))
    return lines + duties + sum((tax_of(s.taxes, side) for s in charges(order)), Decimal(0))


def tip_total(order: Order, side: Side = Side.SHOP) -> Decimal:
    """Tip lines; where the channel lists none, the tip it states."""
    lines = [line for line in order.lines if line.is_tip]
    if not lines:
        return on(side, order.totals.tips)
    return sum((on(side, line.unit_price) * line.quantity for line in lines), Decimal(0))


def fee_total(order: Order, side: Side = Side.SHOP) -> Decimal:
    """Additional fees, which only the order's totals state."""
    return on(side, order.totals.fees) if order.totals.fees else Decimal(0)


def order_total(order: Order, side: Side = Side.SHOP) -> Decimal:
    """What the shopper owes, from the parts: lines and shipping after discounts, duties, tips, fees, taxes on top."""
    discounts = sum((discount_of(line.allocations, side) for line in order.lines), Decimal(0))
    duties = sum((on(side, d.amount) for line in order.lines for d in line.duties), Decimal(0))
    goods_total = sum((on(side, line.unit_price) * line.quantity for line in goods(order)), Decimal(0))
    delivery = sum((on(side, s.price) - discount_of(s.allocations, side) for s in charges(order)), Decimal(0))
    taxes = Decimal(0) if order.taxes_included else tax_total(order, side)
    return goods_total - discounts + delivery + duties + tip_total(order, side) + fee_total(order, side) + taxes


def payable(order: Order) -> Money:
    """What is booked: the order's total and the rounding of a cash payment, in shop currency.

    The channel rounds the payment, not the total (2.02 paid as 2.00 in cash); the ERP's document carries the rounding.
    """
    return order.totals.total.shop + order.totals.cash_rounding.shop


def differences(order: Order) -> tuple[Difference, ...]:
    """Every figure but tax that does not add up; empty for a sound order. Tax is `tax_difference`."""
    return tuple(d for side in _sides(order) for d in _side_differences(order, side))


def tax_difference(order: Order) -> Difference | None:
    """Stated tax against the sum of all tax lines, shop side first.

    Source: Shopify states the order's tax as the sum of the tax lines of lines, duties and shipping.
    """
    for side in _sides(order):
        found = _difference("tax", order, side, order.totals.tax, tax_total(order, side))
        if found:
            return found
    return None


def _sides(order: Order) -> tuple[Side, ...]:
    """One side is enough where there is one currency: both hold the same amounts then."""
    return (Side.SHOP,) if order.currency == order.presentment_currency else tuple(Side)


def _side_differences(order: Order, side: Side) -> Iterator[Difference]:
    stated = order.totals
    line_discounts = sum((discount_of(line.allocations, side) for line in order.lines), Decimal(0))
    price = sum((on(side, s.price) for s in charges(order)), Decimal(0))
    saved = sum((discount_of(s.allocations, side) for s in charges(order)), Decimal(0))
    goods_total = sum((on(side, line.unit_price) * line.quantity for line in goods(order)), Decimal(0))
    duties = sum((on(side, d.amount) for line in order.lines for d in line.duties), Decimal(0))
    # Shopify's pages disagree whether shipping is stated before or after its discounts, and whether those count among
    # the order's discounts. Either is taken; the total below settles what was charged.
    figures = (
        ("subtotal", stated.subtotal, (goods_total - line_discounts,)),
        ("discounts", stated.discounts, (line_discounts + saved, line_discounts)),
        ("shipping", stated.shipping, (price, price - saved)),
        ("duties", stated.duties, (duties,)),
        ("tips", stated.tips, (tip_total(order, side),)),
        ("total", stated.total, (order_total(order, side),)),
    )
    for figure, pair, computed in figures:
        found = _difference(figure, order, side, pair, *computed)
        if found:
            yield found


def _difference(figure: str, order: Order, side: Side, stated: MoneyPair, *computed: Decimal) -> Difference | None:
    """None when one of the computed amounts is what is stated, within the tolerance."""
    amount = on(side, stated)
    if any(abs(amount - value) <= tolerance(order, side) for value in computed):
        return None
    currency = order.currency if side is Side.SHOP else order.presentment_currency
    return Difference(
        figure=figure,
        side=side,
        stated=Money(amount=amount, currency=currency),
        computed=Money(amount=computed[0], currency=currency),
    )
