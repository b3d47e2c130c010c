"""the care calendar"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "care_occasions",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.String(), nullable=True),
        sa.Column("segment", sa.String(), nullable=True),
        sa.Column("script", sa.String(), nullable=True),
        sa.Column("remind_days", sa.Integer(), nullable=True),
        sa.Column("hour", sa.String(length=5), nullable=True),
        sa.Column("purpose", sa.String(), nullable=True),
        sa.Column("gift", sa.String(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_care_occasions")),
    )
    op.create_table(
        "care_turns",
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("on_day", sa.String(length=10), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("broadcast_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("title", "on_day", "step", name=op.f("pk_care_turns")),
    )
    op.create_table(
        "packet_budgets",
        sa.Column("span", sa.String(), nullable=False),
        sa.Column("most_fen", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("span", name=op.f("pk_packet_budgets")),
    )
    op.create_table(
        "packet_thanks",
        sa.Column("packet_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["packet_id"], ["packet_plans.id"], name=op.f("fk_packet_thanks_packet_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("packet_id", "customer_id", name=op.f("pk_packet_thanks")),
    )
    op.add_column("packet_plans", sa.Column("given_up", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("broadcasts", sa.Column("occasion", sa.String(), server_default="", nullable=False))
    op.add_column("broadcasts", sa.Column("until", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("broadcasts", "until")
    op.drop_column("broadcasts", "occasion")
    op.drop_column("packet_plans", "given_up")
    op.drop_table("packet_thanks")
    op.drop_table("packet_budgets")
    op.drop_table("care_turns")
    op.drop_table("care_occasions")
