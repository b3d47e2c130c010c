"""the staff menu"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    document = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    with op.batch_alter_table("account_starts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("staff_menu", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("staff_tagged", document, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("account_starts", schema=None) as batch_op:
        batch_op.drop_column("staff_tagged")
        batch_op.drop_column("staff_menu")
