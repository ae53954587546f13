"""The sales order as any ERP books it: mapped codes, one currency, tax apart from net.

`canonical.rules.booking` makes it from an order and the mappings; ERP connectors translate it, nothing more. All
amounts are in the company's booking currency, which is the shop's currency, to the minor unit.
"""

from enum import StrEnum

from pydantic import Field

from canonical.ids import digest
from canonical.model import Code, Exact, Model, Utc
from canonical.money import Currency, Money, total
from canonical.party import Address, PartyIdentity


class BookingLineKind(StrEnum):
    ITEM = "item"
    SHIPPING = "shipping"
    GIFT_CARD_SOLD = "gift_card_sold"  # a liability: no revenue, no tax
    TIP = "tip"
    DUTY = "duty"
    FEE = "fee"
    CASH_ROUNDING = "cash_rounding"


class BookedTax(Model):
    """One tax on one line: the ERP's tax code, its rate as a fraction, the amount Shopify charged."""

    code: Code
    rate: Exact
    amount: Money


class BookingLine(Model):
    """One line to book. `list_net` - `discount` = `net`, all without tax; `net` + taxes is what the shopper paid."""

    key: Code
    kind: BookingLineKind
    item: Code
    description: str
    quantity: int = Field(gt=0)
    unit: Code = "each"
    list_net: Money
    discount: Money
    net: Money
    taxes: tuple[BookedTax, ...] = ()

    @property
    def gross(self) -> Money:
        """Net plus taxes."""
        return self.net + total((t.amount for t in self.taxes), self.net.currency)


class Tender(Model):
    """How (a part of) the order was paid: the ERP's payment method code. A redeemed gift card is a tender."""

    key: Code
    method: Code
    amount: Money
    captured: bool


class SalesOrderDocument(Model):
    """A sales order, ready to book once under `key`."""

    key: Code
    shop: Code
    company: Code
    source_id: Code
    name: Code
    ordered_at: Utc
    currency: Currency
    party: PartyIdentity
    invoice_address: Address | None = None
    shipping_address: Address | None = None
    warehouse: Code
    shipping_method: str | None = None
    po_number: str | None = None
    payment_terms_days: int | None = None
    lines: tuple[BookingLine, ...]
    tenders: tuple[Tender, ...] = ()
    total: Money

    @property
    def digest(self) -> str:
        """A hash of all that is booked. Kept with the ERP's document: same key, other digest means conflict.

        Not of the warehouse: a request moved after booking changes nothing of the sale, and where the goods leave from
        is told by shipments.
        """
        return digest(self.model_dump(mode="json", exclude={"warehouse"}))


class CustomerRef(Model):
    """The ERP's customer of a party."""

    id: Code
    number: str | None = None
    created: bool = False


class DocumentStatus(StrEnum):
    """An ERP sales order, seen from outside."""

    DRAFT = "draft"
    CONFIRMED = "confirmed"
    PROCESSING = "processing"
    DONE = "done"
    CANCELLED = "cancelled"


class BookedDocument(Model):
    """What the ERP holds: its immutable id, the number people say, the total it computed, the content digest."""

    key: Code
    id: Code
    number: str | None = None
    status: DocumentStatus
    total: Money
    digest: str | None = None
    rounding: Money | None = None
    created: bool = True
