"""Is everything the booking needs mapped? A missing value holds the order until somebody adds it."""

from collections.abc import Iterator

from canonical.fulfillment import FulfillmentOrder, FulfillmentOrderStatus
from canonical.order import Order, OrderLine
from canonical.ports import Mappings
from canonical.rules import totals
from canonical.rules.checks.context import Context, unmapped
from canonical.rules.taxes import charged_taxes, tax_code
from canonical.rules.tenders import paying_transactions
from canonical.rules.verdicts import Owner, Verdict


def items(order: Order, context: Context) -> Verdict | None:
    """Every line's item is known to the ERP.

    >>> from canonical.rules import example
    >>> items(example.order(lines=(example.line(sku="NEW-1"),)), example.CONTEXT).words
    'no ERP item is mapped for NEW-1'
    """
    missing = [
        sku or f"variant {line.variant_id}"
        for line in totals.goods(order)
        if ((sku := (line.sku or "").strip()) or line.variant_id) and item_code(order, line, context.mappings) is None
    ]
    return unmapped("item_unmapped", "ERP item", missing)


def item_code(order: Order, line: OrderLine, mappings: Mappings) -> str | None:
    """The ERP's item of a line; a gift card that is no item of its own is the one item all gift cards are sold on."""
    item = mappings.item(order.shop, (line.sku or "").strip() or None, line.variant_id)
    if item is None and line.is_gift_card:
        return mappings.account_item(order.shop, "gift_card")
    return item


def taxes(order: Order, context: Context) -> Verdict | None:
    """Every tax that was charged has an ERP tax with its rate.

    >>> from canonical.rules import example
    >>> taxes(example.order(lines=(example.line(tax_title="Harbor Levy"),)), example.CONTEXT).code
    'tax_unknown'
    """
    missing = [
        tax.code
        for tax in charged_taxes(order)
        if tax.rate is None or tax_code(order, tax, context.mappings) is None
    ]  # fmt: skip
    return unmapped("tax_unknown", "ERP tax", missing, Owner.FINANCE)


def shipping_method(order: Order, context: Context) -> Verdict | None:
    """Every shipping method chosen is known to the ERP.

    >>> from canonical.rules import example
    >>> shipping_method(example.order(shipping_code="DRONE"), example.CONTEXT).code
    'shipping_method_unmapped'
    """
    find = context.mappings.shipping_method
    missing = [line.title for line in totals.charges(order) if find(order.shop, line.code, line.title) is None]
    return unmapped("shipping_method_unmapped", "ERP shipping method", missing)


def locations(order: Order, context: Context) -> Verdict | None:
    """Every location that is to ship has an ERP warehouse.

    >>> from canonical.rules import example
    >>> locations(example.order(location_name="Attic"), example.CONTEXT).words
    'no ERP warehouse is mapped for Attic'
    """
    find = context.mappings.location
    missing = [
        place.location_name or place.location_id or place.id
        for place in shipping_places(order)
        if find(order.shop, place.location_id, place.location_name) is None
    ]
    return unmapped("location_unmapped", "ERP warehouse", missing)


def shipping_places(order: Order) -> Iterator[FulfillmentOrder]:
    """The fulfillment orders that name a location and were not cancelled; closed ones count, for they have shipped."""
    return (
        place
        for place in order.fulfillment_orders
        if place.status is not FulfillmentOrderStatus.CANCELLED and (place.location_id or place.location_name)
    )


def payment_methods(order: Order, context: Context) -> Verdict | None:
    """Every gateway that took or holds money has an ERP payment method.

    >>> from canonical.rules import example
    >>> payment_methods(example.order(gateway="barter"), example.CONTEXT).code
    'payment_method_unmapped'
    """
    find = context.mappings.payment_method
    missing = [t.gateway for t in paying_transactions(order) if find(order.shop, t.gateway) is None]
    return unmapped("payment_method_unmapped", "ERP payment method", missing, Owner.FINANCE)


def account_items(order: Order, context: Context) -> Verdict | None:
    """What is no item at the channel (shipping, tips, duties, fees, cash rounding) has an ERP item to book it on.

    >>> from canonical.rules import example
    >>> account_items(example.order(tip="5.00"), example.CONTEXT).words
    'no ERP item for this purpose is mapped for tip'
    """
    find = context.mappings.account_item
    missing = [purpose for purpose in account_purposes(order) if find(order.shop, purpose) is None]
    return unmapped("account_item_unmapped", "ERP item for this purpose", missing, Owner.FINANCE)


def account_purposes(order: Order) -> list[str]:
    """What of an order is no item at the channel and needs one in the ERP."""
    needed = {
        "shipping": any(line.price.shop.amount for line in totals.charges(order)),
        "tip": totals.tip_total(order) != 0,
        "duty": any(line.duties for line in order.lines),
        "fee": totals.fee_total(order) != 0,
        "cash_rounding": not order.totals.cash_rounding.shop.is_zero,
    }
    return [purpose for purpose, wanted in needed.items() if wanted]
