"""Exact money for the generator: integers of the currency's minor unit, and Shopify's MoneyBags made of them.

Integers cannot lose a cent, and are fast enough for a flash sale. Rates are scaled to millionths before use.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

MILLION = 1_000_000
WITHOUT_MINOR_UNIT = frozenset({"JPY", "KRW", "VND", "CLP", "ISK", "XAF", "XOF"})


def digits(currency: str) -> int:
    """Decimals of a currency, after ISO 4217; the currencies used here have none or two."""
    return 0 if currency in WITHOUT_MINOR_UNIT else 2


@lru_cache(maxsize=2048)
def minor(amount: Decimal, currency: str) -> int:
    """An amount as an integer of minor units. Raises ValueError when it is finer than the currency."""
    scaled = amount.scaleb(digits(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} {currency} has more decimals than the currency")
    return int(scaled)


def text(amount: int, currency: str) -> str:
    """Minor units as Shopify writes them in a record: `12.00`, `-0.05`, or `1200` for yen."""
    if not digits(currency):
        return str(amount)
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    return f"{sign}{amount // 100}.{amount % 100:02d}"


@lru_cache(maxsize=512)
def millionths(fraction: Decimal) -> int:
    """A rate or fraction as an integer of millionths: 0.0825 is 82500."""
    return int((fraction * MILLION).to_integral_value(ROUND_HALF_UP))


def share(amount: int, part: int, whole: int = MILLION) -> int:
    """`amount * part / whole`, rounded half up to the minor unit (amounts here are never negative).

    >>> share(1995, 82_500)
    165
    """
    return (2 * amount * part + whole) // (2 * whole)


def convert(amount: int, source: str, target: str, rate: Decimal) -> int:
    """Minor units of one currency in another; `rate` is units of target for one of source."""
    shift = digits(target) - digits(source)
    scaled = amount * 10**shift if shift >= 0 else amount
    return share(scaled, millionths(rate), MILLION if shift >= 0 else MILLION * 10**-shift)


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Split an amount in proportion to the weights, to the cent: the largest remainders get the cents left over.

    No part exceeds its weight as long as the amount does not exceed their sum.

    >>> spread(1000, [1, 1, 1])
    [334, 333, 333]
    """
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % whole), i))
    for i in by_remainder[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def money(amount: int, currency: str) -> dict[str, str]:
    """A MoneyV2."""
    return {"amount": text(amount, currency), "currencyCode": currency}


@lru_cache(maxsize=8192)
def money_bag(shop: int, presentment: int, currency: str, presentment_currency: str) -> dict[str, Any]:
    """A MoneyBag. Equal ones are the same dict, which keeps thousands of orders small: records are never changed."""
    return {"shopMoney": money(shop, currency), "presentmentMoney": money(presentment, presentment_currency)}


class Pair:
    """The two currencies of an order, and the MoneyBags of amounts in both."""

    __slots__ = ("presentment", "shop")

    def __init__(self, shop: str, presentment: str) -> None:
        self.shop = shop
        self.presentment = presentment

    def bag(self, shop_amount: int, presentment_amount: int) -> dict[str, Any]:
        """A MoneyBag."""
        return money_bag(shop_amount, presentment_amount, self.shop, self.presentment)

    @property
    def zero(self) -> dict[str, Any]:
        """A MoneyBag of nothing."""
        return self.bag(0, 0)
