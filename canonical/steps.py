"""A step: one outbound write that an order's life is due for. Made by rules, carried out by flows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from canonical.fulfillment import Parcel
from canonical.ids import digest
from canonical.money import Money
from canonical.returns import Disposition


class Operation(StrEnum):
    """Every write of a life. The value is the operation of its effect."""

    # Shopify's side of shipping
    MOVE = "fulfillment-order.move"
    HOLD = "fulfillment-order.hold"
    RELEASE = "fulfillment-order.release"
    FULFILL = "fulfillment.create"
    TRACK = "fulfillment.tracking"
    DELIVERY = "fulfillment.event"
    CAPTURE = "payment.capture"
    CANCEL_ORDER = "order.cancel"
    NOTE_INVOICE = "order.note-invoice"
    # Warehouses
    REQUEST = "fulfillment-request.create"
    AMEND = "fulfillment-request.amend"
    CANCEL_REQUEST = "fulfillment-request.cancel"
    # The ERP
    AMEND_SALE = "sales-order.amend"  # before what follows from it
    SHIPMENT = "shipment.post"
    INVOICE = "invoice.post"
    PAYMENT = "payment.post"
    CANCEL_SALE = "sales-order.cancel"
    AUTHORISE = "return.authorise"
    RECEIVE = "return.receive"
    CREDIT = "credit.post"
    MOVEMENT = "stock-movement.post"
    # Shopify's side of returns
    APPROVE_RETURN = "return.approve"
    DECLINE_RETURN = "return.decline"
    OPEN_RETURN = "return.open"
    DISPOSE = "return.dispose"
    REFUND = "refund.create"
    CLOSE_RETURN = "return.close"

    @property
    def words(self) -> str:
        """What is said of it where people read: it has been done."""
        return _WORDS[self]


_WORDS: dict[Operation, str] = {
    Operation.MOVE: "moved to the location that ships",
    Operation.HOLD: "held in the shop",
    Operation.RELEASE: "released in the shop",
    Operation.FULFILL: "shown to the shopper",
    Operation.TRACK: "tracking corrected",
    Operation.DELIVERY: "delivery told",
    Operation.CAPTURE: "payment captured",
    Operation.CANCEL_ORDER: "order cancelled in the shop",
    Operation.NOTE_INVOICE: "invoice noted at the order",
    Operation.REQUEST: "requested from the warehouse",
    Operation.AMEND: "request changed",
    Operation.CANCEL_REQUEST: "request cancelled",
    Operation.SHIPMENT: "shipment booked",
    Operation.INVOICE: "invoiced",
    Operation.PAYMENT: "payment booked",
    Operation.AMEND_SALE: "sale changed in the ERP",
    Operation.CANCEL_SALE: "sale cancelled in the ERP",
    Operation.AUTHORISE: "return authorised",
    Operation.RECEIVE: "goods received and inspected",
    Operation.CREDIT: "credited",
    Operation.MOVEMENT: "stock movement booked",
    Operation.APPROVE_RETURN: "return approved",
    Operation.DECLINE_RETURN: "return declined",
    Operation.OPEN_RETURN: "return opened in the shop",
    Operation.DISPOSE: "dispositions noted",
    Operation.REFUND: "refunded",
    Operation.CLOSE_RETURN: "return closed",
}


class Side(StrEnum):
    """Which system of an order a step writes to."""

    CHANNEL = "channel"
    WAREHOUSE = "warehouse"
    ERP = "erp"


SIDE_OF: dict[Operation, Side] = {
    **dict.fromkeys(Operation, Side.CHANNEL),
    **dict.fromkeys((Operation.REQUEST, Operation.AMEND, Operation.CANCEL_REQUEST), Side.WAREHOUSE),
    **dict.fromkeys(
        (
            Operation.AMEND_SALE,
            Operation.SHIPMENT,
            Operation.INVOICE,
            Operation.PAYMENT,
            Operation.CANCEL_SALE,
            Operation.AUTHORISE,
            Operation.RECEIVE,
            Operation.CREDIT,
            Operation.MOVEMENT,
        ),
        Side.ERP,
    ),
}
"""Where each operation goes."""


@dataclass(frozen=True, slots=True)
class Move:
    """Let quantities by order line id wait at a location of the channel (`FulfillmentChannel.move`)."""

    fulfillment_order_id: str
    location_id: str
    lines: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """`FulfillmentChannel.hold`, and its `release`, which needs no reason."""

    fulfillment_order_id: str
    handle: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Track:
    """`FulfillmentChannel.update_tracking`."""

    fulfillment_id: str
    parcel: Parcel
    notify: bool = False


@dataclass(frozen=True, slots=True)
class Deliver:
    """`FulfillmentChannel.delivery_event`; the moment in ISO 8601 with offset."""

    fulfillment_id: str
    status: str
    happened_at: str


@dataclass(frozen=True, slots=True)
class Capture:
    """`FulfillmentChannel.capture`."""

    order_id: str
    parent_id: str
    total: Money


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """`FulfillmentChannel.cancel_order`."""

    order_id: str
    reason: str
    restock: bool
    refund: bool
    notify: bool = False


@dataclass(frozen=True, slots=True)
class CancelByKey:
    """A fulfillment request (`Warehouse.cancel`) or a sale (`SalesOrders.cancel`), by the key it was made under."""

    of: str
    reason: str


@dataclass(frozen=True, slots=True)
class OnReturn:
    """`ReturnChannel.approve`, `close`, and `decline`, which says why to the shopper."""

    return_id: str
    reason: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class OpenReturn:
    """`ReturnChannel.open_return`, under the step's key."""

    order_id: str
    lines: dict[str, int]
    reason: str


@dataclass(frozen=True, slots=True)
class Dispose:
    """`ReturnChannel.dispose`: (return line id, quantity, disposition, the channel's location id)."""

    return_id: str
    dispositions: tuple[tuple[str, int, Disposition, str | None], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One write. `key` is its idempotency key, `request` what its port takes, `system` the warehouse it goes to.

    `subject` is what people call the thing it is about (a task key, a shipment id, a return name).
    """

    key: str
    operation: Operation
    request: Any
    subject: str
    system: str | None = None

    @property
    def side(self) -> Side:
        """Where it goes."""
        return SIDE_OF[self.operation]

    @property
    def request_digest(self) -> str:
        """The digest of its content: the same key with another digest is a conflict."""
        return digest(repr(self.request))
