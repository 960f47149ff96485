"""Lists that were sent both plain values and hashes, between which the workspace can't tell."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was sent before was of one form, unless an export that appends changed it."""
    op.add_column("contact_lists", sa.Column("mixes_forms", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("contact_lists", "mixes_forms")
