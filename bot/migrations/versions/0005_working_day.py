"""working day, rule tags, menu"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "article_days",
        sa.Column("article", sa.String(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("article", name=op.f("pk_article_days")),
    )
    op.create_table(
        "night_runs",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("next_id", sa.Integer(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_night_runs")),
    )
    op.create_table(
        "tag_rules",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_tag_rules")),
    )
    op.create_table(
        "dealt",
        sa.Column("customer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_dealt_staff_id")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_dealt")),
    )
    with op.batch_alter_table("dealt", schema=None) as batch_op:
        batch_op.create_index("ix_dealt_day", ["day"], unique=False)

    op.create_table(
        "follow_ups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_follow_ups_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_ups")),
    )
    with op.batch_alter_table("follow_ups", schema=None) as batch_op:
        batch_op.create_index("ix_follow_ups_level_at", ["level", "at"], unique=False)

    with op.batch_alter_table("account_starts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("menu_before", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True)
        )
        batch_op.add_column(sa.Column("menu_stands", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("menu_wanted", sa.String(), nullable=True))

    with op.batch_alter_table("customer_tags", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ruled_at", sa.BigInteger(), nullable=True))

    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("keeper_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("called_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("rest_until", sa.BigInteger(), nullable=True))

    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asked_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_column("asked_at")

    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.drop_column("rest_until")
        batch_op.drop_column("called_at")
        batch_op.drop_column("keeper_id")

    with op.batch_alter_table("customer_tags", schema=None) as batch_op:
        batch_op.drop_column("ruled_at")

    with op.batch_alter_table("account_starts", schema=None) as batch_op:
        batch_op.drop_column("menu_wanted")
        batch_op.drop_column("menu_stands")
        batch_op.drop_column("menu_before")

    with op.batch_alter_table("follow_ups", schema=None) as batch_op:
        batch_op.drop_index("ix_follow_ups_level_at")

    op.drop_table("follow_ups")
    with op.batch_alter_table("dealt", schema=None) as batch_op:
        batch_op.drop_index("ix_dealt_day")

    op.drop_table("dealt")
    op.drop_table("tag_rules")
    op.drop_table("night_runs")
    op.drop_table("article_days")
