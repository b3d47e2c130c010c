"""red packets in the book"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Packets handed out before this step are not booked: their months may be closed, and who wants them there says so.
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.add_column(sa.Column("packet_id", sa.Integer(), nullable=True))
        batch_op.alter_column("order_id", existing_type=sa.INTEGER(), nullable=True)
        batch_op.create_index(batch_op.f("ix_ledger_packet_id"), ["packet_id"], unique=False)
        batch_op.create_check_constraint(
            batch_op.f("ck_ledger_order_or_packet"), "(order_id IS NULL) <> (packet_id IS NULL)"
        )


def downgrade() -> None:
    op.execute("DELETE FROM ledger WHERE order_id IS NULL")
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_ledger_order_or_packet"), type_="check")
        batch_op.drop_index(batch_op.f("ix_ledger_packet_id"))
        batch_op.alter_column("order_id", existing_type=sa.INTEGER(), nullable=False)
        batch_op.drop_column("packet_id")
