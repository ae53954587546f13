"""Taxes of an order, and their codes in the ERP."""

from collections.abc import Iterator
from itertools import chain

from canonical.order import Order, TaxLine
from canonical.ports import Mappings
from canonical.rules import totals


def charged_taxes(order: Order) -> Iterator[TaxLine]:
    """Every tax line with an amount. A tax of nothing (an exemption, a rate of zero) is not booked.

    >>> from canonical.rules import example
    >>> [tax.code for tax in charged_taxes(example.order())]
    ['State Tax@0.09']
    """
    groups = chain(
        (line.taxes for line in order.lines),
        (duty.taxes for line in order.lines for duty in line.duties),
        (charge.taxes for charge in totals.charges(order)),
    )
    return (tax for taxes in groups for tax in taxes if not tax.amount.shop.is_zero)


def tax_code(order: Order, tax: TaxLine, mappings: Mappings) -> str | None:
    """The ERP's code of a tax, looked up at the order's destination; None when unmapped.

    >>> from canonical.rules import example
    >>> order = example.order()
    >>> tax_code(order, order.lines[0].taxes[0], example.MAPPINGS)
    'STATE-9'
    """
    place = order.shipping_address or order.billing
    rate = None if tax.rate is None else f"{tax.rate.normalize():f}"
    country, region = (place.country, place.region) if place else (None, None)
    return mappings.tax(order.shop, tax.title, rate, country, region)
