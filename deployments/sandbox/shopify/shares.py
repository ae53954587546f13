"""A share of an amount: so many of so many pieces, to the cent, half up, on both sides of a MoneyBag."""

from decimal import ROUND_HALF_UP, Decimal

from deployments.sandbox.shopify.generator.money import digits
from deployments.sandbox.shopify.records import Record


def share(bag: Record, part: int, whole: int) -> Record:
    """The amount of `part` of `whole` pieces; nothing of nothing.

    >>> share({"shopMoney": {"amount": "10.00", "currencyCode": "USD"}}, 1, 3)["shopMoney"]["amount"]
    '3.33'
    """
    return {side: {**money, "amount": _of(money, part, whole)} for side, money in bag.items()}


def _of(money: Record, part: int, whole: int) -> str:
    exact = Decimal(money["amount"]) * part / whole if whole else Decimal(0)
    return str(rounded(exact, money["currencyCode"]))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """An amount with the decimals of its currency, half up."""
    return amount.quantize(Decimal(1).scaleb(-digits(currency)), ROUND_HALF_UP)
