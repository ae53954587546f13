"""Returns, refunds and credit memos. A refund is money at the channel; a credit memo is the ERP's document."""

from enum import StrEnum

from pydantic import Field

from canonical.model import Code, Model, Utc
from canonical.money import Money, MoneyPair


class Disposition(StrEnum):
    """What the inspection found and what happens with the goods."""

    RESTOCK = "restock"
    REFURBISH = "refurbish"
    SCRAP = "scrap"
    MISSING = "missing"
    WRONG_ITEM = "wrong_item"


class ReturnStatus(StrEnum):
    """Where a return stands at the channel."""

    REQUESTED = "requested"
    OPEN = "open"
    CLOSED = "closed"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class Inspected(Model):
    """A quantity with one disposition."""

    disposition: Disposition
    quantity: int = Field(gt=0)
    location: str | None = None


class ReturnLine(Model):
    """One returned line, counted per quantity. `processed` pieces have left the order, `refunded` ones with money."""

    id: Code
    line_id: Code
    quantity: int = Field(gt=0)
    reason: str | None = None
    processed: int = Field(default=0, ge=0)
    refunded: int = Field(default=0, ge=0)
    received: int = Field(default=0, ge=0)
    inspected: tuple[Inspected, ...] = ()


class Exchanged(Model):
    """Goods that go out in place of returned ones; `line_ids` are their order lines once they joined the order."""

    id: Code
    quantity: int = Field(gt=0)
    variant_id: str | None = None
    sku: str | None = None
    line_ids: tuple[str, ...] = ()


class Return(Model):
    """A return (RMA) of one order."""

    id: Code
    shop: Code
    order_id: Code
    name: str | None = None
    status: ReturnStatus = ReturnStatus.OPEN
    requested_at: Utc | None = None
    lines: tuple[ReturnLine, ...]
    exchanges: tuple[Exchanged, ...] = ()


class RefundLine(Model):
    line_id: Code
    quantity: int = Field(gt=0)
    subtotal: MoneyPair
    tax: MoneyPair
    restock: bool = False
    location_id: str | None = None


class RefundTransaction(Model):
    """Money given back through one tender."""

    id: Code
    gateway: str
    amount: MoneyPair
    parent_id: str | None = None


class Refund(Model):
    """Money back to the shopper. May have no lines (amount only) or no transactions (order edit).

    `adjustments` (tax included) are what the money differs from lines, shipping and duties by. `total` is the money.
    """

    id: Code
    shop: Code
    order_id: Code
    return_id: str | None = None
    created_at: Utc
    lines: tuple[RefundLine, ...] = ()
    shipping: MoneyPair | None = None
    shipping_tax: MoneyPair | None = None
    duties: MoneyPair | None = None
    adjustments: tuple[MoneyPair, ...] = ()
    transactions: tuple[RefundTransaction, ...] = ()
    total: MoneyPair | None = None
    note: str | None = None


class CreditMemo(Model):
    """The ERP's document that takes revenue back, in the booked currency."""

    number: Code
    company: Code
    order_id: Code
    refund_id: str | None = None
    total: Money
    posted_at: Utc
