"""The call budget that all workers share."""

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everything, in one transaction."""


def downgrade() -> None:
    """Back."""
