"""What order lines cost for some of their pieces: discounts, taxes and duties are shared out by the piece.

A line's amounts are for its whole `quantity`; a share is rounded half up to the cent, on both sides of a MoneyBag.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from deployments.sandbox.shopify.domains.payments import SIDES, add_bags, zero_like
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.shares import rounded, share


@dataclass(frozen=True, slots=True)
class Cost:
    """A sum of money of lines: before discounts, taken off, tax and duties."""

    gross: Record
    off: Record
    tax: Record
    duty: Record

    @property
    def net(self) -> Record:
        """After discounts, without tax unless prices include it."""
        return add_bags(self.gross, self.off, -1)

    def total(self, *, taxes_included: bool) -> Record:
        """What the shopper owes."""
        whole = add_bags(self.net, self.duty)
        return whole if taxes_included else add_bags(whole, self.tax)

    def plus(self, other: "Cost", sign: int = 1) -> "Cost":
        """This and another, or this less another."""
        names = ("gross", "off", "tax", "duty")
        return Cost(*(add_bags(getattr(self, name), getattr(other, name), sign) for name in names))


def nothing(order: Record) -> Cost:
    """No money, in an order's currencies."""
    return Cost(*[zero_like(order["totalPriceSet"])] * 4)


def cost(line: Record, pieces: int) -> Cost:
    """What so many pieces of a line cost."""
    whole, unit = int(line["quantity"]), line["originalUnitPriceSet"]
    zero = zero_like(unit)
    parts = (
        [one["allocatedAmountSet"] for one in line.get("discountAllocations") or ()],
        [one["priceSet"] for one in line.get("taxLines") or ()],
        [one["price"] for one in line.get("duties") or ()],
    )
    off, tax, duty = (share(added(zero, bags), pieces, whole) for bags in parts)
    return Cost(times(unit, pieces), off, tax, duty)


def added(zero: Record, bags: Iterable[Record]) -> Record:
    """The sum of MoneyBags."""
    for bag in bags:
        zero = add_bags(zero, bag)
    return zero


def times(bag: Record, pieces: int) -> Record:
    """An amount so many times."""
    return {side: {**money, "amount": str(Decimal(money["amount"]) * pieces)} for side, money in bag.items()}


def percent_of(bag: Record, percent: Decimal) -> Record:
    """So many percent of an amount."""
    return {
        side: {**money, "amount": str(rounded(Decimal(money["amount"]) * percent / 100, money["currencyCode"]))}
        for side, money in bag.items()
    }


def at_most(bag: Record, limit: Record) -> Record:
    """An amount, or a smaller one, side by side."""
    return {side: min(bag[side], limit[side], key=lambda money: Decimal(money["amount"])) for side in SIDES}


def resized(line: Record, pieces: int) -> Record:
    """A line of another quantity at the same prices; what goes with a piece goes with each."""
    whole = int(line["quantity"])
    if pieces == whole:
        return line
    allocations = [
        {**one, "allocatedAmountSet": share(one["allocatedAmountSet"], pieces, whole)}
        for one in line.get("discountAllocations") or ()
    ]
    taxes = [{**one, "priceSet": share(one["priceSet"], pieces, whole)} for one in line.get("taxLines") or ()]
    duties = [{**one, "price": share(one["price"], pieces, whole)} for one in line.get("duties") or ()]
    return {**line, "quantity": pieces, "discountAllocations": allocations, "taxLines": taxes, "duties": duties}


def reallocated(line: Record, allocations: list[Record]) -> Record:
    """A line with other discounts; its taxes follow what is left to pay."""
    before, changed = cost(line, int(line["quantity"])).net, {**line, "discountAllocations": allocations}
    after = cost(changed, int(line["quantity"])).net
    taxes = [{**one, "priceSet": _scaled(one["priceSet"], after, before)} for one in line.get("taxLines") or ()]
    return {**changed, "taxLines": taxes}


def _scaled(bag: Record, after: Record, before: Record) -> Record:
    rows = {}
    for side, money in bag.items():
        base = Decimal(before[side]["amount"])
        exact = Decimal(money["amount"]) * Decimal(after[side]["amount"]) / base if base else Decimal(0)
        rows[side] = {**money, "amount": str(rounded(exact, money["currencyCode"]))}
    return rows


def taxed(rates: Iterable[Record], net: Record, *, included: bool) -> list[Record]:
    """Tax lines of an amount at the rates of other tax lines."""
    rows = []
    for one in rates:
        rate = Decimal(str(one["rate"]))
        part = rate / (1 + rate) if included else rate
        rows.append({**one, "priceSet": percent_of(net, part * 100)})
    return rows


def in_both(order: Record, amount: Decimal, *, of_shop: bool) -> Record:
    """An amount of the shop's currency, or of the shopper's, as a MoneyBag at the order's own rate."""
    total = order["totalPriceSet"]
    known, other = SIDES if of_shop else SIDES[::-1]
    base = Decimal(total[known]["amount"])
    rate = Decimal(total[other]["amount"]) / base if base else Decimal(1)
    amounts = {known: amount, other: amount * rate}
    return {
        side: {"amount": str(rounded(amounts[side], total[side]["currencyCode"])), **_currency(total[side])}
        for side in SIDES
    }


def _currency(money: Record) -> Record:
    return {"currencyCode": money["currencyCode"]}
