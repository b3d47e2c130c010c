"""friends of staff members, their cards, and who of the company is no staff any more"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "friendships",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("relation", sa.String(), nullable=False),
        sa.Column("relation_at", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("remark", sa.String(), server_default="", nullable=False),
        sa.Column("description", sa.String(), server_default="", nullable=False),
        sa.Column("channel", sa.String(), server_default="", nullable=False),
        sa.Column("add_way", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stale_at", sa.BigInteger(), nullable=True),
        sa.Column("welcome_code", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("person_id", "account", "member_id", name=op.f("pk_friendships")),
    )
    op.create_index("ix_friendships_member", "friendships", ["account", "member_id", "relation"])
    op.create_index(
        "ix_friendships_stale",
        "friendships",
        ["account", "stale_at"],
        sqlite_where=sa.text("stale_at IS NOT NULL"),
        postgresql_where=sa.text("stale_at IS NOT NULL"),
    )
    op.create_table(
        "cards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("answers", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("response_code", sa.String(), server_default="", nullable=False),
        sa.Column("replaced", sa.String(), server_default="", nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_cards_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cards")),
        sa.UniqueConstraint("task_id", name=op.f("uq_cards_task_id")),
    )
    op.create_index(
        "ix_cards_standing",
        "cards",
        ["staff_id"],
        sqlite_where=sa.text("changed_at IS NULL"),
        postgresql_where=sa.text("changed_at IS NULL"),
    )
    op.add_column("staff_identities", sa.Column("member", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("notices", sa.Column("group_at", sa.BigInteger(), nullable=True))
    op.add_column("identities", sa.Column("apart", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "ix_identities_unionid",
        "identities",
        ["unionid", "customer_id"],
        sqlite_where=sa.text("unionid <> ''"),
        postgresql_where=sa.text("unionid <> ''"),
    )
    op.create_index(
        "ix_identities_unasked",
        "identities",
        ["account", "id"],
        sqlite_where=sa.text("unionid IS NULL"),
        postgresql_where=sa.text("unionid IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_identities_unasked", "identities")
    op.drop_index("ix_identities_unionid", "identities")
    op.drop_column("identities", "apart")
    op.drop_column("notices", "group_at")
    op.drop_column("staff_identities", "member")
    op.drop_table("cards")
    op.drop_table("friendships")
