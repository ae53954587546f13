"""What was sold: an order of two lines, delivery, a gift card and a card."""

from decimal import Decimal
from typing import Any

from canonical.money import Money, MoneyPair
from canonical.order import DiscountAllocation, Order, OrderLine, ShippingLine, TaxLine
from canonical.rules import example
from canonical.rules.totals import Side, order_total


def usd(amount: str) -> MoneyPair:
    """US dollars on both sides."""
    return MoneyPair.same(Money.of(amount, "USD"))


def line(id_: str, quantity: int, price: str, tax: str, discount: str = "0.00", **changes: Any) -> OrderLine:
    """An order line of a SKU named after it."""
    allocations = (DiscountAllocation(amount=usd(discount), application=0),) if Decimal(discount) else ()
    usual: dict[str, Any] = {
        "id": id_,
        "title": f"Good {id_}",
        "sku": f"SKU-{id_}",
        "quantity": quantity,
        "current_quantity": quantity,
        "unit_price": usd(price),
        "allocations": allocations,
        "taxes": (TaxLine(title="State Tax", rate=Decimal("0.09"), amount=usd(tax)),),
    }
    return OrderLine(**usual | changes)


def two_lines() -> Order:
    """Three pieces of 11 for 29.95 and 2.70 tax, two of 12 for 100.00 and 9.00 tax, delivery 5.00 and 0.45 tax: 147.10.

    30.00 were paid by gift card, the rest by card.
    """
    shipping = ShippingLine(
        id="21",
        title="Standard",
        code="STANDARD",
        price=usd("5.00"),
        taxes=(TaxLine(title="State Tax", rate=Decimal("0.09"), amount=usd("0.45")),),
    )
    return example.order(
        lines=(line("11", 3, "10.00", "2.70", "0.05"), line("12", 2, "50.00", "9.00")),
        shipping=(shipping,),
        transactions=(
            example.payment("30.00", "gift_card", id="30"),
            example.payment("117.10", "card", id="31"),
        ),
    )


def with_tax_inside() -> Order:
    """The same with its taxes in the prices: 134.95, of which 30.00 by gift card."""
    order = two_lines()
    gift, card = order.transactions
    card = card.model_copy(update={"amount": usd("104.95")})
    return order.model_copy(update={"taxes_included": True, "transactions": (gift, card)})


def in_euros(order: Order) -> Order:
    """The order as a shopper with euros saw it: each amount converted by itself."""

    def seen(value: Any) -> Any:
        if isinstance(value, MoneyPair):
            euros = Money(amount=(value.shop.amount * Decimal("0.917")).quantize(Decimal("0.01")), currency="EUR")
            return MoneyPair(shop=value.shop, presentment=euros)
        if isinstance(value, tuple):
            return tuple(seen(one) for one in value)
        if hasattr(value, "model_copy"):
            return value.model_copy(update={name: seen(getattr(value, name)) for name in type(value).model_fields})
        return value

    made: Order = seen(order).model_copy(update={"presentment_currency": "EUR"})
    owed = order_total(made, Side.PRESENTMENT)
    gift = made.transactions[0]
    rest = Money(amount=owed - gift.amount.presentment.amount, currency="EUR")
    card = made.transactions[1]
    card = card.model_copy(update={"amount": MoneyPair(shop=card.amount.shop, presentment=rest)})
    return made.model_copy(update={"transactions": (gift, card)})
