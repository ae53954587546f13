"""From an order node of the GraphQL API to the canonical order, whole or only what a webhook lacked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from canonical.fulfillment import FulfillmentOrder, FulfillmentOrderLine
from canonical.order import (
    Discount,
    DiscountAllocation,
    Duty,
    Order,
    OrderLine,
    ShippingLine,
    Totals,
    Transaction,
)
from canonical.party import CompanyLocation, Customer, PurchasingCompany
from connectors.shopify import mapping
from connectors.shopify.schemas_graphql import (
    BeyondWebhook,
    NodeAllocation,
    NodeCustomer,
    NodeDuty,
    NodeFulfillmentOrder,
    NodeLine,
    NodePurchaser,
    NodeShipping,
    NodeTransaction,
    WholeOrder,
)

Node = Mapping[str, Any]


def order_from_node(node: Node, shop: str) -> Order:
    """The whole order of a `read_orders` node. Raises `RejectedError` naming order and field."""
    with mapping.understanding(str(node.get("name") or node.get("id"))):
        order = WholeOrder.model_validate(node)
        places = {entry.index: place for place, entry in enumerate(order.discount_applications.nodes)}
        received = order.total_tip_received_set.shop_money.amount
        return Order(
            shop=shop,
            id=order.id,
            name=order.name,
            currency=order.currency_code,
            presentment_currency=order.presentment_currency_code,
            created_at=order.created_at,
            updated_at=order.updated_at,
            processed_at=order.processed_at,
            taxes_included=order.taxes_included,
            test=order.test,
            source=order.source_name,
            po_number=order.po_number,
            note=order.note,
            email=order.email,
            customer=_customer(order.customer) if order.customer else None,
            payment_terms=order.payment_terms.terms() if order.payment_terms else None,
            billing=order.billing_address.address() if order.billing_address else None,
            shipping_address=order.shipping_address.address() if order.shipping_address else None,
            lines=mapping.with_tips((_line(line, places) for line in order.line_items.nodes), received),
            shipping=tuple(
                _shipping(entry, places, order.id, place) for place, entry in enumerate(order.shipping_lines.nodes)
            ),
            discounts=_discounts(order),
            totals=_totals(order),
            **_beyond(order),
        )


def completed(order: Order, node: Node) -> Order:
    """The order with what its webhook lacked. Lines and amounts stay as the webhook told them.

    Whether it is cancelled and how it is paid is taken from here: this is the newer word. Raises `RejectedError`.
    """
    with mapping.understanding(order.name):
        return order.model_copy(update=_beyond(BeyondWebhook.model_validate(node)))


def edited_since(order: Order, node: Node) -> bool:
    """Whether the order was edited after its webhook, so that its lines must be read again."""
    return bool(node.get("edited")) and datetime.fromisoformat(str(node["updatedAt"])) > order.updated_at


def _beyond(order: BeyondWebhook) -> dict[str, Any]:
    purchaser = order.purchasing_entity
    return {
        "edited": order.edited,
        "cancelled_at": order.cancelled_at,
        "cancel_reason": order.cancel_reason.lower() if order.cancel_reason else None,
        "financial_status": mapping.financial_status(order.display_financial_status),
        "risk": mapping.risk_advice(order.risk.recommendation),
        "company": _company(purchaser) if purchaser and purchaser.company else None,
        "transactions": tuple(_transaction(entry) for entry in order.transactions),
        "fulfillment_orders": tuple(fulfillment_order(entry) for entry in order.fulfillment_orders.nodes),
    }


def _line(line: NodeLine, places: Mapping[int, int]) -> OrderLine:
    return OrderLine(
        id=line.id,
        title=line.title,
        sku=line.sku,
        variant_id=line.variant.id if line.variant else None,
        product_id=line.product.id if line.product else None,
        quantity=line.quantity,
        current_quantity=line.current_quantity,
        unit_price=line.original_unit_price_set.pair(),
        allocations=_allocations(line.discount_allocations, places),
        taxes=tuple(tax.tax() for tax in line.tax_lines),
        duties=tuple(_duty(duty) for duty in line.duties),
        taxable=line.taxable,
        requires_shipping=line.requires_shipping,
        is_gift_card=line.is_gift_card,
    )


def _shipping(line: NodeShipping, places: Mapping[int, int], order_id: str, place: int) -> ShippingLine:
    return ShippingLine(
        id=line.id or f"{order_id}-shipping-{place}",
        title=line.title,
        code=line.code,
        price=line.original_price_set.pair(),
        allocations=_allocations(line.discount_allocations, places),
        taxes=tuple(tax.tax() for tax in line.tax_lines),
        removed=line.is_removed,
    )


def _allocations(entries: tuple[NodeAllocation, ...], places: Mapping[int, int]) -> tuple[DiscountAllocation, ...]:
    missing = [e.discount_application.index for e in entries if e.discount_application.index not in places]
    if missing:
        raise mapping.UnmappableError(
            "discountAllocations", f"discount {missing[0]} is not among the order's discounts"
        )
    return tuple(
        DiscountAllocation(amount=e.allocated_amount_set.pair(), application=places[e.discount_application.index])
        for e in entries
    )


def _discounts(order: WholeOrder) -> tuple[Discount, ...]:
    return tuple(
        Discount(
            kind=mapping.discount_kind(entry.typename, f"discountApplications.{entry.index}"),
            label=entry.code or entry.title or entry.typename,
            target=entry.target_type.lower(),
        )
        for entry in order.discount_applications.nodes
    )


def _duty(duty: NodeDuty) -> Duty:
    return Duty(
        amount=duty.price.pair(),
        customs_code=duty.harmonized_system_code,
        origin_country=duty.country_code_of_origin,
        taxes=tuple(tax.tax() for tax in duty.tax_lines),
    )


def _customer(customer: NodeCustomer) -> Customer:
    email, phone = customer.default_email_address, customer.default_phone_number
    return Customer(
        id=customer.id,
        name=mapping.full_name(customer.first_name, customer.last_name),
        email=email.email_address if email else None,
        phone=phone.phone_number if phone else None,
        tax_exempt=customer.tax_exempt,
    )


def _company(purchaser: NodePurchaser) -> PurchasingCompany | None:
    company, location = purchaser.company, purchaser.location
    if company is None:
        return None
    return PurchasingCompany(
        id=company.id,
        name=company.name,
        account=company.external_id,
        location=CompanyLocation(id=location.id, name=location.name, account=location.external_id)
        if location
        else None,
        contact_id=purchaser.contact.id if purchaser.contact else None,
    )


def _transaction(entry: NodeTransaction) -> Transaction:
    return Transaction(
        id=entry.id,
        kind=mapping.transaction_kind(entry.kind),
        status=mapping.transaction_status(entry.status),
        gateway=entry.gateway or "unknown",
        amount=entry.amount_set.pair(),
        parent_id=entry.parent_transaction.id if entry.parent_transaction else None,
        processed_at=entry.processed_at,
        test=entry.test,
    )


def fulfillment_order(entry: NodeFulfillmentOrder) -> FulfillmentOrder:
    location = entry.assigned_location
    return FulfillmentOrder(
        id=entry.id,
        status=mapping.fulfillment_order_status(entry.status),
        location_id=location.location.id if location.location else None,
        location_name=location.name,
        method=entry.delivery_method.method_type.lower() if entry.delivery_method else None,
        lines=tuple(
            FulfillmentOrderLine(
                id=line.id, line_id=line.line_item.id, quantity=line.total_quantity, remaining=line.remaining_quantity
            )
            for line in entry.line_items.nodes
        ),
    )


def _totals(order: WholeOrder) -> Totals:
    currencies = (order.currency_code, order.presentment_currency_code)
    fees, rounding = order.original_total_additional_fees_set, order.total_cash_rounding_adjustment
    return Totals(
        subtotal=order.subtotal_price_set.pair(),
        discounts=order.total_discounts_set.pair(),
        shipping=order.total_shipping_price_set.pair(),
        tax=order.total_tax_set.pair(),
        duties=mapping.pair_or_zero(order.original_total_duties_set, *currencies),
        fees=fees.pair() if fees else None,
        tips=order.total_tip_received_set.pair(),
        cash_rounding=mapping.pair_or_zero(rounding.payment_set if rounding else None, *currencies),
        total=order.total_price_set.pair(),
    )
