"""The order as the channel captured it: lines, discounts, taxes, shipping, payments, risk.

All amounts are pairs: shop currency (booked) and presentment currency (what the shopper saw). Nothing is computed
here that the channel states; the identities are checked by `canonical.rules.totals`.
"""

from enum import StrEnum

from pydantic import Field

from canonical.fulfillment import FulfillmentOrder
from canonical.model import Code, Exact, Model, Utc
from canonical.money import Currency, MoneyPair
from canonical.party import Address, Customer, PurchasingCompany


class TaxLine(Model):
    """One jurisdiction's tax on one line. `rate` is a fraction (0.0825); `code` is how mapping finds it."""

    title: str
    rate: Exact | None = None
    amount: MoneyPair

    @property
    def code(self) -> str:
        """How the tax is named in the mapping: title and rate, because one title may carry several rates."""
        return f"{self.title}@{self.rate.normalize():f}" if self.rate is not None else self.title


class DiscountAllocation(Model):
    """The part of a discount that falls on one line. `application` points into `Order.discounts`."""

    amount: MoneyPair
    application: int = Field(ge=0)


class DiscountKind(StrEnum):
    CODE = "code"
    AUTOMATIC = "automatic"
    MANUAL = "manual"
    SCRIPT = "script"


class Discount(Model):
    """A discount applied to the order, by code or by rule."""

    kind: DiscountKind
    label: str
    target: str = "line_item"


class Duty(Model):
    """A customs duty on a line."""

    amount: MoneyPair
    customs_code: str | None = None
    origin_country: str | None = None
    taxes: tuple[TaxLine, ...] = ()


class OrderLine(Model):
    """One line as sold. `unit_price` is before discounts, with tax in it when the order says so."""

    id: Code
    title: str
    sku: str | None = None
    variant_id: str | None = None
    product_id: str | None = None
    quantity: int = Field(ge=0)
    current_quantity: int = Field(ge=0)
    unit_price: MoneyPair
    allocations: tuple[DiscountAllocation, ...] = ()
    taxes: tuple[TaxLine, ...] = ()
    duties: tuple[Duty, ...] = ()
    taxable: bool = True
    requires_shipping: bool = True
    is_gift_card: bool = False
    is_tip: bool = False


class ShippingLine(Model):
    """A shipping charge. `code` is the method the mapping knows."""

    id: Code
    title: str
    code: str | None = None
    price: MoneyPair
    allocations: tuple[DiscountAllocation, ...] = ()
    taxes: tuple[TaxLine, ...] = ()
    removed: bool = False


class TransactionKind(StrEnum):
    AUTHORIZATION = "authorization"
    CAPTURE = "capture"
    SALE = "sale"
    REFUND = "refund"
    VOID = "void"
    CHANGE = "change"
    OTHER = "other"


class TransactionStatus(StrEnum):
    SUCCESS = "success"
    PENDING = "pending"
    FAILURE = "failure"
    ERROR = "error"
    UNKNOWN = "unknown"


class Transaction(Model):
    """A movement of money at a gateway. A redeemed gift card is a transaction (a tender), not a discount."""

    id: Code
    kind: TransactionKind
    status: TransactionStatus
    gateway: str
    amount: MoneyPair
    parent_id: str | None = None
    processed_at: Utc | None = None
    test: bool = False


class RiskAdvice(StrEnum):
    """What the channel's fraud analysis recommends."""

    ACCEPT = "accept"
    INVESTIGATE = "investigate"
    CANCEL = "cancel"
    NONE = "none"


class FinancialStatus(StrEnum):
    PENDING = "pending"
    AUTHORIZED = "authorized"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"
    EXPIRED = "expired"


class Totals(Model):
    """The channel's own totals of the order as placed. Duties, tips and fees are part of `total`.

    `fees` are additional fees (import, delivery by law) that no line carries; None when there are none.
    """

    subtotal: MoneyPair
    discounts: MoneyPair
    shipping: MoneyPair
    tax: MoneyPair
    duties: MoneyPair
    tips: MoneyPair
    cash_rounding: MoneyPair
    total: MoneyPair
    fees: MoneyPair | None = None


class PaymentTerms(Model):
    """When a business customer pays; `due_at` in UTC."""

    name: str
    due_in_days: int | None = None
    due_at: Utc | None = None


class Order(Model):
    """An order of one shop. `id` is the channel's immutable id (digits); `name` is what people say (#1001)."""

    shop: Code
    id: Code
    name: Code
    currency: Currency
    presentment_currency: Currency
    created_at: Utc
    updated_at: Utc
    processed_at: Utc | None = None
    cancelled_at: Utc | None = None
    cancel_reason: str | None = None
    financial_status: FinancialStatus
    taxes_included: bool
    test: bool = False
    edited: bool = False
    source: str | None = None
    po_number: str | None = None
    note: str | None = None
    email: str | None = None
    customer: Customer | None = None
    company: PurchasingCompany | None = None
    payment_terms: PaymentTerms | None = None
    billing: Address | None = None
    shipping_address: Address | None = None
    lines: tuple[OrderLine, ...]
    shipping: tuple[ShippingLine, ...] = ()
    discounts: tuple[Discount, ...] = ()
    transactions: tuple[Transaction, ...] = ()
    risk: RiskAdvice = RiskAdvice.NONE
    fulfillment_orders: tuple[FulfillmentOrder, ...] = ()
    totals: Totals
