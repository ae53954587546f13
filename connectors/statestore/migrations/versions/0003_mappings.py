"""The mapping repository."""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everything, in one transaction."""


def downgrade() -> None:
    """Back."""
