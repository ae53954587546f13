"""Stock: positions by source, figures by place, and what a reservation needs for both."""

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everything, in one transaction."""


def downgrade() -> None:
    """Back."""
