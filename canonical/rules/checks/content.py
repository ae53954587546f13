"""Is the content of the order right? What is wrong here is repaired, not waived."""

from collections.abc import Iterator
from typing import Final

from canonical.order import Order
from canonical.rules import totals
from canonical.rules.checks.context import Context, listed, wrong
from canonical.rules.verdicts import Verdict

MOST_UNITS: Final = 10_000
"""More units on one line than any order of a shop ever had: a slip of the keyboard, or an attack."""


def currency(order: Order, context: Context) -> Verdict | None:
    """The order is in the currency the landscape declares for its shop.

    >>> from canonical.rules import example
    >>> currency(example.order(), example.context(currency="EUR")).words
    'the order is in USD, shop north sells in EUR'
    """
    if order.currency == context.shop.currency:
        return None
    return wrong(
        "currency_unexpected",
        f"the order is in {order.currency}, shop {order.shop} sells in {context.shop.currency}",
        "Correct the shop's currency in the landscape, then replay the order",
    )


def lines(order: Order, context: Context) -> Verdict | None:
    """Something was sold.

    >>> from canonical.rules import example
    >>> lines(example.order(lines=()), example.CONTEXT).code
    'no_lines'
    """
    if any(line.quantity for line in totals.goods(order)):
        return None
    return wrong("no_lines", "the order has no line with a quantity", "Correct the order in the shop, then replay it")


def sku_given(order: Order, context: Context) -> Verdict | None:
    """Every line says what was sold: by a SKU that is not blank, or by its variant.

    >>> from canonical.rules import example
    >>> sku_given(example.order(lines=(example.line(sku="  ", variant_id=None),)), example.CONTEXT).code
    'blank_sku'
    """
    blank = [line.title for line in totals.goods(order) if not (line.sku or "").strip() and not line.variant_id]
    if not blank:
        return None
    return wrong(
        "blank_sku",
        f"nothing says what was sold: {listed(blank)} has neither SKU nor variant",
        "Give the line a product in the shop, or book the order by hand",
    )


def quantity(order: Order, context: Context) -> Verdict | None:
    """No line has more units than is plausible.

    >>> from canonical.rules import example
    >>> quantity(example.order(lines=(example.line(quantity=100_000),)), example.CONTEXT).code
    'quantity_implausible'
    """
    many = [f"{line.sku or line.title}: {line.quantity}" for line in order.lines if line.quantity > MOST_UNITS]
    if not many:
        return None
    return wrong(
        "quantity_implausible",
        f"more than {MOST_UNITS} units on a line ({listed(many)})",
        "Ask the shopper, then correct the order in the shop",
    )


def money_adds_up(order: Order, context: Context) -> Verdict | None:
    """Subtotal, discounts, shipping, duties, tips and total are what the lines come to, in both currencies.

    >>> from canonical.rules import example
    >>> money_adds_up(example.order(total="23.50"), example.CONTEXT).words
    'the order does not add up (total: the order says 23.50 USD, its lines come to 23.80 USD)'
    """
    found = totals.differences(order)
    if not found:
        return None
    return wrong(
        "totals_do_not_add_up",
        f"the order does not add up ({listed(d.words for d in found)})",
        "Compare the order in the shop; replay it when the shop's figures are right",
    )


def tax_lines(order: Order, context: Context) -> Verdict | None:
    """The order's tax is the sum of the tax lines.

    >>> from canonical.rules import example
    >>> tax_lines(example.order(tax="2.00"), example.CONTEXT).code
    'tax_lines_do_not_add_up'
    """
    found = totals.tax_difference(order)
    if found is None:
        return None
    return wrong(
        "tax_lines_do_not_add_up",
        f"the tax lines do not add up ({found.words})",
        "Compare the taxes in the shop; replay the order when the shop's figures are right",
    )


def promotions(order: Order, context: Context) -> Verdict | None:
    """Each discount allocation belongs to a discount of the order, and no line is discounted below nothing.

    >>> from canonical.rules import example
    >>> line = example.line(allocations=(example.allocation("30.00"),))
    >>> promotions(example.order(lines=(line,)), example.CONTEXT).code
    'discounts_do_not_add_up'
    """
    faults = list(_discount_faults(order))
    if not faults:
        return None
    return wrong(
        "discounts_do_not_add_up",
        f"the discounts do not add up ({listed(faults)})",
        "Compare the discounts in the shop; replay the order when the shop's figures are right",
    )


def _discount_faults(order: Order) -> Iterator[str]:
    priced = [
        *((line.sku or line.title, line.unit_price.shop * line.quantity, line.allocations) for line in order.lines),
        *((line.title, line.price.shop, line.allocations) for line in order.shipping),
    ]
    for name, price, allocations in priced:
        if any(a.application >= len(order.discounts) for a in allocations):
            yield f"{name}: an amount belongs to no discount of the order"
        if any(a.amount.shop.amount < 0 for a in allocations):
            yield f"{name}: a discount is negative"
        if totals.discount_of(allocations) > price.amount:
            yield f"{name}: the discounts exceed the price {price}"
    for difference in totals.differences(order):
        if difference.figure == "discounts":
            yield difference.words
