"""Rules both mappers share, so that a webhook and a read of the same order give the same canonical order."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal

from pydantic import ValidationError

from canonical.errors import RejectedError
from canonical.fulfillment import FulfillmentOrderStatus
from canonical.money import MoneyPair
from canonical.order import (
    DiscountKind,
    FinancialStatus,
    OrderLine,
    RiskAdvice,
    TransactionKind,
    TransactionStatus,
)
from connectors.shopify.schemas import MoneySet

_KINDS = {
    "discount_code": DiscountKind.CODE,
    "automatic": DiscountKind.AUTOMATIC,
    "manual": DiscountKind.MANUAL,
    "script": DiscountKind.SCRIPT,
    "DiscountCodeApplication": DiscountKind.CODE,
    "AutomaticDiscountApplication": DiscountKind.AUTOMATIC,
    "ManualDiscountApplication": DiscountKind.MANUAL,
    "ScriptDiscountApplication": DiscountKind.SCRIPT,
}
_TRANSACTION_KINDS = {"emv_authorization": TransactionKind.AUTHORIZATION}
_TRANSACTION_STATUSES = {"awaiting_response": TransactionStatus.PENDING}


class UnmappableError(ValueError):
    """A value Shopify sent that has no canonical meaning; `field` says where."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field, self.words = field, words


@contextmanager
def understanding(document: str) -> Iterator[None]:
    """Turn what does not fit a schema, ours or Shopify's, into `RejectedError` naming document and field."""
    way_out = "Read the order again by name. If it fails again, the field has a form Crossdock does not know yet."
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        words = f"Shopify's order cannot be understood: {first['msg'].lower()}"
        raise RejectedError(words, code="order_unreadable", document=document, field=field, way_out=way_out) from error
    except UnmappableError as error:
        words = f"Shopify's order cannot be understood: {error.words}"
        raise RejectedError(
            words, code="order_unreadable", document=document, field=error.field, way_out=way_out
        ) from error


def pair_or_zero(money: MoneySet | None, shop: str, presentment: str) -> MoneyPair:
    """The amounts; zero where Shopify sends null for "does not apply"."""
    return money.pair() if money is not None else MoneyPair.zero(shop, presentment)


def full_name(first: str | None, last: str | None) -> str | None:
    return " ".join(part for part in (first, last) if part) or None


def discount_kind(name: str, field: str) -> DiscountKind:
    """Raises `UnmappableError` on a kind of discount that is new to us: how it is booked would be a guess."""
    if name not in _KINDS:
        raise UnmappableError(field, f"the discount is of an unknown kind, {name!r}")
    return _KINDS[name]


def financial_status(text: str | None) -> FinancialStatus:
    """No status yet means nothing was paid yet. Raises `UnmappableError` on a status that is new to us."""
    try:
        return FinancialStatus((text or "pending").lower())
    except ValueError as error:
        raise UnmappableError("financial_status", f"the financial status {text!r} is unknown") from error


def risk_advice(text: str) -> RiskAdvice:
    """Advice that is new to us means a person looks at it."""
    try:
        return RiskAdvice(text.lower())
    except ValueError:
        return RiskAdvice.INVESTIGATE


def transaction_kind(text: str) -> TransactionKind:
    """A kind that is new to us moves no money as far as we know: `other`."""
    try:
        return _TRANSACTION_KINDS.get(text.lower()) or TransactionKind(text.lower())
    except ValueError:
        return TransactionKind.OTHER


def transaction_status(text: str) -> TransactionStatus:
    try:
        return _TRANSACTION_STATUSES.get(text.lower()) or TransactionStatus(text.lower())
    except ValueError:
        return TransactionStatus.UNKNOWN


def fulfillment_order_status(text: str) -> FulfillmentOrderStatus:
    """Raises `UnmappableError` on a status that is new to us: routing would be a guess."""
    try:
        return FulfillmentOrderStatus(text.lower())
    except ValueError as error:
        raise UnmappableError(
            "fulfillmentOrders.status", f"the fulfillment order status {text!r} is unknown"
        ) from error


def with_tips(lines: Iterable[OrderLine], received: Decimal) -> tuple[OrderLine, ...]:
    """Mark the lines that are tips.

    GraphQL has no mark of a tip. It is the line without product, SKU, tax and shipping, called Tip or worth exactly
    the tips the order received (shop currency). An order without tips has none.
    """
    return tuple(line.model_copy(update={"is_tip": True}) if _is_tip(line, received) else line for line in lines)


def _is_tip(line: OrderLine, received: Decimal) -> bool:
    if received <= 0 or line.product_id or line.variant_id or line.sku:
        return False
    if line.requires_shipping or line.is_gift_card or line.taxes:
        return False
    return line.title == "Tip" or line.unit_price.shop.amount * line.quantity == received


def tips_total(lines: Iterable[OrderLine], shop: str, presentment: str) -> MoneyPair:
    """The tips in both currencies, from their lines: a webhook states the shop's side only."""
    found = MoneyPair.zero(shop, presentment)
    for line in lines:
        if line.is_tip:
            price = line.unit_price
            found = found + MoneyPair(shop=price.shop * line.quantity, presentment=price.presentment * line.quantity)
    return found
