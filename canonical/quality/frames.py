"""Turns messages, orders and documents into the rows that gates judge: plain values, money in minor units.

No customer data goes into a row: gates need to know that an order has a customer, never which.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from canonical.booking import BookingLineKind, SalesOrderDocument
from canonical.money import Money, total
from canonical.order import Order
from canonical.records import Message
from canonical.rules import totals

Rows = list[dict[str, Any]]
_PPM = 1_000_000


def message_rows(messages: Iterable[Message], shops: Mapping[str, str], now: datetime) -> Rows:
    """One row a message. `shops` are the declared shops with their currency."""
    return [
        {
            "delivery_key": m.delivery_key,
            "scope": m.scope,
            "shop_currency": shops.get(m.scope),
            "topic": m.topic,
            "aggregate_key": m.aggregate_key,
            "aggregate_scope": m.aggregate_key.split(":", 1)[0],
            "correlation_id": m.correlation_id,
            "body_bytes": len(m.body),
            "body_opens": m.body.lstrip()[:1].decode("latin-1"),
            "attempts": m.attempts,
            "seconds_ahead": _seconds(m.received_at, now),
            "seconds_early": _seconds(m.occurred_at, m.received_at) if m.occurred_at else None,
        }
        for m in messages
    ]


def order_rows(orders: Iterable[Order], shops: Mapping[str, str], now: datetime) -> Rows:
    """One row an order. `shops` are the declared shops with their currency."""
    return [_order_row(order, shops, now) for order in orders]


def _order_row(order: Order, shops: Mapping[str, str], now: datetime) -> dict[str, Any]:
    goods = list(totals.goods(order))
    off = totals.differences(order)
    tax_off = totals.tax_difference(order)
    rates = [tax.rate for line in order.lines for tax in line.taxes if tax.rate is not None]
    return {
        "order": f"{order.shop}:{order.id}",
        "order_id": order.id,
        "currency": order.currency,
        "shop_currency": shops.get(order.shop),
        "lines": len(goods),
        "nameless_lines": sum(1 for line in goods if not (line.sku or "").strip() and not line.variant_id),
        "most_quantity": max((line.quantity for line in goods), default=None),
        "least_price": min((line.unit_price.shop.minor_units for line in goods), default=None),
        "total": order.totals.total.shop.minor_units,
        "figures_off": len(off),
        "figures_words": "; ".join(d.words for d in off) or None,
        "tax_off": 0 if tax_off is None else 1,
        "tax_words": tax_off.words if tax_off else None,
        "most_tax_ppm": int(max(rates, default=Decimal(0)) * _PPM),
        "seconds_ahead": _seconds(order.updated_at, now),
    }


def document_rows(documents: Iterable[SalesOrderDocument], companies: Mapping[str, str]) -> Rows:
    """One row a document. `companies` are the declared companies with their currency."""
    return [_document_row(document, companies) for document in documents]


def _document_row(document: SalesOrderDocument, companies: Mapping[str, str]) -> dict[str, Any]:
    lines, currency = document.lines, document.currency
    priced = [line for line in lines if line.kind is not BookingLineKind.CASH_ROUNDING]
    return {
        "key": document.key,
        "currency": currency,
        "company_currency": companies.get(document.company),
        "party_scope": document.party.external_id.split(":", 1)[0],
        "shop": document.shop,
        "lines": len(lines),
        "repeated_line_keys": len(lines) - len({line.key for line in lines}),
        "total": document.total.minor_units,
        "lines_total": total((line.gross for line in lines), currency).minor_units,
        "fractions": sum(1 for amount in _amounts(document) if amount.rounded().amount != amount.amount),
        "unbalanced_lines": sum(1 for line in lines if line.list_net - line.discount != line.net),
        "least_net": min((line.net.minor_units for line in priced), default=None),
        "taxed_liabilities": sum(1 for line in lines if line.kind is BookingLineKind.GIFT_CARD_SOLD and line.taxes),
        "overpaid": max(
            total((t.amount for t in document.tenders), currency).minor_units - document.total.minor_units, 0
        ),
    }


def _amounts(document: SalesOrderDocument) -> Iterable[Money]:
    yield document.total
    for line in document.lines:
        yield from (line.list_net, line.discount, line.net, *(tax.amount for tax in line.taxes))


def _seconds(moment: datetime, reference: datetime) -> int:
    """How far a moment is ahead of the reference, in whole seconds; negative when it is behind."""
    return int((moment - reference).total_seconds())
