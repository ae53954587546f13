"""Approvals and their one-time codes."""

from alembic import op
from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Text, text

from connectors.statestore.columns import Key, Sequence, UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everything, in one transaction."""
    op.create_table(
        "approval",
        Column("id", Sequence(), nullable=False),
        *(Column(name, Key(), nullable=False) for name in ("scope", "key", "kind", "role", "subject")),
        Column("words", Text(), nullable=False),
        Column("detail", Text(), nullable=False),
        *(Column(name, Key(), nullable=False) for name in ("digest", "requested_by", "correlation_id")),
        Column("run_id", Key(), nullable=True),
        Column("requested_at", UtcTime(), nullable=False),
        Column("expires_at", UtcTime(), nullable=True),
        Column("state", Key(), nullable=False),
        Column("decided_by", Key(), nullable=True),
        Column("decided_at", UtcTime(), nullable=True),
        Column("note", Text(), nullable=True),
        Column("forms", Integer(), nullable=False),
        Column("refusal", Text(), nullable=True),
        *(Column(name, UtcTime(), nullable=True) for name in ("used_at", "finished_at", "replaced_at")),
        PrimaryKeyConstraint("id", name="pk_approval"),
    )
    standing = text("replaced_at IS NULL")
    op.create_index(
        "uq_approval_standing",
        "approval",
        ["scope", "key"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )
    op.create_index("ix_approval_requested_at", "approval", ["requested_at"])
    op.create_table(
        "approval_code",
        Column("code_hash", Key(), nullable=False),
        Column("approval_id", Sequence(), nullable=False),
        Column("principal", Key(), nullable=False),
        Column("expires_at", UtcTime(), nullable=False),
        Column("spent_at", UtcTime(), nullable=True),
        PrimaryKeyConstraint("code_hash", name="pk_approval_code"),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("approval_code")
    op.drop_table("approval")
