"""one member in several accounts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("invitations", sa.Column("staff_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("invitations", "staff_id")
