"""The body of an order webhook (REST spelling), as far as we read it."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.shopify.schemas import (
    AddressWire,
    Amount,
    Digits,
    MoneySet,
    MoneyWire,
    Said,
    TaxWire,
    TermsWire,
    Wire,
)


class RestAllocation(Wire):
    amount_set: MoneySet
    discount_application_index: int


class RestApplication(Wire):
    """A discount of the order; its place in the list is the index allocations point to."""

    type: str
    target_type: str = "line_item"
    code: Said = None
    title: Said = None
    description: Said = None


class RestDuty(Wire):
    """A duty; its amounts stand at the top level, newer bodies wrap them like all others."""

    harmonized_system_code: Said = None
    country_code_of_origin: Said = None
    shop_money: MoneyWire | None = None
    presentment_money: MoneyWire | None = None
    price_set: MoneySet | None = None
    tax_lines: tuple[TaxWire, ...] = ()


class RestLine(Wire):
    id: Digits
    title: str
    sku: Said = None
    quantity: int
    current_quantity: int
    price_set: MoneySet
    taxable: bool = True
    requires_shipping: bool = True
    gift_card: bool = False
    variant_id: Digits | None = None
    product_id: Digits | None = None
    discount_allocations: tuple[RestAllocation, ...] = ()
    tax_lines: tuple[TaxWire, ...] = ()
    duties: tuple[RestDuty, ...] = ()
    tip: dict[str, Any] | None = None
    """Present, though its fields may be null, on tips only."""


class RestShipping(Wire):
    id: Digits | None = None
    title: str
    code: Said = None
    price_set: MoneySet
    is_removed: bool = False
    discount_allocations: tuple[RestAllocation, ...] = ()
    tax_lines: tuple[TaxWire, ...] = ()


class RestCustomer(Wire):
    id: Digits
    first_name: Said = None
    last_name: Said = None
    email: Said = None
    phone: Said = None
    tax_exempt: bool = False


class RestCompany(Wire):
    """The business customer: ids only, names come with `complete_orders`."""

    id: Digits
    location_id: Digits | None = None


class RestOrder(Wire):
    id: Digits
    name: str
    currency: str
    presentment_currency: str
    created_at: datetime
    updated_at: datetime
    processed_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancel_reason: Said = None
    financial_status: Said = None
    taxes_included: bool
    test: bool = False
    source_name: Said = None
    po_number: Said = None
    note: Said = None
    email: Said = None
    customer: RestCustomer | None = None
    company: RestCompany | None = None
    payment_terms: TermsWire | None = None
    billing_address: AddressWire | None = None
    shipping_address: AddressWire | None = None
    line_items: tuple[RestLine, ...]
    shipping_lines: tuple[RestShipping, ...] = ()
    discount_applications: tuple[RestApplication, ...] = ()
    subtotal_price_set: MoneySet
    total_discounts_set: MoneySet
    total_shipping_price_set: MoneySet
    total_tax_set: MoneySet
    total_price_set: MoneySet
    original_total_duties_set: MoneySet | None = None
    original_total_additional_fees_set: MoneySet | None = None
    total_cash_rounding_payment_adjustment_set: MoneySet | None = None
    total_tip_received: Amount = Decimal(0)
