"""A cart priced in one currency: every amount in minor units, totals made of the parts they are the sum of.

An order with two currencies is priced twice by the same rules; so both sides of every MoneyBag add up by themselves,
and differ from the exchange rate by roundings only.
"""

from dataclasses import dataclass
from decimal import Decimal

from deployments.sandbox.catalogue import Catalogue, Promotion, Tax
from deployments.sandbox.shopify.generator import discounts, taxes
from deployments.sandbox.shopify.generator.cart import Cart, CartLine
from deployments.sandbox.shopify.generator.money import convert, minor, share

DUTY_PERCENT = 8
Allocations = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class PricedLine:
    """One line; `allocations` are (promotion index, amount), `taxes` (tax, amount)."""

    unit: int
    quantity: int
    allocations: Allocations
    taxes: list[taxes.Charged]
    duty: int

    @property
    def original(self) -> int:
        """Before any discount."""
        return self.unit * self.quantity

    @property
    def discount(self) -> int:
        """All discounts that fall on the line."""
        return sum(amount for _, amount in self.allocations)

    @property
    def tax(self) -> int:
        """All taxes of the line."""
        return sum(amount for _, amount in self.taxes)


@dataclass(frozen=True, slots=True)
class PricedShipping:
    """The delivery charge."""

    price: int
    allocations: Allocations
    taxes: list[taxes.Charged]

    @property
    def discount(self) -> int:
        """All discounts on the delivery."""
        return sum(amount for _, amount in self.allocations)

    @property
    def tax(self) -> int:
        """All taxes on the delivery."""
        return sum(amount for _, amount in self.taxes)


NO_SHIPPING = PricedShipping(0, [], [])


@dataclass(frozen=True, slots=True)
class PricedCart:
    """The priced cart. `total` is what the shopper owes."""

    currency: str
    lines: list[PricedLine]
    shipping: PricedShipping
    tip: int
    taxes_included: bool

    @property
    def discounts(self) -> int:
        """On lines and delivery together, as Shopify's total does."""
        return sum(line.discount for line in self.lines) + self.shipping.discount

    @property
    def subtotal(self) -> int:
        """Lines after their discounts; without delivery, duties and tip."""
        return sum(line.original - line.discount for line in self.lines)

    @property
    def tax(self) -> int:
        """All taxes, whether included in the prices or not."""
        return sum(line.tax for line in self.lines) + self.shipping.tax

    @property
    def tax_lines(self) -> list[taxes.Charged]:
        """All taxes by jurisdiction."""
        return taxes.total_by_tax([*(line.taxes for line in self.lines), self.shipping.taxes])

    @property
    def duties(self) -> int:
        """All customs duties."""
        return sum(line.duty for line in self.lines)

    @property
    def total(self) -> int:
        """Subtotal, delivery after discount, duties, tip, and taxes unless they are included."""
        delivery = self.shipping.price - self.shipping.discount
        return self.subtotal + delivery + self.duties + self.tip + (0 if self.taxes_included else self.tax)


def price_cart(catalogue: Catalogue, cart: Cart, currency: str) -> PricedCart:
    """The cart in the shop's currency or one of its presentment currencies."""
    return _Pricing(catalogue, cart, currency).priced()


@dataclass(frozen=True, slots=True)
class _Pricing:
    """One cart in one currency."""

    catalogue: Catalogue
    cart: Cart
    currency: str

    def priced(self) -> PricedCart:
        lines = self._lines()
        subtotal = sum(line.original - line.discount for line in lines)
        return PricedCart(
            currency=self.currency,
            lines=lines,
            shipping=self._shipping(),
            tip=share(subtotal, self.cart.tip_percent, 100),
            taxes_included=self.cart.shop.taxes_included,
        )

    def _lines(self) -> list[PricedLine]:
        units = [self._local(line.variant.prices) for line in self.cart.lines]
        originals = [unit * line.quantity for unit, line in zip(units, self.cart.lines, strict=True)]
        allocations = discounts.allocate(self.cart.promotions, self.cart.lines, originals, self._fixed)
        return [self._line(*parts) for parts in zip(self.cart.lines, units, allocations, strict=True)]

    def _line(self, line: CartLine, unit: int, allocations: Allocations) -> PricedLine:
        left = unit * line.quantity - sum(amount for _, amount in allocations)
        rates = self._taxes(line)
        duty = share(left, DUTY_PERCENT, 100) if self.cart.duties and line.product.hs_code else 0
        charged = taxes.charge(left, rates, included=self.cart.shop.taxes_included)
        return PricedLine(unit, line.quantity, allocations, charged, duty)

    def _shipping(self) -> PricedShipping:
        if self.cart.shipping is None:
            return NO_SHIPPING
        price = self._local(self.cart.shipping.prices)
        allocations = discounts.on_shipping(self.cart.promotions, price, self._fixed)
        rates = () if self.cart.tax_exempt else self.catalogue.taxes_for(self.cart.taxed_at, "shipping")
        left = price - sum(amount for _, amount in allocations)
        charged = taxes.charge(left, rates, included=self.cart.shop.taxes_included)
        return PricedShipping(price, allocations, charged)

    def _taxes(self, line: CartLine) -> tuple[Tax, ...]:
        if self.cart.tax_exempt or line.product.gift_card:
            return ()
        usual = self.catalogue.taxes_for(self.cart.taxed_at, line.product.tax_category)
        extra = self.cart.extra_taxes if line.product.tax_category == "standard" else ()
        return (*usual, *extra)

    def _local(self, prices: dict[str, Decimal]) -> int:
        """A price of the shop's currency, in the currency priced in."""
        home = self.cart.shop.currency
        amount = minor(prices[home], home)
        if self.currency == home:
            return amount
        return convert(amount, home, self.currency, self.cart.shop.presentment_rates[self.currency])

    def _fixed(self, promotion: Promotion) -> int:
        return self._local(promotion.values)
