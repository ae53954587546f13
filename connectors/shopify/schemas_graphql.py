"""An order as `operations/read_orders.graphql` and `complete_orders.graphql` return it."""

from datetime import datetime

from pydantic import Field

from connectors.shopify.schemas import AddressWire, Digits, MoneySet, Said, TaxWire, TermsWire, Wire


class Ref(Wire):
    id: Digits


class IndexRef(Wire):
    index: int


class NodeAllocation(Wire):
    allocated_amount_set: MoneySet
    discount_application: IndexRef


class NodeApplication(Wire):
    index: int
    typename: str = Field(validation_alias="__typename")
    target_type: str
    code: Said = None
    title: Said = None


class NodeDuty(Wire):
    harmonized_system_code: Said = None
    country_code_of_origin: Said = None
    price: MoneySet
    tax_lines: tuple[TaxWire, ...] = ()


class NodeLine(Wire):
    id: Digits
    title: str
    sku: Said = None
    quantity: int
    current_quantity: int
    taxable: bool
    requires_shipping: bool
    is_gift_card: bool
    variant: Ref | None = None
    product: Ref | None = None
    original_unit_price_set: MoneySet
    discount_allocations: tuple[NodeAllocation, ...] = ()
    tax_lines: tuple[TaxWire, ...] = ()
    duties: tuple[NodeDuty, ...] = ()


class NodeShipping(Wire):
    id: Digits | None = None
    title: str
    code: Said = None
    is_removed: bool = False
    original_price_set: MoneySet
    discount_allocations: tuple[NodeAllocation, ...] = ()
    tax_lines: tuple[TaxWire, ...] = ()


class EmailAddress(Wire):
    email_address: Said = None


class PhoneNumber(Wire):
    phone_number: Said = None


class NodeCustomer(Wire):
    id: Digits
    first_name: Said = None
    last_name: Said = None
    tax_exempt: bool = False
    default_email_address: EmailAddress | None = None
    default_phone_number: PhoneNumber | None = None


class NodeCompany(Wire):
    id: Digits
    name: str
    external_id: Said = None


class NodePurchaser(Wire):
    """The purchasing entity; all empty when it is a person, for whom `customer` speaks."""

    company: NodeCompany | None = None
    location: NodeCompany | None = None
    contact: Ref | None = None


class NodeTransaction(Wire):
    id: Digits
    kind: str
    status: str
    gateway: Said = None
    test: bool = False
    processed_at: datetime | None = None
    amount_set: MoneySet
    parent_transaction: Ref | None = None


class NodeFulfillmentOrderLine(Wire):
    id: Digits
    total_quantity: int
    remaining_quantity: int
    line_item: Ref


class FulfillmentOrderLines(Wire):
    nodes: tuple[NodeFulfillmentOrderLine, ...] = ()


class NodeLocation(Wire):
    name: Said = None
    location: Ref | None = None


class NodeMethod(Wire):
    method_type: str


class NodeFulfillmentOrder(Wire):
    id: Digits
    status: str
    assigned_location: NodeLocation
    delivery_method: NodeMethod | None = None
    line_items: FulfillmentOrderLines


class FulfillmentOrders(Wire):
    nodes: tuple[NodeFulfillmentOrder, ...] = ()


class Risk(Wire):
    recommendation: str = "NONE"


class BeyondWebhook(Wire):
    """What an order webhook does not tell."""

    id: Digits
    updated_at: datetime
    edited: bool = False
    cancelled_at: datetime | None = None
    cancel_reason: Said = None
    display_financial_status: Said = None
    risk: Risk
    purchasing_entity: NodePurchaser | None = None
    transactions: tuple[NodeTransaction, ...] = ()
    fulfillment_orders: FulfillmentOrders


class Lines(Wire):
    nodes: tuple[NodeLine, ...]


class ShippingLines(Wire):
    nodes: tuple[NodeShipping, ...] = ()


class Applications(Wire):
    nodes: tuple[NodeApplication, ...] = ()


class CashRounding(Wire):
    payment_set: MoneySet


class WholeOrder(BeyondWebhook):
    name: str
    created_at: datetime
    processed_at: datetime | None = None
    test: bool = False
    source_name: Said = None
    po_number: Said = None
    note: Said = None
    email: Said = None
    currency_code: str
    presentment_currency_code: str
    taxes_included: bool
    customer: NodeCustomer | None = None
    billing_address: AddressWire | None = None
    shipping_address: AddressWire | None = None
    payment_terms: TermsWire | None = None
    subtotal_price_set: MoneySet
    total_discounts_set: MoneySet
    total_shipping_price_set: MoneySet
    total_tax_set: MoneySet
    original_total_duties_set: MoneySet | None = None
    original_total_additional_fees_set: MoneySet | None = None
    total_tip_received_set: MoneySet
    total_cash_rounding_adjustment: CashRounding | None = None
    total_price_set: MoneySet
    discount_applications: Applications
    line_items: Lines
    shipping_lines: ShippingLines
