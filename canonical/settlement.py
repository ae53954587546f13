"""The ERP's documents after the sale: shipment, invoice, payment, return authorisation, credit memo, stock movement.

Each document has a key of ours, unique in the ERP (in a field it keeps), and its content's digest, so that a lost reply
finds it again. Money in the booked currency, exact.
"""

from datetime import date
from enum import StrEnum

from pydantic import Field

from canonical.booking import SalesOrderDocument
from canonical.fulfillment import Shipment
from canonical.model import Code, Exact, Model, Utc
from canonical.money import Money
from canonical.returns import Disposition


class ErpDocument(Model):
    """A document that exists in the ERP under our key."""

    key: Code
    external_id: Code
    number: str | None = None
    state: str | None = None
    total: Money | None = None
    created: bool = True


class SaleAmendment(Model):
    """A booked sale is to be this from now on: lines added, more or fewer pieces of a line, lines taken out.

    `document` is the whole sale as it is to be, under the key it was booked under; what has left or is invoiced of it
    stays. Its addresses, tenders and warehouse are those of the order and change nothing.
    """

    key: Code
    sale_key: Code
    document: SalesOrderDocument


class ShipmentPosting(Model):
    """Goods of an order left a location: reduce stock there. Lines by order line id.

    `shipment.location` is the ERP's code of the warehouse, as in the sales order document. Lines of services (a gift
    card sent by mail, shipping) move nothing and are passed over.
    """

    key: Code
    sale_key: Code  # the key under which the order was booked
    shipment: Shipment


class InvoiceTrigger(StrEnum):
    """When the ERP invoices."""

    ON_SHIPMENT = "on_shipment"
    ON_ORDER = "on_order"


class InvoicePosting(Model):
    """Post the invoice of a sale: all that is not invoiced yet, or what one shipment shipped.

    What is no goods (shipping, tip, duty, rounding) is on the first invoice; the last one takes the cents by which the
    invoices of the parts would differ from the sale.
    """

    key: Code
    sale_key: Code
    shipment_key: str | None = None
    invoice_date: date


class PaymentPosting(Model):
    """Money received (or given back: negative) by one tender, to be matched with the sale's invoice.

    `method` is the ERP's payment method from the gateway map; `reference` is the channel's transaction id. `captures`
    is the id of the authorisation that this captures: an ERP that recorded it with the sale then completes it.
    """

    key: Code
    sale_key: Code
    method: Code
    amount: Money
    reference: Code
    captures: str | None = None
    paid_at: Utc


class ReturnAuthorisation(Model):
    """The ERP's permission to send goods back: quantity by order line id, and where to."""

    key: Code
    sale_key: Code
    return_id: Code
    location: Code
    lines: dict[str, int]


class ReturnReceipt(Model):
    """Goods of an authorised return are back and inspected: what of it is restocked, by order line id.

    One key a receipt, so that partial receipts are told apart from retries. What is scrapped, missing or wrong is not
    in `lines`: it comes to no stock.
    """

    key: Code
    authorisation_key: Code
    location: Code  # the ERP's code of the warehouse
    lines: dict[str, int]
    received_at: Utc


class CreditLine(Model):
    """What is credited of one order line (or of shipping, duty, fee when `line_id` is None), exact.

    A restocking fee is what is kept: its amounts are below zero. `quantity` 0 credits an amount without goods.
    """

    line_id: str | None = None
    purpose: Code = "item"  # item, shipping, duty, fee, tip, adjustment, restocking_fee
    quantity: int = Field(default=0, ge=0)
    net: Money
    tax: Money
    disposition: Disposition | None = None


class CreditPosting(Model):
    """A credit memo. `total` is what Shopify refunds; the ERP's total must equal it."""

    key: Code
    sale_key: Code
    return_id: str | None = None
    refund_id: str | None = None
    authorisation_key: str | None = None
    lines: tuple[CreditLine, ...]
    total: Money
    reason: str | None = None


class MovementPosting(Model):
    """A stock movement made elsewhere, to be booked once: signed quantity in `unit`, reason and account.

    `words` is what the warehouse gave as the reason, where that is not `reason` itself.
    """

    key: Code
    item: Code
    quantity: Exact
    unit: Code = "each"
    location: Code
    to_location: str | None = None
    reason: Code
    account: str | None = None
    words: str | None = None
    occurred_at: Utc
