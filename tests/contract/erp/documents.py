"""Sales order documents for the contract suite: right to the cent, and each argument makes one thing different."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from canonical.booking import BookedTax, BookingLine, BookingLineKind, SalesOrderDocument, Tender
from canonical.money import Money, total
from canonical.party import Address, PartyIdentity, PartyKind

_numbers = itertools.count(1)
ORDERED_AT = datetime(2026, 11, 20, 15, 4, 5, tzinfo=UTC)
NEW_YORK = Address(
    name="Ada Marsh", line1="1 Pier", line2="Apt 2", city="New York", postal_code="10001", region="NY", country="US"
)
HAMBURG = Address(name="Uwe Ahrens", line1="Kai 7", city="Hamburg", postal_code="20457", country="DE")


def number() -> str:
    """A number no other document of this session has."""
    return f"{datetime.now(UTC):%H%M%S}{next(_numbers):05}"


def usd(amount: str | Decimal) -> Money:
    return Money.of(amount, "USD")


def party(external_id: str | None = None, **changes: Any) -> PartyIdentity:
    """A person nobody knows yet."""
    given = {
        "shop": "north",
        "external_id": external_id or f"north:customer:{number()}",
        "kind": PartyKind.PERSON,
        "name": "Ada Marsh",
        "email": f"ada.{number()}@example.com",
        "phone": "+12125550199",
        "billing": NEW_YORK,
        "shipping": NEW_YORK,
    }
    return PartyIdentity(**(given | changes))


def tax(code: str, rate: str, amount: str, currency: str = "USD") -> BookedTax:
    return BookedTax(code=code, rate=Decimal(rate), amount=Money.of(amount, currency))


def line(item: str = "TEE-WHI-S", net: str = "48.00", **changes: Any) -> BookingLine:
    """Two tees, 48.00 net, 4 % state tax."""
    currency = changes.pop("currency", "USD")
    amount = Money.of(net, currency)
    discount = Money.of(changes.pop("discount", "0.00"), currency)
    given = {
        "key": number(),
        "kind": BookingLineKind.ITEM,
        "item": item,
        "description": f"{item} as sold",
        "quantity": 2,
        "list_net": amount + discount,
        "discount": discount,
        "net": amount,
        "taxes": (tax("US-NY-STATE", "0.04", "1.92"),),
    }
    return BookingLine(**(given | changes))


def plain(kind: BookingLineKind, item: str, net: str, **changes: Any) -> BookingLine:
    """One of something without tax: shipping, a tip, a gift card."""
    return line(item, net, kind=kind, quantity=1, taxes=(), **changes)


def document(*lines: BookingLine, **changes: Any) -> SalesOrderDocument:
    """An order of two tees and shipping, 55.87 USD in all, paid by card."""
    given_lines = lines or (line(), plain(BookingLineKind.SHIPPING, "SHIPPING", "5.95"))
    currency = given_lines[0].net.currency
    whole = total((entry.gross for entry in given_lines), currency)
    source = number()
    given = {
        "key": f"north:sales-order.create:{source}",
        "shop": "north",
        "company": "north",
        "source_id": source,
        "name": f"#{source}",
        "ordered_at": ORDERED_AT,
        "currency": currency,
        "party": party(),
        "invoice_address": NEW_YORK,
        "shipping_address": NEW_YORK,
        "warehouse": "DC-EAST",
        "shipping_method": "STANDARD",
        "lines": given_lines,
        "tenders": (Tender(key=f"t{source}", method="shopify_payments", amount=whole, captured=True),),
        "total": whole,
    }
    return SalesOrderDocument(**(given | changes))


def german(**changes: Any) -> SalesOrderDocument:
    """An order of shop south in euros, tax taken out of the price: 22.90 with 19 % in it."""
    vat = tax("DE-VAT", "0.19", "3.66", "EUR")
    given = {
        "shop": "south",
        "company": "south",
        "party": party(f"south:customer:{number()}", shop="south", billing=HAMBURG, shipping=HAMBURG),
        "invoice_address": HAMBURG,
        "shipping_address": HAMBURG,
        "warehouse": "DC-EU",
    }
    sold = line(net="19.24", quantity=1, taxes=(vat,), currency="EUR")
    made = document(sold, **(given | changes))
    return made if "key" in changes else made.model_copy(update={"key": made.key.replace("north", "south", 1)})


def parties(documents: Iterable[SalesOrderDocument]) -> list[PartyIdentity]:
    return [entry.party for entry in documents]
