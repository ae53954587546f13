"""Where each document stands: orders, reservations, cases, SLA clocks."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import Index, Text, UniqueConstraint
from sqlmodel import Field

from connectors.statestore.columns import ExactNumber, Key, Sequence, UtcTime
from connectors.statestore.tables.schema import METADATA, StoreTable, partial_index


class OrderRow(StoreTable, table=True):
    """The current truth of one order, and where it stands with us. `waived` is a JSON list of reason codes."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("aggregate_key"),
        Index("ix_orders_name", "name"),
        Index("ix_orders_order_id", "order_id"),
        Index("ix_orders_correlation_id", "correlation_id"),
        partial_index("ix_orders_external_id", "external_id", where="external_id IS NOT NULL"),
        partial_index("ix_orders_external_number", "external_number", where="external_number IS NOT NULL"),
    )

    scope: str = Field(primary_key=True, sa_type=Key)
    order_id: str = Field(primary_key=True, sa_type=Key)
    name: str = Field(sa_type=Key)
    aggregate_key: str = Field(sa_type=Key)
    correlation_id: str = Field(sa_type=Key)
    customer_key: str | None = Field(default=None, sa_type=Key)
    state: str = Field(sa_type=Key)
    updated_at: datetime = Field(sa_type=UtcTime)
    received_at: datetime = Field(sa_type=UtcTime)
    posted_at: datetime | None = Field(default=None, sa_type=UtcTime)
    booked_digest: str | None = Field(default=None, sa_type=Key)
    external_id: str | None = Field(default=None, sa_type=Key)
    external_number: str | None = Field(default=None, sa_type=Key)
    run_id: str | None = Field(default=None, sa_type=Key)
    waived: str = Field(sa_type=Text)
    document: bytes


class LifeRow(StoreTable, table=True):
    """The life of an order after it was accepted, as one document. Written only over the version before."""

    __tablename__ = "order_life"
    __table_args__ = (
        UniqueConstraint("aggregate_key"),
        Index("ix_order_life_correlation_id", "correlation_id"),
        partial_index("ix_order_life_look_at", "look_at", where="is_open AND look_at IS NOT NULL"),
        partial_index("ix_order_life_open", "scope", "order_id", where="is_open"),
        partial_index("ix_order_life_stage", "scope", "stage", "updated_at", "is_open", where="is_open"),
    )

    scope: str = Field(primary_key=True, sa_type=Key)
    order_id: str = Field(primary_key=True, sa_type=Key)
    name: str = Field(sa_type=Key)
    aggregate_key: str = Field(sa_type=Key)
    correlation_id: str = Field(sa_type=Key)
    version: int = Field(sa_type=Sequence)
    stage: str = Field(sa_type=Key)
    is_open: bool = True
    look_at: datetime | None = Field(default=None, sa_type=UtcTime)
    started_at: datetime = Field(sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)
    document: bytes


class ReservationRow(StoreTable, table=True):
    """Stock of an accepted order, a row a line and location. Allocated and gone grow to `quantity`.

    Ended when all is allocated, or cancelled.

    `taken` is what this line has added to the counter of its place. The channel counts it as committed until
    `left_at`: cancelled, or gone. None in these columns is zero. `place` is what sources call the location; `elsewhere`
    (JSON) is what they count of the line at other places.
    """

    __tablename__ = "reservation"
    __table_args__ = (
        partial_index("ix_reservation_open", "scope", "sku", "location", "quantity", where="ended_at IS NULL"),
        partial_index("ix_reservation_committed", "scope", "sku", where="left_at IS NULL"),
    )

    scope: str = Field(primary_key=True, sa_type=Key)
    order_id: str = Field(primary_key=True, sa_type=Key)
    line_id: str = Field(primary_key=True, sa_type=Key)
    sku: str = Field(sa_type=Key)
    location: str | None = Field(default=None, sa_type=Key)
    quantity: Decimal = Field(sa_type=ExactNumber)
    unit: str = Field(sa_type=Key)
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    ended_by: str | None = Field(default=None, sa_type=Key)
    sold_as: str | None = Field(default=None, sa_type=Key)
    recorded_at: datetime | None = Field(default=None, sa_type=UtcTime)
    allocated: Decimal | None = Field(default=None, sa_type=ExactNumber)
    gone: Decimal | None = Field(default=None, sa_type=ExactNumber)
    taken: Decimal | None = Field(default=None, sa_type=ExactNumber)
    left_at: datetime | None = Field(default=None, sa_type=UtcTime)
    place: str | None = Field(default=None, sa_type=Key)
    elsewhere: str | None = Field(default=None, sa_type=Key)


class CaseRow(StoreTable, table=True):
    """A stuck document in business words. One open case per aggregate and reason code."""

    __tablename__ = "stuck_case"
    __table_args__ = (
        partial_index("uq_stuck_case_open", "aggregate_key", "reason_code", where="closed_at IS NULL", unique=True),
        Index("ix_stuck_case_aggregate_key", "aggregate_key"),
        Index("ix_stuck_case_correlation_id", "correlation_id"),
        partial_index("ix_stuck_case_waiting", "opened_at", where="closed_at IS NULL"),
        partial_index("ix_stuck_case_due", "release_at", where="closed_at IS NULL AND release_at IS NOT NULL"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Sequence)
    kind: str = Field(sa_type=Key)
    scope: str = Field(sa_type=Key)
    aggregate_key: str = Field(sa_type=Key)
    correlation_id: str = Field(sa_type=Key)
    document: str = Field(sa_type=Text)
    reason_code: str = Field(sa_type=Key)
    words: str = Field(sa_type=Text)
    way_out: str | None = Field(default=None, sa_type=Text)
    owner: str = Field(sa_type=Key)
    opened_at: datetime = Field(sa_type=UtcTime)
    release_at: datetime | None = Field(default=None, sa_type=UtcTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    closed_by: str | None = Field(default=None, sa_type=Key)
    note: str | None = Field(default=None, sa_type=Text)


class ClockRow(StoreTable, table=True):
    """An SLA clock of one document: started when received, stopped when booked."""

    __tablename__ = "sla_clock"
    __table_args__ = (
        Index("ix_sla_clock_aggregate_key", "aggregate_key"),
        partial_index("ix_sla_clock_stopped", "name", "stopped_at", where="stopped_at IS NOT NULL"),
    )

    scope: str = Field(primary_key=True, sa_type=Key)
    aggregate_key: str = Field(primary_key=True, sa_type=Key)
    name: str = Field(primary_key=True, sa_type=Key)
    started_at: datetime = Field(sa_type=UtcTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcTime)
    stopped_at: datetime | None = Field(default=None, sa_type=UtcTime)


ORDERS: Final = METADATA.tables["orders"]
LIFE: Final = METADATA.tables["order_life"]
RESERVATION: Final = METADATA.tables["reservation"]
CASE: Final = METADATA.tables["stuck_case"]
CLOCK: Final = METADATA.tables["sla_clock"]
