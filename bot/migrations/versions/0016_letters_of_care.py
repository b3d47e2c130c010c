"""letters of care"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

LETTERS = "occurrence <> '' AND broadcast_id IS NULL"


def upgrade() -> None:
    op.create_table(
        "care_letters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=True),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("again_at", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_care_letters_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_letters")),
        sa.UniqueConstraint("key", name=op.f("uq_care_letters_key")),
    )
    with op.batch_alter_table("care_letters", schema=None) as batch_op:
        batch_op.create_index("ix_care_letters_customer_id_day", ["customer_id", "day"], unique=False)
        batch_op.create_index("ix_care_letters_state_until", ["state", "until"], unique=False)
    # Not in a batch: that would copy a table of millions of rows on SQLite.
    op.create_index(
        "ix_deliveries_letter",
        "deliveries",
        ["customer_id", "calling_since"],
        unique=False,
        sqlite_where=sa.text(LETTERS),
        postgresql_where=sa.text(LETTERS),
    )


def downgrade() -> None:
    op.drop_index("ix_deliveries_letter", table_name="deliveries")
    with op.batch_alter_table("care_letters", schema=None) as batch_op:
        batch_op.drop_index("ix_care_letters_state_until")
        batch_op.drop_index("ix_care_letters_customer_id_day")
    op.drop_table("care_letters")
