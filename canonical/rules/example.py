"""The order that the examples in the rules start from: it passes every check. Each argument makes one thing different.

Shop north sells one TEE-1 for 20.00 USD with 9 % tax on top, delivered for 2.00: 23.80 USD in all, paid by card.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from canonical.fulfillment import FulfillmentOrder, FulfillmentOrderLine, FulfillmentOrderStatus
from canonical.landscape import Company, OrderPolicy, Shop
from canonical.mapping.table import MappingKind, MappingRow, TableMappings
from canonical.money import Money, MoneyPair
from canonical.order import (
    Discount,
    DiscountAllocation,
    DiscountKind,
    FinancialStatus,
    Order,
    OrderLine,
    PaymentTerms,
    RiskAdvice,
    ShippingLine,
    TaxLine,
    Totals,
    Transaction,
    TransactionKind,
    TransactionStatus,
)
from canonical.party import Address, Customer, PurchasingCompany
from canonical.rules import totals
from canonical.rules.checks.context import Context

NOW: Final = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ADDRESS: Final = Address(name="Ada Marsh", line1="1 Quay", city="Reno", postal_code="89506", region="NV", country="US")
COMPANY: Final = Company(name="north", system="erp", currency="USD", warehouse="MAIN")
SHOP: Final = Shop(name="north", domain="north.example.com", channel="web", currency="USD", company="north")
MAPPING_ROWS: Final = tuple(
    MappingRow(kind=kind, shop="north", key=key, value=value)
    for kind, key, value in (
        (MappingKind.ITEMS, ("TEE-1", ""), "TEE-1"),
        (MappingKind.ITEMS, ("GIFT-25", ""), "GIFT-25"),
        (MappingKind.TAXES, ("State Tax", "0.09", "US", "NV"), "STATE-9"),
        (MappingKind.SHIPPING_METHODS, ("STANDARD", "Standard"), "GROUND"),
        (MappingKind.LOCATIONS, ("7", "East"), "DC-EAST"),
        (MappingKind.LOCATIONS, ("8", "West"), "DC-WEST"),
        (MappingKind.PAYMENT_METHODS, ("card",), "CARD"),
        (MappingKind.PAYMENT_METHODS, ("gift_card",), "GIFT"),
        (MappingKind.ACCOUNT_ITEMS, ("shipping",), "SHIPPING"),
        (MappingKind.ACCOUNT_ITEMS, ("duty",), "DUTY"),
    )
)
MAPPINGS: Final = TableMappings(MAPPING_ROWS)


def context(*, currency: str = "USD", **policy: Any) -> Context:
    """What the checks look at, with the shop's order policy changed."""
    shop = SHOP.model_copy(update={"currency": currency, "orders": OrderPolicy(**policy)})
    return Context(mappings=MAPPINGS, shop=shop, now=NOW)


CONTEXT: Final = context()


def pair(amount: str | Decimal) -> MoneyPair:
    """An amount in US dollars, on both sides."""
    return MoneyPair.same(Money.of(amount, "USD"))


def tax(amount: str, title: str = "State Tax", rate: str = "0.09") -> TaxLine:
    """One tax of a line."""
    return TaxLine(title=title, rate=Decimal(rate), amount=pair(amount))


def allocation(amount: str, application: int = 0) -> DiscountAllocation:
    """A part of a discount that falls on a line."""
    return DiscountAllocation(amount=pair(amount), application=application)


def line(*, price: str = "20.00", tax_title: str = "State Tax", **changes: Any) -> OrderLine:
    """One TEE-1 with its tax of 1.80."""
    usual: dict[str, Any] = {
        "id": "11",
        "title": "Harbour Tee",
        "sku": "TEE-1",
        "variant_id": "501",
        "quantity": 1,
        "current_quantity": changes.get("quantity", 1),
        "unit_price": pair(price),
        "taxes": (tax("1.80", tax_title),),
    }
    return OrderLine(**usual | changes)


