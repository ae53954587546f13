"""Approvals and their one-time codes."""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everything, in one transaction."""


def downgrade() -> None:
    """Back."""
