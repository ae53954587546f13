"""The mapping repository."""

from alembic import op
from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Text, text

from connectors.statestore.columns import Key, Sequence, UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everything, in one transaction."""
    _create_rows()
    _create_versions_and_changes()


def _create_rows() -> None:
    op.create_table(
        "mapping_row",
        Column("id", Sequence(), nullable=False),
        *(Column(name, Key(), nullable=False) for name in ("kind", "shop", "key", "value")),
        *(Column(name, UtcTime(), nullable=True) for name in ("valid_from", "valid_to")),
        Column("since", Integer(), nullable=False),
        Column("until", Integer(), nullable=True),
        PrimaryKeyConstraint("id", name="pk_mapping_row"),
    )
    standing = text("until IS NULL")
    op.create_index(
        "ix_mapping_row_standing",
        "mapping_row",
        ["kind", "shop", "key"],
        sqlite_where=standing,
        postgresql_where=standing,
    )
    op.create_index("ix_mapping_row_since", "mapping_row", ["since"])


def _create_versions_and_changes() -> None:
    op.create_table(
        "mapping_version",
        Column("number", Sequence(), nullable=False),
        Column("change_id", Sequence(), nullable=True),
        Column("at", UtcTime(), nullable=False),
        Column("by", Key(), nullable=False),
        Column("words", Text(), nullable=False),
        PrimaryKeyConstraint("number", name="pk_mapping_version"),
    )
    op.create_table(
        "mapping_change",
        Column("id", Sequence(), nullable=False),
        Column("state", Key(), nullable=False),
        Column("draft", Text(), nullable=False),
        Column("base_version", Integer(), nullable=False),
        Column("proposed_by", Key(), nullable=False),
        Column("proposed_at", UtcTime(), nullable=False),
        *(Column(name, Text(), nullable=False) for name in ("problems", "impact")),
        Column("decided_by", Key(), nullable=True),
        Column("decided_at", UtcTime(), nullable=True),
        Column("note", Text(), nullable=True),
        Column("version", Integer(), nullable=True),
        PrimaryKeyConstraint("id", name="pk_mapping_change"),
    )
    op.create_index("ix_mapping_change_state", "mapping_change", ["state"])


def downgrade() -> None:
    """Back."""
    for table in ("mapping_change", "mapping_version", "mapping_row"):
        op.drop_table(table)
