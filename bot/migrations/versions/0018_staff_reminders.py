"""staff reminders"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mornings",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_mornings_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", "day", name=op.f("pk_mornings")),
    )
    with op.batch_alter_table("activities", schema=None) as batch_op:
        batch_op.add_column(sa.Column("day_checked_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("hours_checked_at", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("care_plans", schema=None) as batch_op:
        batch_op.add_column(sa.Column("again_of", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("cancelled_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("care_plans", schema=None) as batch_op:
        batch_op.drop_column("cancelled_at")
        batch_op.drop_column("again_of")
    with op.batch_alter_table("activities", schema=None) as batch_op:
        batch_op.drop_column("hours_checked_at")
        batch_op.drop_column("day_checked_at")
    op.drop_table("mornings")
