"""Open lives by stage and by how long nobody has said anything, without a look at a single document."""

from alembic import op
from sqlalchemy import text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEX = "ix_order_life_stage"


def upgrade() -> None:
    """The index. `is_open` is in it, too: SQLite looks the condition up in each row otherwise."""
    where, columns = text("is_open"), ["scope", "stage", "updated_at", "is_open"]
    op.create_index(INDEX, "order_life", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Back."""
    op.drop_index(INDEX, "order_life")
