"""What becomes of an order: every check in turn, all findings told, one decision.

A check answers `None` (no objection) or a verdict. Adding a rule is adding a function to `canonical.rules.checks`, with
its example in the docstring, and its name to `CHECKS`. Examples start from `canonical.rules.example.order`, an order
that passes every check.
"""

from datetime import datetime
from typing import Final

from canonical.landscape import Shop
from canonical.order import Order
from canonical.ports import Mappings
from canonical.rules.checks import admission, buyer, content, mapped
from canonical.rules.checks.context import Check, Context
from canonical.rules.verdicts import Decision

CHECKS: Final[tuple[Check, ...]] = (
    admission.cancelled,
    admission.marked_as_test,
    content.currency,
    content.lines,
    content.sku_given,
    content.quantity,
    content.money_adds_up,
    content.tax_lines,
    content.promotions,
    buyer.customer_identity,
    buyer.shipping_address,
    buyer.payment_status,
    buyer.fraud_review,
    admission.edited,
    mapped.items,
    mapped.taxes,
    mapped.shipping_method,
    mapped.locations,
    mapped.payment_methods,
    mapped.account_items,
)


def decide(
    order: Order, mappings: Mappings, shop: Shop, *, now: datetime, waived: frozenset[str] = frozenset()
) -> Decision:
    """Run every check and say what becomes of the order, with all findings. `waived` are codes a person overruled.

    >>> from canonical.rules import example
    >>> decide(example.order(), example.MAPPINGS, example.SHOP, now=example.NOW).outcome.value
    'accepted'
    >>> risky = example.order(risk="investigate")
    >>> decide(risky, example.MAPPINGS, example.SHOP, now=example.NOW).outcome.value
    'held'
    >>> decide(risky, example.MAPPINGS, example.SHOP, now=example.NOW, waived=frozenset({"fraud_review"})).outcome.value
    'accepted'
    """
    context = Context(mappings=mappings, shop=shop, now=now)
    found = tuple(verdict for check in CHECKS if (verdict := check(order, context)) is not None)
    return Decision.of(found, waived)
