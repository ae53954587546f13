"""Is the order to be booked at all?"""

from canonical.order import Order, TransactionStatus
from canonical.rules.checks.context import BY_HAND, Context, held, listed
from canonical.rules.verdicts import DecisionOutcome, Owner, Verdict


def cancelled(order: Order, context: Context) -> Verdict | None:
    """An order cancelled before it was booked is not booked.

    >>> from canonical.rules import example
    >>> cancelled(example.order(cancelled_at=example.NOW), example.CONTEXT).code
    'cancelled_before_booking'
    """
    if order.cancelled_at is None:
        return None
    return Verdict(
        code="cancelled_before_booking",
        outcome=DecisionOutcome.SKIPPED,
        words="the order was cancelled before it was booked",
        way_out="Nothing to do",
        owner=Owner.OPERATIONS,
    )


def marked_as_test(order: Order, context: Context) -> Verdict | None:
    """A test order, or one paid with test money, is marked and not booked unless the shop's policy says so.

    >>> from canonical.rules import example
    >>> marked_as_test(example.order(test=True), example.CONTEXT).code
    'test_order'
    """
    test_money = any(t.test for t in order.transactions if t.status is TransactionStatus.SUCCESS)
    if context.shop.orders.book_test_orders or not (order.test or test_money):
        return None
    return Verdict(
        code="test_order",
        outcome=DecisionOutcome.SKIPPED,
        words="a test order: marked, not booked",
        way_out=f"Set book_test_orders for shop {order.shop} in the landscape to book test orders",
        owner=Owner.OPERATIONS,
    )


def edited(order: Order, context: Context) -> Verdict | None:
    """Nothing was taken off the order before it was booked.

    >>> from canonical.rules import example
    >>> edited(example.order(lines=(example.line(quantity=2, current_quantity=1),)), example.CONTEXT).words
    'the order was changed before it was booked (TEE-1: 2 sold, 1 left)'
    """
    changed = [
        f"{line.sku or line.title}: {line.quantity} sold, {line.current_quantity} left"
        for line in order.lines
        if line.quantity != line.current_quantity
    ]
    if not changed:
        return None
    return held(
        "edited_before_booking",
        f"the order was changed before it was booked ({listed(changed)})",
        "Release it to book what was sold first, or book the order by hand",
        Owner.OPERATIONS,
        BY_HAND,
    )
