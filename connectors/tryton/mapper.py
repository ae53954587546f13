"""A sales order document as the values of a Tryton sale. Pure; what Tryton lacks is refused by name.

Prices are net of discounts, and the line says what the discount was: the margin and the base of the tax are then right
without a second line. Taxes are Tryton's own, by their code; the cents by which its rounding differs are another matter
(`bookings`). Tenders are payments on the journal of their method, so a redeemed gift card clears against the liability
that a sold one created.
"""

from decimal import Decimal
from typing import Any, NoReturn

from canonical.booking import BookingLine, BookingLineKind, SalesOrderDocument, Tender
from canonical.errors import RejectedError
from canonical.money import Money
from canonical.party import Address
from connectors.tryton.comment import comment_of
from connectors.tryton.directory import region_code, terms_code
from connectors.tryton.schemas import Item, References

PRICE_DIGITS = Decimal("0.0001")  # Tryton's default for prices; a line's amount is rounded to the currency

ROUNDING_DESCRIPTION = "Rounding difference to the order's total"


def sale_values(
    document: SalesOrderDocument,
    known: References,
    *,
    party: int,
    invoice_address: int,
    shipment_address: int,
    invoice_method: str,
) -> dict[str, Any]:
    """The values of a draft sale. Raises `RejectedError` naming the first thing that Tryton lacks."""
    shop = known.shops.get(document.shop) or _lacks(document, "shop", document.shop)
    if shop.currency_code != document.currency:
        _refuse(document, "currency", f"is in {document.currency}, the company books in {shop.currency_code}")
    values = {
        "party": party,
        "company": shop.company,
        "currency": shop.currency,
        "web_shop": shop.id,
        "web_id": document.key,
        "sale_date": document.ordered_at.date(),
        "reference": document.name,
        "description": _title(document),
        "comment": comment_of(document.digest),
        "invoice_address": invoice_address,
        "shipment_address": shipment_address,
        "warehouse": known.warehouses.get(document.warehouse) or _lacks(document, "warehouse", document.warehouse),
        "invoice_method": invoice_method,
        "shipment_method": "order",
        "lines": [("create", [_line_values(document, line, known) for line in document.lines])],
    }
    if document.payment_terms_days is not None:
        terms = terms_code(document)
        values["payment_term"] = known.terms.get(terms) or _lacks(document, "payment term", f"of {terms} days")
    for tender in document.tenders:
        _ = known.journals.get(tender.method) or _lacks(document, "payment journal", tender.method)
    return values


def payment_values(document: SalesOrderDocument, known: References, party: int) -> list[dict[str, Any]]:
    """The tenders as payments to receive on the sale; money given back is a payment to make."""
    return [_payment_values(document, tender, known, party) for tender in document.tenders if tender.amount.amount]


def rounding_values(item: Item, difference: Money) -> dict[str, Any]:
    """The line that takes what Tryton's rounding forces: `difference` is the order's total less Tryton's."""
    return {
        "type": "line",
        "product": item.id,
        "unit": item.unit,
        "quantity": 1,
        "unit_price": difference.amount,
        "description": ROUNDING_DESCRIPTION,
    }


def address_values(address: Address, known: References) -> dict[str, Any]:
    """The values of a party's address; a region that Tryton lacks is left out."""
    return {
        "party_name": ", ".join(part for part in (address.name, address.company) if part),
        "street": "\n".join(part for part in (address.line1, address.line2) if part),
        "postal_code": address.postal_code or "",
        "city": address.city or "",
        "country": known.countries.get(address.country or ""),
        "subdivision": known.regions.get(region_code(address)) if address.region else None,
    }


def unknown_country(document: SalesOrderDocument, known: References) -> RejectedError | None:
    """The refusal of a document that is sent or billed to a country Tryton lacks: nothing ships to half an address."""
    for address in (document.invoice_address, document.shipping_address):
        if address is not None and address.country and address.country not in known.countries:
            return RejectedError(
                f"Tryton has no country {address.country}",
                code="country_unknown",
                document=document.name,
                field="address",
                way_out="Add the country in Tryton, then replay the order.",
            )
    return None


def _line_values(document: SalesOrderDocument, line: BookingLine, known: References) -> dict[str, Any]:
    item = known.items.get(line.item) or _lacks(document, "item", line.item, f"line {line.key}")
    price = (line.net.amount / line.quantity).quantize(PRICE_DIGITS)
    values = {
        "type": "line",
        "product": item.id,
        "unit": item.unit,
        "quantity": line.quantity,
        "unit_price": price,
        "taxes": [("add", [_tax(document, line, code, known) for code in (tax.code for tax in line.taxes)])],
        "description": _described(line),
        "note": line.key,
    }
    if line.kind is BookingLineKind.GIFT_CARD_SOLD:
        if not item.gift_card:
            _refuse(document, f"line {line.key}", f"sells item {line.item} as a gift card, which it is not in Tryton")
        values["gift_cards"] = [("create", _gift_cards(document, line, item, known))]
    return values


def _title(document: SalesOrderDocument) -> str:
    """What the sale and its invoice are called; a business customer looks for its purchase order there."""
    title = f"Order {document.name} of {document.shop}"
    return f"{title}, purchase order {document.po_number}" if document.po_number else title


def _described(line: BookingLine) -> str:
    if line.discount.is_zero:
        return line.description
    return f"{line.description} ({line.list_net} less discount {line.discount})"


def _tax(document: SalesOrderDocument, line: BookingLine, code: str, known: References) -> int:
    """The id of a tax. One whose rate differs from what was charged is refused: its total could not be right."""
    tax = known.taxes.get(code) or _lacks(document, "tax", code, f"line {line.key}")
    charged = next(booked.rate for booked in line.taxes if booked.code == code)
    if tax.rate != charged:
        _refuse(document, f"line {line.key}", f"was charged {code} at {charged}, in Tryton its rate is {tax.rate}")
    return tax.id


def _gift_cards(document: SalesOrderDocument, line: BookingLine, item: Item, known: References) -> list[dict[str, Any]]:
    """The cards sold, by our own numbers: given with the line, Tryton neither numbers nor mails cards of its own."""
    shop = known.shops[document.shop]
    value = line.net.amount / line.quantity
    return [
        {
            "number": f"{document.shop}/{document.source_id}/{line.key}/{count}",
            "product": item.id,
            "value": value.quantize(Decimal("0.01")),
            "company": shop.company,
            "currency": shop.currency,
        }
        for count in range(1, line.quantity + 1)
    ]


def _payment_values(document: SalesOrderDocument, tender: Tender, known: References, party: int) -> dict[str, Any]:
    received = tender.amount.amount > 0
    return {
        "kind": "receivable" if received else "payable",
        "journal": known.journals[tender.method],
        "party": party,
        "amount": abs(tender.amount.amount),
        "date": document.ordered_at.date(),
        "company": known.shops[document.shop].company,
        "reference": tender.key,
    }


def _lacks(document: SalesOrderDocument, kind: str, code: str, field: str | None = None) -> NoReturn:
    raise RejectedError(
        f"Tryton has no {kind} {code}",
        code=f"{kind.replace(' ', '_')}_unknown",
        document=document.name,
        field=field,
        way_out=f"Add it in Tryton, or map it to another {kind}; then replay the order.",
    )


def _refuse(document: SalesOrderDocument, field: str, words: str) -> NoReturn:
    raise RejectedError(
        words,
        code="erp_mismatch",
        document=document.name,
        field=field,
        way_out="Correct the master data in Tryton or the mapping, then replay the order.",
    )
