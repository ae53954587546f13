"""Money: exact amounts in one ISO 4217 currency, and their allocation to the cent.

Amounts are Decimals in major units ("12.50" USD). `minor_units` gives the integer that ledgers and digests use.
Source of the digits: ISO 4217 (the currencies whose minor unit is not 2 are listed).
"""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Annotated, Self

from pydantic import Field, field_serializer, model_validator

from canonical.model import Exact, Model

_DIGITS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
         "XOF", "XPF"),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}  # fmt: skip

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code such as USD."""


def minor_digits(currency: str) -> int:
    """How many decimals the currency has: 2 for USD, 0 for JPY, 3 for KWD."""
    return _DIGITS.get(currency, 2)


def quantum(currency: str) -> Decimal:
    """The smallest amount of the currency: 0.01 for USD."""
    return Decimal(1).scaleb(-minor_digits(currency))


class Money(Model):
    """An exact amount in one currency. Amounts of two currencies are never added: that raises `ValueError`."""

    amount: Exact
    currency: Currency

    @field_serializer("amount", when_used="json")
    def _text(self, amount: Decimal) -> str:
        """One text for one amount, however another system wrote it (24, 24.0, 24.00): digests are made of it.

        >>> [Money.of(text, "USD").model_dump_json() for text in ("24.0", "24.00")]
        ['{"amount":"24.00","currency":"USD"}', '{"amount":"24.00","currency":"USD"}']
        >>> Money.of("0.1250", "USD").model_dump(mode="json")["amount"]
        '0.125'
        """
        least = minor_digits(self.currency)
        digits = max(least, -int(amount.normalize().as_tuple().exponent)) if amount else least
        return f"{amount + 0:.{digits}f}"

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str) -> Self:
        """Money from the text or number another system sent; never from a float."""
        if isinstance(amount, float):
            raise TypeError("money is never made from a float")
        return cls(amount=Decimal(amount), currency=currency)

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(amount=Decimal(0), currency=currency)

    @property
    def minor_units(self) -> int:
        """The amount in minor units (cents), rounded half up like an invoice does."""
        return int((self.amount / quantum(self.currency)).to_integral_value(ROUND_HALF_UP))

    @property
    def is_zero(self) -> bool:
        return self.amount == 0

    def rounded(self) -> "Money":
        """To the currency's minor unit, half up."""
        return Money(amount=self.amount.quantize(quantum(self.currency), ROUND_HALF_UP), currency=self.currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(amount=self.amount + self._same(other), currency=self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(amount=self.amount - self._same(other), currency=self.currency)

    def __neg__(self) -> "Money":
        return Money(amount=-self.amount, currency=self.currency)

    def __mul__(self, factor: int | Decimal) -> "Money":
        return Money(amount=self.amount * factor, currency=self.currency)

    def __abs__(self) -> "Money":
        return Money(amount=abs(self.amount), currency=self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other)

    def __str__(self) -> str:
        return f"{self.amount:.{minor_digits(self.currency)}f} {self.currency}"

    def _same(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise ValueError(f"cannot mix {self.currency} with {other.currency}")
        return other.amount


class MoneyPair(Model):
    """The same amount twice: in the shop's currency (booked) and in the one the shopper saw (presentment)."""

    shop: Money
    presentment: Money

    @classmethod
    def same(cls, amount: Money) -> Self:
        return cls(shop=amount, presentment=amount)

    @classmethod
    def zero(cls, shop: str, presentment: str | None = None) -> Self:
        return cls(shop=Money.zero(shop), presentment=Money.zero(presentment or shop))

    @property
    def is_zero(self) -> bool:
        return self.shop.is_zero and self.presentment.is_zero

    def __add__(self, other: "MoneyPair") -> "MoneyPair":
        return MoneyPair(shop=self.shop + other.shop, presentment=self.presentment + other.presentment)

    def __sub__(self, other: "MoneyPair") -> "MoneyPair":
        return MoneyPair(shop=self.shop - other.shop, presentment=self.presentment - other.presentment)

    @model_validator(mode="after")
    def _one_currency_one_amount(self) -> Self:
        if self.shop.currency == self.presentment.currency and self.shop.amount != self.presentment.amount:
            raise ValueError(f"shop {self.shop} and presentment {self.presentment} differ in the same currency")
        return self


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum; zero of the currency when there is nothing to add. Raises `ValueError` on another currency."""
    result = Money.zero(currency)
    for amount in amounts:
        result = result + amount
    return result


def total_pair(pairs: Iterable[MoneyPair], shop: str, presentment: str) -> MoneyPair:
    """The sum of both sides."""
    result = MoneyPair.zero(shop, presentment)
    for pair in pairs:
        result = result + pair
    return result


def allocate(amount: Money, weights: Sequence[Decimal | int]) -> list[Money]:
    """Split an amount by weight to the cent; the parts add up to the amount exactly.

    Largest remainder first, earlier position on a tie, so the same input always gives the same parts.
    All weights zero means equal shares. Raises `ValueError` on no weights, a negative weight, or an amount
    finer than the currency's minor unit.

    >>> [str(m) for m in allocate(Money.of("10.00", "USD"), [1, 1, 1])]
    ['3.34 USD', '3.33 USD', '3.33 USD']
    """
    shares = [Decimal(w) for w in weights]
    if not shares or any(w < 0 for w in shares):
        raise ValueError("allocation needs at least one weight, none of them negative")
    if amount.rounded().amount != amount.amount:
        raise ValueError(f"{amount.amount} {amount.currency} is finer than the currency's minor unit")
    if not any(shares):
        shares = [Decimal(1)] * len(shares)
    cents, whole = abs(amount.minor_units), sum(shares)
    exact = [cents * w / whole for w in shares]
    floors = [int(e) for e in exact]
    order = sorted(range(len(shares)), key=lambda i: (floors[i] - exact[i], i))
    for i in order[: cents - sum(floors)]:
        floors[i] += 1
    sign = -1 if amount.amount < 0 else 1
    unit = quantum(amount.currency)
    return [Money(amount=sign * f * unit, currency=amount.currency) for f in floors]


def convert(amount: Money, rate: Decimal, currency: str) -> Money:
    """The amount in another currency at a stated rate, rounded half even to its minor unit."""
    return Money(amount=(amount.amount * rate).quantize(quantum(currency), ROUND_HALF_EVEN), currency=currency)