def order(**changes: Any) -> Order:
    """The order with fields changed. Totals follow the lines; `total` and `tax` state something else instead."""
    stated = {name: changes.pop(name) for name in ("total", "tax") if name in changes}
    tip = pair(changes.pop("tip", "0.00"))
    made = Order(**_usual(changes) | changes)
    parts = made.totals.model_copy(
        update={name: pair(amount) for name, amount in _figures(made).items()} | {"tips": tip}
    )
    made = made.model_copy(update={"totals": parts})
    whole = {"total": pair(totals.order_total(made))} | {name: pair(amount) for name, amount in stated.items()}
    return made.model_copy(update={"totals": parts.model_copy(update=whole)})


def _figures(order: Order) -> dict[str, Decimal]:
    """The totals that the lines come to."""
    prices = sum((line.unit_price.shop.amount * line.quantity for line in totals.goods(order)), Decimal(0))
    on_lines = sum((totals.discount_of(line.allocations) for line in order.lines), Decimal(0))
    on_shipping = sum((totals.discount_of(charge.allocations) for charge in order.shipping), Decimal(0))
    return {
        "subtotal": prices - on_lines,
        "discounts": on_lines + on_shipping,
        "shipping": sum((charge.price.shop.amount for charge in totals.charges(order)), Decimal(0)),
        "tax": totals.tax_total(order),
        "duties": sum((d.amount.shop.amount for line in order.lines for d in line.duties), Decimal(0)),
    }


def on_terms(**changes: Any) -> Order:
    """The same order bought by a company that pays 30 days net."""
    company = PurchasingCompany(id="900", name="Breakwater Hotels", account="B001")
    return order(company=company, payment_terms=PaymentTerms(name="Net 30", due_in_days=30), transactions=(), **changes)


def _usual(changes: dict[str, Any]) -> dict[str, Any]:
    """The fields of the order; takes the short-hands (`risk`, `gateway`, ...) out of the changes."""
    zero = pair("0.00")
    place, code = changes.pop("location_name", None), changes.pop("shipping_code", "STANDARD")
    return {
        "shop": "north",
        "id": "5123",
        "name": "#1001",
        **dict.fromkeys(("currency", "presentment_currency"), "USD"),
        **dict.fromkeys(("created_at", "updated_at"), NOW),
        "financial_status": FinancialStatus(changes.pop("financial_status", "paid")),
        "taxes_included": False,
        "email": "ada@example.com",
        "customer": Customer(id="77", name="Ada Marsh", email="ada@example.com"),
        **dict.fromkeys(("billing", "shipping_address"), ADDRESS),
        "lines": (line(),),
        "shipping": (ShippingLine(id="21", title=code.title(), code=code, price=pair("2.00")),),
        "discounts": (Discount(kind=DiscountKind.CODE, label="WELCOME"),),
        "transactions": (payment("23.80", changes.pop("gateway", "card")),),
        "risk": RiskAdvice(changes.pop("risk", "accept")),
        "fulfillment_orders": (fulfillment_order(location_id="99" if place else "7", location_name=place or "East"),),
        "totals": Totals(**dict.fromkeys(Totals.model_fields, zero)),
    }


def payment(amount: str, gateway: str = "card", **changes: Any) -> Transaction:
    """A sale that went through."""
    usual: dict[str, Any] = {"id": "31", "kind": TransactionKind.SALE, "status": TransactionStatus.SUCCESS}
    return Transaction(**usual | {"gateway": gateway, "amount": pair(amount)} | changes)


def fulfillment_order(**changes: Any) -> FulfillmentOrder:
    """The request to ship the line."""
    asked = FulfillmentOrderLine(id="51", line_id="11", quantity=1, remaining=1)
    usual: dict[str, Any] = {"id": "41", "status": FulfillmentOrderStatus.OPEN, "method": "SHIPPING", "lines": (asked,)}
    return FulfillmentOrder(**usual | changes)
