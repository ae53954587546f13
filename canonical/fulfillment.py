"""A fulfillment order (a request to a location) and a shipment (what left it)."""

from enum import StrEnum

from pydantic import Field

from canonical.model import Code, Model, Utc


class FulfillmentOrderStatus(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    SCHEDULED = "scheduled"
    ON_HOLD = "on_hold"
    INCOMPLETE = "incomplete"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class FulfillmentOrderLine(Model):
    """What one line asks of one location, in each."""

    id: Code
    line_id: Code
    quantity: int = Field(ge=0)
    remaining: int = Field(ge=0)


class FulfillmentOrder(Model):
    """The channel's request that a location ships lines. Its id may be replaced (split, move, hold): link lines."""

    id: Code
    status: FulfillmentOrderStatus
    location_id: str | None = None
    location_name: str | None = None
    method: str | None = None
    lines: tuple[FulfillmentOrderLine, ...] = ()


class ParcelLine(Model):
    line_id: Code
    quantity: int = Field(gt=0)
    lot: str | None = None
    serials: tuple[str, ...] = ()


class Parcel(Model):
    """One box with its tracking."""

    id: Code
    carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    lines: tuple[ParcelLine, ...]


class Shipment(Model):
    """What left a location for one order, in one or several parcels."""

    id: Code
    order_id: Code
    location: Code
    shipped_at: Utc
    parcels: tuple[Parcel, ...]
