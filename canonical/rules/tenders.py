"""How an order was paid: the transactions that moved or hold money, and the tenders they make."""

from canonical.money import Money, total
from canonical.order import Order, Transaction, TransactionKind, TransactionStatus

_TAKEN = (TransactionKind.SALE, TransactionKind.CAPTURE, TransactionKind.CHANGE)


def paying_transactions(order: Order) -> tuple[Transaction, ...]:
    """Successful transactions that count towards the order, in the order given.

    Refunds are documents of their own. An authorisation counts with what is left of it (`open_amount`).

    >>> from canonical.rules import example
    >>> [t.gateway for t in paying_transactions(example.order())]
    ['card']
    """
    return tuple(
        t
        for t in order.transactions
        if t.status is TransactionStatus.SUCCESS
        and (t.kind in _TAKEN or (t.kind is TransactionKind.AUTHORIZATION and open_amount(order, t).amount > 0))
    )


def open_amount(order: Order, authorization: Transaction) -> Money:
    """What an authorisation still holds in shop currency: nothing once voided, else less what was captured of it."""
    children = [
        t for t in order.transactions if t.parent_id == authorization.id and t.status is TransactionStatus.SUCCESS
    ]
    if any(t.kind is TransactionKind.VOID for t in children):
        return Money.zero(order.currency)
    captured = total((t.amount.shop for t in children if t.kind is TransactionKind.CAPTURE), order.currency)
    left = authorization.amount.shop - captured
    return left if left.amount > 0 else Money.zero(order.currency)


def tendered(order: Order, transaction: Transaction) -> Money:
    """What a transaction contributes: change given back counts against what was taken."""
    if transaction.kind is TransactionKind.AUTHORIZATION:
        return open_amount(order, transaction)
    return -transaction.amount.shop if transaction.kind is TransactionKind.CHANGE else transaction.amount.shop
