"""The call budget that all workers share."""

from alembic import op
from sqlalchemy import Column, Float, Integer, PrimaryKeyConstraint

from connectors.statestore.columns import Key, UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everything, in one transaction."""
    op.create_table(
        "call_budget",
        Column("bucket", Key(), nullable=False),
        Column("maximum", Float(), nullable=False),
        Column("available", Float(), nullable=False),
        Column("restore_rate", Float(), nullable=False),
        Column("at", UtcTime(), nullable=False),
        Column("counted_at", UtcTime(), nullable=False),
        PrimaryKeyConstraint("bucket", name="pk_call_budget"),
    )
    op.create_table(
        "call_budget_share",
        Column("bucket", Key(), nullable=False),
        Column("owner", Key(), nullable=False),
        Column("held", Float(), nullable=False),
        Column("held_until", UtcTime(), nullable=False),
        Column("lane", Integer(), nullable=True),
        Column("wanted", Float(), nullable=False),
        Column("since", UtcTime(), nullable=True),
        Column("wanted_until", UtcTime(), nullable=False),
        PrimaryKeyConstraint("bucket", "owner", name="pk_call_budget_share"),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("call_budget_share")
    op.drop_table("call_budget")
