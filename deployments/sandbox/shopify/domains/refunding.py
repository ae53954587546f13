"""What refunded goods, delivery and duties are worth, to the cent, from what the order really charged.

A share of a line is the difference of two cumulative shares, so the refunds of all its pieces add up to the line, on
both sides of every MoneyBag. An order's current figures are lowered by what leaves it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from deployments.sandbox.shopify.domains.payments import SIDES, add_bags, figures, summed, zero_like
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.shares import rounded, share

# Current figure of an order -> the original one it starts as.
CURRENT = {
    "currentSubtotalPriceSet": "subtotalPriceSet",
    "currentTotalPriceSet": "totalPriceSet",
    "currentTotalTaxSet": "totalTaxSet",
    "currentTotalDiscountsSet": "totalDiscountsSet",
    "currentShippingPriceSet": "totalShippingPriceSet",
    "currentTotalDutiesSet": "originalTotalDutiesSet",
}
PAID_BY = ("SALE", "CAPTURE")


@dataclass(frozen=True, slots=True)
class Piece:
    """Pieces of an order line that leave the order. `before`: how many of the line had left it already.

    `returned`: they came back through a return, whose dispositions move the stock.
    """

    line: Record
    pieces: int
    before: int
    restock_type: str = "NO_RESTOCK"
    location: str | None = None
    returned: bool = False

    def of(self, bag: Record) -> Record:
        """The part of an amount of the whole line that falls on these pieces."""
        whole = int(self.line["quantity"])
        return add_bags(share(bag, self.before + self.pieces, whole), share(bag, self.before, whole), -1)

    @property
    def subtotal(self) -> Record:
        """After all discounts, as the line was priced."""
        return self.of(charged(self.line))

    @property
    def discount(self) -> Record:
        """What discounts took off."""
        return self.of(discounts_of(self.line))

    @property
    def taxes(self) -> list[tuple[Record, Record]]:
        """Each tax line and its amount."""
        return [(tax, self.of(tax["priceSet"])) for tax in self.line.get("taxLines") or ()]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A part of a delivery charge. `tax_parts` are the tax lines with their amounts."""

    line: Record
    subtotal: Record
    tax_parts: list[tuple[Record, Record]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What leaves an order together: goods, delivery, duties as (duty, amount), and fees kept for it."""

    pieces: Sequence[Piece] = ()
    deliveries: Sequence[Delivery] = ()
    duties: Sequence[tuple[Record, Record]] = ()
    fees: Sequence[Record] = field(default_factory=tuple)

    def taxes(self) -> list[tuple[Record, Record]]:
        """Every tax line with its amount."""
        goods = [pair for piece in self.pieces for pair in piece.taxes]
        return goods + [pair for one in self.deliveries for pair in one.tax_parts]


def discounts_of(line: Record) -> Record:
    """All discounts of a line or delivery."""
    zero = zero_like(line.get("originalTotalSet") or line["originalPriceSet"])
    return total(zero, (one["allocatedAmountSet"] for one in line.get("discountAllocations") or ()))


def charged(line: Record) -> Record:
    """The price of a whole line after all discounts."""
    return add_bags(line["originalTotalSet"], discounts_of(line), -1)


def total(zero: Record, bags: Iterable[Record]) -> Record:
    """A sum of MoneyBags, side by side."""
    for bag in bags:
        zero = add_bags(zero, bag)
    return zero


def nothing(order: Record) -> Record:
    """Nothing, in the currencies of the order."""
    return zero_like(order["totalPriceSet"])


def left_of(line: Record) -> int:
    """How many pieces of a line are still in the order."""
    present = counted(line)
    refundable = line.get("refundableQuantity")
    return present if refundable is None else min(present, int(refundable))


def counted(line: Record) -> int:
    """How many pieces of a line nobody took out."""
    present = line.get("currentQuantity")
    return int(line["quantity"]) if present is None else int(present)


def piece(line: Record, pieces: int, restock_type: str = "NO_RESTOCK", location: str | None = None) -> Piece:
    """The next pieces of a line to leave."""
    return Piece(line, pieces, int(line["quantity"]) - left_of(line), restock_type, location)


def is_tip(line: Record) -> bool:
    """A tip is a line that is no product, and no part of the subtotal."""
    return bool(line.get("nonFulfillableQuantity"))


@dataclass(frozen=True, slots=True)
class Worth:
    """What parts are worth; `amount` is what the shopper paid for them, taxes and all."""

    subtotal: Record
    goods: Record
    discount: Record
    delivery: Record
    duties: Record
    tax: Record
    amount: Record


def worth(order: Record, parts: Parts) -> Worth:
    """The value of parts of an order; fees are not counted here."""
    zero = nothing(order)
    subtotal = total(zero, (one.subtotal for one in parts.pieces))
    delivery = total(zero, (one.subtotal for one in parts.deliveries))
    duties = total(zero, (amount for _, amount in parts.duties))
    tax = total(zero, (amount for _, amount in parts.taxes()))
    amount = total(subtotal, (delivery, duties))
    return Worth(
        subtotal=subtotal,
        goods=total(zero, (one.subtotal for one in parts.pieces if not is_tip(one.line))),
        discount=total(zero, (one.discount for one in parts.pieces)),
        delivery=delivery,
        duties=duties,
        tax=tax,
        amount=amount if order.get("taxesIncluded") else add_bags(amount, tax),
    )


def current(order: Record, name: str) -> Record:
    """A current figure of an order, the original one while nothing changed it."""
    return order.get(name) or order.get(CURRENT[name]) or nothing(order)


def without(order: Record, parts: Parts) -> Record:
    """The current figures of an order that parts leave and fees are added to."""
    left = worth(order, parts)
    lowered = {
        "currentSubtotalPriceSet": left.goods,
        "currentTotalPriceSet": left.amount,
        "currentTotalTaxSet": left.tax,
        "currentTotalDiscountsSet": left.discount,
        "currentShippingPriceSet": left.delivery,
        "currentTotalDutiesSet": left.duties,
    }
    changes: Record = {name: add_bags(current(order, name), amount, -1) for name, amount in lowered.items()}
    changes["currentTotalPriceSet"] = total(changes["currentTotalPriceSet"], parts.fees)
    changes["currentTaxLines"] = _tax_lines(order, parts.taxes())
    return changes


def _tax_lines(order: Record, gone: Iterable[tuple[Record, Record]]) -> list[Record]:
    rows = list(order.get("currentTaxLines") or order.get("taxLines") or ())
    for tax, amount in gone:
        for at, row in enumerate(rows):
            if (row.get("title"), row.get("rate")) == (tax.get("title"), tax.get("rate")):
                rows[at] = {**row, "priceSet": add_bags(row["priceSet"], amount, -1)}
                break
    return rows


def delivery_left(order: Record, line: Record) -> Record:
    """What is left to refund of a delivery charge."""
    given_back = (
        row["subtotalAmountSet"]
        for refund in order.get("refunds") or ()
        for row in refund.get("refundShippingLines") or ()
        if row["shippingLine"]["id"] == line["id"]
    )
    left: Record = line.get("discountedPriceSet") or line["originalPriceSet"]
    for bag in given_back:
        left = add_bags(left, bag, -1)
    return zero_like(left) if line.get("isRemoved") else left


def deliveries(order: Record, amount: Decimal | None) -> list[Delivery]:
    """A presentment amount taken from the delivery charges in turn; None takes all that is left."""
    rows = []
    for line in order.get("shippingLines") or ():
        left = delivery_left(order, line)
        available = Decimal(left["presentmentMoney"]["amount"])
        taken = available if amount is None else min(amount, available)
        if taken > 0:
            rows.append(_delivery(order, line, left, taken))
            amount = None if amount is None else amount - taken
    return rows


def _delivery(order: Record, line: Record, left: Record, taken: Decimal) -> Delivery:
    whole: Record = line.get("discountedPriceSet") or line["originalPriceSet"]
    before = add_bags(whole, left, -1)
    price = Decimal(whole["presentmentMoney"]["amount"])
    start = Decimal(before["presentmentMoney"]["amount"])

    def part(bag: Record) -> Record:
        return add_bags(portion(bag, start + taken, price), portion(bag, start, price), -1)

    return Delivery(line, part(whole), [(tax, part(tax["priceSet"])) for tax in line.get("taxLines") or ()])


def portion(bag: Record, part: Decimal, whole: Decimal) -> Record:
    """`part / whole` of an amount, to the cent on both sides."""
    return {
        side: {**money, "amount": str(rounded(Decimal(money["amount"]) * part / whole, money["currencyCode"]))}
        for side, money in bag.items()
    }


def in_both(order: Record, amount: Decimal, parent: Record | None = None, before: Decimal = Decimal(0)) -> Record:
    """A presentment amount as a MoneyBag at the rate of a payment, or of the order.

    `before` is what was taken of the payment already: all its parts add up to it in both currencies.
    """
    whole: Record = parent["amountSet"] if parent else order["totalPriceSet"]
    price = Decimal(whole["presentmentMoney"]["amount"])
    if not price or whole["shopMoney"]["currencyCode"] == whole["presentmentMoney"]["currencyCode"]:
        return {side: {"amount": str(amount), "currencyCode": whole[side]["currencyCode"]} for side in SIDES}
    both = add_bags(portion(whole, before + amount, price), portion(whole, before, price), -1)
    return {**both, "presentmentMoney": {**both["presentmentMoney"], "amount": str(amount)}}


def refunded_of(order: Record, parent: Record) -> Record:
    """What was given back of one payment."""
    rows = (
        one["amountSet"]
        for one in order.get("transactions") or ()
        if one["kind"] == "REFUND" and one["status"] in ("SUCCESS", "PENDING")
        if (one.get("parentTransaction") or {}).get("id") == parent["id"]
    )
    return total(nothing(order), rows)


def payments_left(order: Record) -> list[tuple[Record, Record]]:
    """The payments of an order with what is left of each."""
    rows = [one for one in order.get("transactions") or () if one["kind"] in PAID_BY and one["status"] == "SUCCESS"]
    return [(one, add_bags(one["amountSet"], refunded_of(order, one), -1)) for one in rows]


def net_payment(order: Record) -> Record:
    """What was received and not given back."""
    return add_bags(summed(order, *PAID_BY), summed(order, "REFUND"), -1)


def owed_back(order: Record) -> Record:
    """What the shopper paid above what the order costs now."""
    over = add_bags(figures(order)["netPaymentSet"], current(order, "currentTotalPriceSet"), -1)
    return over if presented(over) > 0 else nothing(order)


def discrepancy(before: Record, after: Record, actual: Record) -> Record:
    """How far a refund is from what should be given back; positive in the merchant's favour.

    `before` and `after`: the order without and with the refunded parts gone. What was owed already, because parts left
    without a refund, may be given back too; what was never paid is not missed.
    """
    high, owed = owed_back(after), owed_back(before)
    low = add_bags(high, owed, -1)
    amount = presented(actual)
    if amount < presented(low):
        return add_bags(low, actual, -1)
    return add_bags(high, actual, -1) if amount > presented(high) else nothing(before)


def presented(bag: Record) -> Decimal:
    """The presentment side: what the shopper sees."""
    return Decimal(bag["presentmentMoney"]["amount"])


def smaller(one: Record, other: Record) -> Record:
    """The smaller of two MoneyBags, by what the shopper sees."""
    return one if presented(one) <= presented(other) else other
