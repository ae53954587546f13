"""Who buys, where it goes, whether it is paid and safe."""

from datetime import timedelta
from typing import Final

from canonical.order import FinancialStatus, Order, RiskAdvice
from canonical.rules import totals
from canonical.rules.checks.context import BY_NEWS, Context, held
from canonical.rules.verdicts import Owner, Release, Verdict

_NOT_SENT: Final = {"PICK_UP", "PICKUP_POINT", "RETAIL", "NONE"}
_UNPAID: Final = {
    FinancialStatus.PENDING: ("payment_pending", "the payment has not arrived"),
    FinancialStatus.PARTIALLY_PAID: ("payment_pending", "only a part of the payment has arrived"),
    FinancialStatus.AUTHORIZED: ("payment_authorized", "the payment is authorised but not captured"),
    FinancialStatus.VOIDED: ("payment_voided", "the payment was voided"),
    FinancialStatus.EXPIRED: ("payment_expired", "the authorisation of the payment has expired"),
    FinancialStatus.REFUNDED: ("payment_refunded", "the order was refunded before it was booked"),
}


def customer_identity(order: Order, context: Context) -> Verdict | None:
    """Somebody can be named: a customer, a company, or a guest with an e-mail or a named address.

    >>> from canonical.rules import example
    >>> customer_identity(example.order(customer=None, email=None, billing=None, shipping_address=None),
    ...                   example.CONTEXT).code
    'customer_missing'
    """
    if order.customer or order.company:
        return None
    named = order.email or any(a and a.name for a in (order.billing, order.shipping_address))
    if named and context.shop.orders.book_guests:
        return None
    return held(
        "customer_missing",
        "nobody can be named as the customer of this order",
        "Add a customer to the order in the shop, or release it to book it on a guest",
        Owner.OPERATIONS,
        BY_NEWS,
    )


def shipping_address(order: Order, context: Context) -> Verdict | None:
    """What is sent has an address. Goods picked up or sold over the counter need none.

    >>> from canonical.rules import example
    >>> shipping_address(example.order(shipping_address=None), example.CONTEXT).code
    'shipping_address_missing'
    """
    if order.shipping_address or not any(line.requires_shipping for line in totals.goods(order)):
        return None
    methods = [(f.method or "").upper() for f in order.fulfillment_orders]
    sent = any(m not in _NOT_SENT for m in methods) if methods else any(totals.charges(order))
    if not sent:
        return None
    return held(
        "shipping_address_missing",
        "goods are to be sent but the order has no shipping address",
        "Add the address to the order in the shop",
        Owner.OPERATIONS,
        BY_NEWS,
    )


def payment_status(order: Order, context: Context) -> Verdict | None:
    """The order is paid, authorised (where the policy books that), or a business customer pays on terms.

    >>> from canonical.rules import example
    >>> payment_status(example.order(financial_status="pending"), example.CONTEXT).code
    'payment_pending'
    >>> payment_status(example.on_terms(financial_status="pending"), example.CONTEXT) is None
    True
    """
    status = order.financial_status
    on_terms = order.company is not None and order.payment_terms is not None
    if on_terms and status in (FinancialStatus.PENDING, FinancialStatus.PARTIALLY_PAID):
        return None
    if status is FinancialStatus.AUTHORIZED and context.shop.orders.book_authorized:
        return None
    if status not in _UNPAID:
        return None
    code, words = _UNPAID[status]
    way_out = "It goes on by itself when the shop reports the payment; or release it, or cancel it in the shop"
    return held(code, words, way_out, Owner.FINANCE, BY_NEWS)


def fraud_review(order: Order, context: Context) -> Verdict | None:
    """An order that the fraud analysis doubts waits for a person; one not analysed yet waits as long as policy says.

    >>> from canonical.rules import example
    >>> fraud_review(example.order(risk="cancel"), example.CONTEXT).owner.value
    'fraud'
    >>> waiting = fraud_review(example.order(risk="none"), example.context(wait_for_risk_minutes=30))
    >>> waiting.code, waiting.release_at - example.NOW
    ('risk_pending', datetime.timedelta(seconds=1800))
    """
    if order.risk in (RiskAdvice.CANCEL, RiskAdvice.INVESTIGATE):
        return held(
            "fraud_review",
            f"the fraud analysis says {order.risk}",
            "Review the order: release it, or cancel it in the shop",
            Owner.FRAUD,
            BY_NEWS,
        )
    wait_until = order.created_at + timedelta(minutes=context.shop.orders.wait_for_risk_minutes)
    if order.risk is RiskAdvice.NONE and context.now < wait_until:
        return held(
            "risk_pending",
            "the fraud analysis has not answered yet",
            "It goes on by itself with the analysis, or when the time is up",
            Owner.FRAUD,
            (Release.BY_WEBHOOK, Release.BY_TIME, Release.BY_HAND),
        ).model_copy(update={"release_at": wait_until})
    return None
