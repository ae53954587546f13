"""Stock: positions by source, figures by place, and what a reservation needs for both."""

from typing import Any

from alembic import op
from sqlalchemy import Boolean, Column, PrimaryKeyConstraint, Text, UniqueConstraint, text
from sqlalchemy.types import TypeEngine

from connectors.statestore.columns import ExactNumber, Key, Sequence, UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OF_RESERVATIONS: dict[str, TypeEngine[Any]] = {
    "sold_as": Key(),
    "recorded_at": UtcTime(),
    "allocated": ExactNumber(),
    "gone": ExactNumber(),
    "taken": ExactNumber(),
    "left_at": UtcTime(),
}


def upgrade() -> None:
    """Everything, in one transaction."""
    for name, kind in _OF_RESERVATIONS.items():
        op.add_column("reservation", Column(name, kind))
    op.execute("UPDATE reservation SET left_at = ended_at WHERE ended_at IS NOT NULL")
    committed = text("left_at IS NULL")
    op.create_index(
        "ix_reservation_committed", "reservation", ["scope", "sku"], sqlite_where=committed, postgresql_where=committed
    )
    _create_level()
    op.create_table(
        "stock_taken",
        Column("scope", Key(), nullable=False),
        Column("sku", Key(), nullable=False),
        Column("location", Key(), nullable=False),
        Column("total", ExactNumber(), nullable=False),
        PrimaryKeyConstraint("scope", "sku", "location", name="pk_stock_taken"),
    )
    _create_figure()


def _create_level() -> None:
    op.create_table(
        "stock_level",
        Column("company", Key(), nullable=False),
        Column("sku", Key(), nullable=False),
        Column("source", Key(), nullable=False),
        Column("native_location", Key(), nullable=False),
        Column("location", Key(), nullable=False),
        Column("unit", Key(), nullable=False),
        Column("on_hand", ExactNumber(), nullable=False),
        Column("allocated", ExactNumber(), nullable=False),
        Column("in_transit", ExactNumber(), nullable=False),
        Column("quality_hold", ExactNumber(), nullable=False),
        Column("safety_stock", ExactNumber(), nullable=False),
        Column("supplied", ExactNumber()),
        Column("incoming", Text()),
        Column("as_of", UtcTime(), nullable=False),
        Column("sequence", Sequence()),
        Column("seen_at", UtcTime(), nullable=False),
        PrimaryKeyConstraint("company", "sku", "source", "native_location", name="pk_stock_level"),
    )
    op.create_index("ix_stock_level_place", "stock_level", ["company", "source", "native_location"])


def _create_figure() -> None:
    op.create_table(
        "stock_figure",
        Column("id", Sequence(), nullable=False),
        Column("shop", Key(), nullable=False),
        Column("sku", Key(), nullable=False),
        Column("item_id", Key(), nullable=False),
        Column("location_id", Key(), nullable=False),
        Column("target", Sequence(), nullable=False),
        Column("published", Sequence()),
        Column("published_at", UtcTime()),
        Column("state", Key(), nullable=False),
        Column("urgent", Boolean(), nullable=False),
        Column("changed_at", UtcTime(), nullable=False),
        Column("later_at", UtcTime()),
        Column("not_before", UtcTime(), nullable=False),
        Column("reason", Text()),
        Column("approval_id", Sequence()),
        Column("version", Sequence(), nullable=False),
        Column("mark", ExactNumber(), nullable=False),
        Column("owner", Key()),
        Column("lease_until", UtcTime()),
        PrimaryKeyConstraint("id", name="pk_stock_figure"),
        UniqueConstraint("shop", "item_id", "location_id", name="uq_stock_figure_shop_item_id_location_id"),
    )
    op.create_index("ix_stock_figure_sku", "stock_figure", ["shop", "sku"])
    op.create_index("ix_stock_figure_state", "stock_figure", ["shop", "state"])
    due = text("state = 'due'")
    op.create_index(
        "ix_stock_figure_due",
        "stock_figure",
        ["shop", "urgent", "changed_at"],
        sqlite_where=due,
        postgresql_where=due,
    )


def downgrade() -> None:
    """Back."""
    for table in ("stock_figure", "stock_taken", "stock_level"):
        op.drop_table(table)
    op.drop_index("ix_reservation_committed", "reservation")
    for name in _OF_RESERVATIONS:
        op.drop_column("reservation", name)
