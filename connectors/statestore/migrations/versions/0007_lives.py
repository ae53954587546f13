"""The life of each order after it was accepted, and where its pieces wait and are counted."""

from alembic import op
from sqlalchemy import Boolean, Column, LargeBinary, PrimaryKeyConstraint, UniqueConstraint, text

from connectors.statestore.columns import Key, Sequence, UtcTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everything, in one transaction."""
    op.create_table(
        "order_life",
        *(Column(name, Key(), nullable=False) for name in ("scope", "order_id", "name")),
        *(Column(name, Key(), nullable=False) for name in ("aggregate_key", "correlation_id")),
        Column("version", Sequence(), nullable=False),
        Column("stage", Key(), nullable=False),
        Column("is_open", Boolean(), nullable=False),
        Column("look_at", UtcTime()),
        Column("started_at", UtcTime(), nullable=False),
        Column("updated_at", UtcTime(), nullable=False),
        Column("document", LargeBinary(), nullable=False),
        PrimaryKeyConstraint("scope", "order_id", name="pk_order_life"),
        UniqueConstraint("aggregate_key", name="uq_order_life_aggregate_key"),
    )
    op.create_index("ix_order_life_correlation_id", "order_life", ["correlation_id"])
    for name in ("place", "elsewhere"):
        op.add_column("reservation", Column(name, Key()))
    _partial("ix_order_life_look_at", ["look_at"], "is_open AND look_at IS NOT NULL")
    _partial("ix_order_life_open", ["scope", "order_id"], "is_open")


def _partial(name: str, columns: list[str], where: str) -> None:
    op.create_index(name, "order_life", columns, sqlite_where=text(where), postgresql_where=text(where))


def downgrade() -> None:
    """Back."""
    for name in ("elsewhere", "place"):
        op.drop_column("reservation", name)
    op.drop_table("order_life")
