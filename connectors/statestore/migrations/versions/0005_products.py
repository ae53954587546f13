"""Products: what sources said, and what was published where."""

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everything, in one transaction."""


def downgrade() -> None:
    """Back."""
