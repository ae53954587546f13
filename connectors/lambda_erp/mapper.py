"""A sales order document as the values of a Lambda ERP sales order. Pure.

Taxes are rows with the amount charged, so they are right to the cent. Prices are net of discounts, with the list price
beside them. Lambda ERP refuses prices below zero: a cash rounding, which may be, is a row beside the taxes.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from canonical.booking import BookingLine, BookingLineKind, SalesOrderDocument
from canonical.money import Money, total
from connectors.lambda_erp.remarks import remarks_of
from connectors.lambda_erp.schemas import ROUNDING
from connectors.lambda_erp.settings import LambdaErpSettings

PRICE_DIGITS = Decimal("0.000001")  # a price is kept as it is sent; the amount of a line is rounded to cents


def order_values(
    document: SalesOrderDocument, settings: LambdaErpSettings, customer: str, rounding: Money | None = None
) -> dict[str, Any]:
    """The values of an order. `rounding` is what Lambda ERP's own rounding forces, on a row of its own."""
    goods = [line for line in document.lines if line.kind is not BookingLineKind.CASH_ROUNDING]
    cash = [line for line in document.lines if line.kind is BookingLineKind.CASH_ROUNDING]
    return {
        "customer": customer,
        "company": settings.company,
        "currency": document.currency,
        "transaction_date": document.ordered_at.date().isoformat(),
        "external_source": settings.source,
        "external_reference": document.key,
        "remarks": remarks_of(document),
        "items": [_item(document, line, settings) for line in goods],
        "taxes": [
            *_taxes(goods, document.currency, settings),
            *(_charge(settings, settings.rounding_account, line.description, line.net) for line in cash),
            *([_charge(settings, settings.rounding_account, ROUNDING, rounding)] if rounding else []),
        ],
    }


def _item(document: SalesOrderDocument, line: BookingLine, settings: LambdaErpSettings) -> dict[str, Any]:
    values = {
        "item_code": line.item,
        "description": line.description,
        "qty": line.quantity,
        "rate": _price(line.net, line.quantity),
        "price_list_rate": _price(line.list_net, line.quantity),
        "external_line_reference": line.key,
    }
    if line.kind is BookingLineKind.ITEM:
        values["warehouse"] = f"{document.warehouse}{settings.suffix}"
    return values


def _price(amount: Money, quantity: int) -> str:
    return str((amount.amount / quantity).quantize(PRICE_DIGITS))


def _taxes(lines: Iterable[BookingLine], currency: str, settings: LambdaErpSettings) -> list[dict[str, Any]]:
    """One row a tax, with all that was charged of it."""
    charged: dict[tuple[str, Decimal], list[Money]] = {}
    for line in lines:
        for tax in line.taxes:
            charged.setdefault((tax.code, tax.rate), []).append(tax.amount)
    return [
        _charge(settings, code, f"{code} {rate * 100:f} %", total(amounts, currency))
        for (code, rate), amounts in charged.items()
    ]


def _charge(settings: LambdaErpSettings, account: str, description: str, amount: Money) -> dict[str, Any]:
    return {
        "charge_type": "Actual",
        "account_head": f"{account}{settings.suffix}",
        "description": description,
        "tax_amount": str(amount.amount),
    }
