"""Taxes as Shopify charges them: per line and jurisdiction, on the price after all discounts, each rounded by itself.

Included in the price, a tax is `price * rate / (1 + all rates)`; otherwise it is `price * rate`, on top.
"""

from collections.abc import Iterable, Sequence

from deployments.sandbox.catalogue import Tax
from deployments.sandbox.shopify.generator.money import MILLION, millionths, share

Charged = tuple[Tax, int]


def charge(price: int, taxes: Sequence[Tax], *, included: bool) -> list[Charged]:
    """Each tax with its amount in minor units on a price after discounts."""
    whole = MILLION + sum(millionths(tax.rate) for tax in taxes) if included else MILLION
    return [(tax, share(price, millionths(tax.rate), whole)) for tax in taxes]


def total_by_tax(charged: Iterable[Iterable[Charged]]) -> list[Charged]:
    """The order's tax lines: one a tax, in the order they first appear."""
    totals: dict[str, Charged] = {}
    for line in charged:
        for tax, amount in line:
            totals[tax.code] = (tax, totals.get(tax.code, (tax, 0))[1] + amount)
    return list(totals.values())
