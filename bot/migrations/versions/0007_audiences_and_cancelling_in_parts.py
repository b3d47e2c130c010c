"""audiences and cancelling in parts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("broadcast_unplanned", schema=None) as batch_op:
        batch_op.add_column(sa.Column("after", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("broadcasts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("audience", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("halted", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(
        "UPDATE broadcasts SET audience = (SELECT COUNT(*) FROM deliveries WHERE deliveries.broadcast_id = broadcasts.id)"
    )


def downgrade() -> None:
    with op.batch_alter_table("broadcasts", schema=None) as batch_op:
        batch_op.drop_column("halted")
        batch_op.drop_column("audience")
    with op.batch_alter_table("broadcast_unplanned", schema=None) as batch_op:
        batch_op.drop_column("after")
