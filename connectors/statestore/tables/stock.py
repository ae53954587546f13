"""Stock: what each source told of a position, what orders took at a place, and the figure shown there."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import Index, Text, UniqueConstraint
from sqlmodel import Field

from connectors.statestore.columns import ExactNumber, Key, Sequence, UtcTime
from connectors.statestore.tables.schema import METADATA, StoreTable, partial_index

DUE: Final = "state = 'due'"
"""A figure that waits to be written. Queries use the same text, so that SQLite takes the index."""


class StockLevelRow(StoreTable, table=True):
    """The newest word of one source on one SKU at one of its own locations. `incoming` is JSON, None for nothing."""

    __tablename__ = "stock_level"
    __table_args__ = (Index("ix_stock_level_place", "company", "source", "native_location"),)

    company: str = Field(primary_key=True, sa_type=Key)
    sku: str = Field(primary_key=True, sa_type=Key)
    source: str = Field(primary_key=True, sa_type=Key)
    native_location: str = Field(primary_key=True, sa_type=Key)
    location: str = Field(sa_type=Key)
    unit: str = Field(sa_type=Key)
    on_hand: Decimal = Field(sa_type=ExactNumber)
    allocated: Decimal = Field(sa_type=ExactNumber)
    in_transit: Decimal = Field(sa_type=ExactNumber)
    quality_hold: Decimal = Field(sa_type=ExactNumber)
    safety_stock: Decimal = Field(sa_type=ExactNumber)
    supplied: Decimal | None = Field(default=None, sa_type=ExactNumber)
    incoming: str | None = Field(default=None, sa_type=Text)
    as_of: datetime = Field(sa_type=UtcTime)
    sequence: int | None = Field(default=None, sa_type=Sequence)
    seen_at: datetime = Field(sa_type=UtcTime)


class StockTakenRow(StoreTable, table=True):
    """All that orders ever took of a SKU at a channel's location, less cancels: a counter under a row lock."""

    __tablename__ = "stock_taken"

    scope: str = Field(primary_key=True, sa_type=Key)
    sku: str = Field(primary_key=True, sa_type=Key)
    location: str = Field(primary_key=True, sa_type=Key)
    total: Decimal = Field(sa_type=ExactNumber)


class StockFigureRow(StoreTable, table=True):
    """What is to be shown at one place. `mark` is how much of `stock_taken.total` the published figure counts.

    `later_at` is the oldest event since the lease began: what the acknowledgement of this lease does not cover.
    """

    __tablename__ = "stock_figure"
    __table_args__ = (
        UniqueConstraint("shop", "item_id", "location_id"),
        Index("ix_stock_figure_sku", "shop", "sku"),
        partial_index("ix_stock_figure_due", "shop", "urgent", "changed_at", where=DUE),
        Index("ix_stock_figure_state", "shop", "state"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Sequence)
    shop: str = Field(sa_type=Key)
    sku: str = Field(sa_type=Key)
    item_id: str = Field(sa_type=Key)
    location_id: str = Field(sa_type=Key)
    target: int = Field(sa_type=Sequence)
    published: int | None = Field(default=None, sa_type=Sequence)
    published_at: datetime | None = Field(default=None, sa_type=UtcTime)
    state: str = Field(sa_type=Key)
    urgent: bool = False
    changed_at: datetime = Field(sa_type=UtcTime)
    later_at: datetime | None = Field(default=None, sa_type=UtcTime)
    not_before: datetime = Field(sa_type=UtcTime)
    reason: str | None = Field(default=None, sa_type=Text)
    approval_id: int | None = Field(default=None, sa_type=Sequence)
    version: int = Field(sa_type=Sequence)
    mark: Decimal = Field(sa_type=ExactNumber)
    owner: str | None = Field(default=None, sa_type=Key)
    lease_until: datetime | None = Field(default=None, sa_type=UtcTime)


STOCK_LEVEL: Final = METADATA.tables["stock_level"]
STOCK_TAKEN: Final = METADATA.tables["stock_taken"]
STOCK_FIGURE: Final = METADATA.tables["stock_figure"]
