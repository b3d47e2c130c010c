"""the daybook"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "month_closes",
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_month_closes")),
        info={"undoable": True},
    )
    op.create_table(
        "payments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bill", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("payer", sa.String(), nullable=False),
        sa.Column("payer_id", sa.String(), nullable=False),
        sa.Column("items", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("refunds", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("paid_at", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("suspect_id", sa.Integer(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payments_amount_positive")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_payments_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("key", name=op.f("uq_payments_key")),
        info={"undoable": True},
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.create_index("ix_payments_order_id", ["order_id"], unique=False)
        batch_op.create_index("ix_payments_suspect_id", ["suspect_id"], unique=False)
        batch_op.create_index("ix_payments_paid_at", ["paid_at"], unique=False)
        batch_op.create_index("ix_payments_payer", ["payer"], unique=False)
        batch_op.create_index("ix_payments_payer_id", ["payer_id"], unique=False)
        batch_op.create_index(
            "ix_payments_unsettled",
            ["id"],
            unique=False,
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        )

    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.create_index("ix_orders_paid_at", ["paid_at"], unique=False)
    # What was booked so far moved when it was written down, and had no note of its own.
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.add_column(sa.Column("note", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("booked_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("reverses", sa.Integer(), nullable=True))
        batch_op.drop_index(batch_op.f("ix_ledger_customer_id"))
        batch_op.drop_constraint(batch_op.f("fk_ledger_customer_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_ledger_order_id"), type_="foreignkey")
        batch_op.drop_column("customer_id")
    op.execute("UPDATE ledger SET note = '', booked_at = at")
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.alter_column("note", existing_type=sa.String(), nullable=False)
        batch_op.alter_column("booked_at", existing_type=sa.BigInteger(), nullable=False)
        batch_op.create_index("uq_ledger_reverses", ["reverses"], unique=True)


def downgrade() -> None:
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_index("ix_orders_paid_at")
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.add_column(sa.Column("customer_id", sa.INTEGER(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_ledger_order_id"), "orders", ["order_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_ledger_customer_id"), "customers", ["customer_id"], ["id"])
        batch_op.drop_index("uq_ledger_reverses")
        batch_op.create_index(batch_op.f("ix_ledger_customer_id"), ["customer_id"], unique=False)
        batch_op.drop_column("reverses")
        batch_op.drop_column("booked_at")
        batch_op.drop_column("note")

    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_payments_unsettled",
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        )
        batch_op.drop_index("ix_payments_payer")
        batch_op.drop_index("ix_payments_payer_id")
        batch_op.drop_index("ix_payments_paid_at")
        batch_op.drop_index("ix_payments_suspect_id")
        batch_op.drop_index("ix_payments_order_id")

    op.drop_table("payments")
    op.drop_table("month_closes")
