"""Products: what sources said, and what was published where."""

from alembic import op
from sqlalchemy import Column, PrimaryKeyConstraint, Text, UniqueConstraint

from connectors.statestore.columns import Key, Sequence, UtcTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everything, in one transaction."""
    op.create_table(
        "product_source",
        *_keys("source", "company", "key", "digest", "status"),
        Column("updated_at", UtcTime(), nullable=False),
        Column("document", Text(), nullable=False),
        PrimaryKeyConstraint("source", "company", "key", name="pk_product_source"),
    )
    op.create_index("ix_product_source_key", "product_source", ["key"])
    op.create_table(
        "product_sku",
        *_keys("sku", "source", "company", "key"),
        PrimaryKeyConstraint("sku", "source", "company", "key", name="pk_product_sku"),
    )
    op.create_index("ix_product_sku_record", "product_sku", ["source", "company", "key"])
    op.create_table(
        "product_published",
        *_keys("shop", "key", "product_id", "digest"),
        Column("ref", Text(), nullable=False),
        Column("prices", Text(), nullable=False),
        *_keys("status"),
        Column("version", Sequence(), nullable=False),
        Column("published_at", UtcTime(), nullable=False),
        PrimaryKeyConstraint("shop", "key", name="pk_product_published"),
        UniqueConstraint("shop", "product_id", name="uq_product_published_shop_product_id"),
    )
    op.create_table(
        "product_withheld",
        *_keys("shop", "key", "digest", "kind"),
        Column("approval_id", Sequence(), nullable=False),
        PrimaryKeyConstraint("shop", "key", name="pk_product_withheld"),
    )


def _keys(*names: str) -> "list[Column[str]]":
    return [Column(name, Key(), nullable=False) for name in names]


def downgrade() -> None:
    """Back."""
    for table in ("product_withheld", "product_published", "product_sku", "product_source"):
        op.drop_table(table)
