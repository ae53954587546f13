"""From the body of an order webhook to the canonical order."""

from collections.abc import Mapping
from typing import Any

from canonical.money import MoneyPair
from canonical.order import Discount, DiscountAllocation, Duty, Order, OrderLine, ShippingLine, Totals
from canonical.party import CompanyLocation, Customer, PurchasingCompany
from connectors.shopify import mapping
from connectors.shopify.schemas_rest import (
    RestAllocation,
    RestCompany,
    RestCustomer,
    RestDuty,
    RestLine,
    RestOrder,
    RestShipping,
)


def order_from_webhook(fields: Mapping[str, Any], shop: str, document: str) -> Order:
    """The order in a parsed webhook body. Raises `RejectedError` naming `document` and the field not understood.

    Risk, transactions, fulfillment orders and the business customer's names are not in it: `complete_orders` adds them.
    """
    with mapping.understanding(document):
        order = RestOrder.model_validate(fields)
        lines = mapping.with_tips((_line(line) for line in order.line_items), order.total_tip_received)
        return Order(
            shop=shop,
            id=order.id,
            name=order.name,
            currency=order.currency,
            presentment_currency=order.presentment_currency,
            created_at=order.created_at,
            updated_at=order.updated_at,
            processed_at=order.processed_at,
            cancelled_at=order.cancelled_at,
            cancel_reason=order.cancel_reason,
            financial_status=mapping.financial_status(order.financial_status),
            taxes_included=order.taxes_included,
            test=order.test,
            source=order.source_name,
            po_number=order.po_number,
            note=order.note,
            email=order.email,
            customer=_customer(order.customer) if order.customer else None,
            company=_company(order.company) if order.company else None,
            payment_terms=order.payment_terms.terms() if order.payment_terms else None,
            billing=order.billing_address.address() if order.billing_address else None,
            shipping_address=order.shipping_address.address() if order.shipping_address else None,
            lines=lines,
            shipping=tuple(_shipping(entry, order.id, place) for place, entry in enumerate(order.shipping_lines)),
            discounts=_discounts(order),
            totals=_totals(order, lines),
        )


def _line(line: RestLine) -> OrderLine:
    return OrderLine(
        id=line.id,
        title=line.title,
        sku=line.sku,
        variant_id=line.variant_id,
        product_id=line.product_id,
        quantity=line.quantity,
        current_quantity=line.current_quantity,
        unit_price=line.price_set.pair(),
        allocations=_allocations(line.discount_allocations),
        taxes=tuple(tax.tax() for tax in line.tax_lines),
        duties=tuple(_duty(duty) for duty in line.duties),
        taxable=line.taxable,
        requires_shipping=line.requires_shipping,
        is_gift_card=line.gift_card,
        is_tip=line.tip is not None,
    )


def _shipping(line: RestShipping, order_id: str, place: int) -> ShippingLine:
    return ShippingLine(
        id=line.id or f"{order_id}-shipping-{place}",
        title=line.title,
        code=line.code,
        price=line.price_set.pair(),
        allocations=_allocations(line.discount_allocations),
        taxes=tuple(tax.tax() for tax in line.tax_lines),
        removed=line.is_removed,
    )


def _allocations(entries: tuple[RestAllocation, ...]) -> tuple[DiscountAllocation, ...]:
    return tuple(
        DiscountAllocation(amount=entry.amount_set.pair(), application=entry.discount_application_index)
        for entry in entries
    )


def _discounts(order: RestOrder) -> tuple[Discount, ...]:
    return tuple(
        Discount(
            kind=mapping.discount_kind(entry.type, f"discount_applications.{place}.type"),
            label=entry.code or entry.title or entry.description or entry.type,
            target=entry.target_type,
        )
        for place, entry in enumerate(order.discount_applications)
    )


def _duty(duty: RestDuty) -> Duty:
    if duty.price_set is not None:
        amount = duty.price_set.pair()
    elif duty.shop_money is not None and duty.presentment_money is not None:
        amount = MoneyPair(shop=duty.shop_money.money(), presentment=duty.presentment_money.money())
    else:
        raise mapping.UnmappableError("line_items.duties", "a duty has no amount")
    return Duty(
        amount=amount,
        customs_code=duty.harmonized_system_code,
        origin_country=duty.country_code_of_origin,
        taxes=tuple(tax.tax() for tax in duty.tax_lines),
    )


def _customer(customer: RestCustomer) -> Customer:
    return Customer(
        id=customer.id,
        name=mapping.full_name(customer.first_name, customer.last_name),
        email=customer.email,
        phone=customer.phone,
        tax_exempt=customer.tax_exempt,
    )


def _company(company: RestCompany) -> PurchasingCompany:
    location = company.location_id
    return PurchasingCompany(
        id=company.id,
        name=f"company {company.id}",
        location=CompanyLocation(id=location, name=f"company location {location}") if location else None,
    )


def _totals(order: RestOrder, lines: tuple[OrderLine, ...]) -> Totals:
    currencies = (order.currency, order.presentment_currency)
    fees = order.original_total_additional_fees_set
    return Totals(
        subtotal=order.subtotal_price_set.pair(),
        discounts=order.total_discounts_set.pair(),
        shipping=order.total_shipping_price_set.pair(),
        tax=order.total_tax_set.pair(),
        duties=mapping.pair_or_zero(order.original_total_duties_set, *currencies),
        fees=fees.pair() if fees else None,
        tips=mapping.tips_total(lines, *currencies),
        cash_rounding=mapping.pair_or_zero(order.total_cash_rounding_payment_adjustment_set, *currencies),
        total=order.total_price_set.pair(),
    )
