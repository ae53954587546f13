"""What we ask of a warehouse, a 3PL or a store, and what it tells us.

A *fulfillment request* is ours: ship these lines of this order from this location. It holds on to our own key and to
order lines; the channel's fulfillment order behind it may be replaced (split, move, hold) while the task goes on.
Quantities are whole base units (each). Times are UTC.
"""

from enum import StrEnum

from pydantic import Field

from canonical.fulfillment import Parcel
from canonical.model import Code, Exact, Model, Text, Utc
from canonical.money import Money
from canonical.party import Address
from canonical.returns import Disposition


class RequestLine(Model):
    """One order line to ship. `item` is the ERP item code; `unit_value` is for customs papers."""

    line_id: Code
    item: Code
    quantity: int = Field(gt=0)
    unit_value: Money | None = None
    customs_code: str | None = None


class FulfillmentRequest(Model):
    """A request to one location. `key` is its idempotency key; an amended one keeps it, with a higher `revision`."""

    key: Code
    revision: int = 0
    shop: Code
    company: Code
    order_id: Code
    order_name: Code
    location: Code
    lines: tuple[RequestLine, ...]
    ship_to: Address | None = None
    email: str | None = None
    method: str | None = None
    pickup: bool = False
    requested_at: Utc
    ship_by: Utc | None = None
    note: str | None = None


class WarehouseRef(Model):
    """The warehouse's own id of a request, and the number people say."""

    key: Code
    external_id: Code
    number: str | None = None


class WarehouseState(StrEnum):
    """Where a request stands at the warehouse."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    ALLOCATED = "allocated"
    PICKED = "picked"
    PACKED = "packed"
    READY_FOR_PICKUP = "ready_for_pickup"
    SHIPPED = "shipped"
    PARTLY_SHIPPED = "partly_shipped"
    SHORT = "short"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class WarehouseEventKind(StrEnum):
    """What a warehouse tells. The first ten are about a request, the rest about returned goods and its own stock."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    ALLOCATED = "allocated"
    SHORT = "short"
    PICKED = "picked"
    PACKED = "packed"
    READY_FOR_PICKUP = "ready_for_pickup"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    CANCEL_REFUSED = "cancel_refused"
    DELIVERED = "delivered"
    RETURN_RECEIVED = "return_received"
    RETURN_INSPECTED = "return_inspected"
    STOCK_MOVED = "stock_moved"


class EventLine(Model):
    """What an event says of one line. For returns `disposition` says what the inspection found."""

    line_id: str | None = None
    item: Code
    quantity: int = Field(ge=0)
    lot: str | None = None
    serials: tuple[str, ...] = ()
    disposition: Disposition | None = None


class StockMovement(Model):
    """A change the warehouse made to its own stock: signed quantity in `unit`, why, and the account it goes to."""

    item: Code
    quantity: Exact
    unit: Code = "each"
    location: Code
    to_location: str | None = None  # a transfer
    reason: Code  # its own word; ours are in `canonical.rules.lifecycle.moving`
    account: str | None = None


class WarehouseEvent(Model):
    """One event. `id` is the warehouse's and makes it unique; `sequence` orders them where the warehouse counts.

    `request_key` for events about a request; `return_id` (the channel's) or, blind, none for returned goods.
    """

    id: Code
    system: Code
    kind: WarehouseEventKind
    occurred_at: Utc
    sequence: int | None = None
    location: Code
    request_key: str | None = None
    external_id: str | None = None
    order_name: str | None = None
    return_id: str | None = None
    lines: tuple[EventLine, ...] = ()
    parcels: tuple[Parcel, ...] = ()
    movement: StockMovement | None = None
    reason: str | None = None
    words: Text | None = None


class WarehouseStatus(Model):
    """A request as the warehouse sees it now."""

    ref: WarehouseRef
    state: WarehouseState
    revision: int | None = None
    shipped: dict[str, int] = Field(default_factory=dict)  # line id -> quantity
    parcels: tuple[Parcel, ...] = ()
    updated_at: Utc
