"""after the sale"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "care_switches",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_care_switches")),
    )
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.add_column(sa.Column("used_up_why", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("bought_again_id", sa.Integer(), nullable=True))
        batch_op.create_index(
            "ix_orders_bought_again_id",
            ["bought_again_id"],
            unique=False,
            sqlite_where=sa.text("bought_again_id IS NOT NULL"),
            postgresql_where=sa.text("bought_again_id IS NOT NULL"),
        )
        batch_op.create_index("ix_orders_delivered_at", ["delivered_at"], unique=False)
        batch_op.create_index("ix_orders_shipped_at", ["shipped_at"], unique=False)
        batch_op.create_index(
            "ix_orders_open",
            ["created_at"],
            unique=False,
            sqlite_where=sa.text("stage < 3"),
            postgresql_where=sa.text("stage < 3"),
        )


def downgrade() -> None:
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_index("ix_orders_open")
        batch_op.drop_index("ix_orders_shipped_at")
        batch_op.drop_index("ix_orders_delivered_at")
        batch_op.drop_index("ix_orders_bought_again_id")
        batch_op.drop_column("bought_again_id")
        batch_op.drop_column("used_up_why")

    op.drop_table("care_switches")
