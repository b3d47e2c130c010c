"""plans that repeat and pace"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("broadcast_unplanned", schema=None) as batch_op:
        batch_op.add_column(sa.Column("due_at", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("broadcasts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("repeats", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("plan_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("per_hour", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("over_days", sa.Integer(), nullable=True))
        batch_op.create_index("ix_broadcasts_plan_id_start_at", ["plan_id", "start_at"], unique=True)


def downgrade() -> None:
    with op.batch_alter_table("broadcasts", schema=None) as batch_op:
        batch_op.drop_index("ix_broadcasts_plan_id_start_at")
        batch_op.drop_column("over_days")
        batch_op.drop_column("per_hour")
        batch_op.drop_column("plan_id")
        batch_op.drop_column("repeats")
    with op.batch_alter_table("broadcast_unplanned", schema=None) as batch_op:
        batch_op.drop_column("due_at")
