"""customer groups"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chat_listings",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_chat_listings")),
    )
    op.create_table(
        "chats",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("chat_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("notice", sa.String(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=True),
        sa.Column("dismissed_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("wanted", sa.String(), nullable=False),
        sa.Column("wanted_at", sa.BigInteger(), nullable=True),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("next_read_at", sa.BigInteger(), nullable=True),
        sa.Column("reads", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("rules", sa.String(), nullable=False),
        sa.Column("welcome", sa.String(), nullable=False),
        sa.Column("welcome_there", sa.String(), nullable=False),
        sa.Column("welcome_id", sa.String(), nullable=False),
        sa.Column("code_wanted", sa.Boolean(), nullable=False),
        sa.Column("join_id", sa.String(), nullable=False),
        sa.Column("join_picture", sa.String(), nullable=False),
        sa.Column("failure", sa.String(), nullable=False),
        sa.Column("retry_at", sa.BigInteger(), nullable=True),
        sa.Column("tell", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chats")),
        sa.UniqueConstraint("account", "chat_id", name=op.f("uq_chats_account_chat_id")),
    )
    op.create_index("ix_chats_next_read_at", "chats", ["next_read_at"])
    op.create_table(
        "chat_members",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chat_number", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("is_member", sa.Boolean(), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.Column("scene", sa.String(), nullable=False),
        sa.Column("invited_by", sa.String(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.Column("left_how", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["chat_number"], ["chats.id"], name=op.f("fk_chat_members_chat_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_members")),
        sa.UniqueConstraint(
            "chat_number", "person_id", "joined_at", name=op.f("uq_chat_members_chat_number_person_id_joined_at")
        ),
    )
    op.create_index("ix_chat_members_joined_at", "chat_members", ["joined_at"])
    op.create_index("ix_chat_members_left_at", "chat_members", ["left_at"])
    op.create_index("ix_chat_members_person_id", "chat_members", ["person_id"])
    op.create_index(
        "ix_chat_members_present",
        "chat_members",
        ["chat_number"],
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_table(
        "chat_posts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chat_number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("every", sa.String(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("last_at", sa.BigInteger(), nullable=True),
        sa.Column("sends", sa.Boolean(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["chat_number"], ["chats.id"], name=op.f("fk_chat_posts_chat_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_posts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_chat_posts_next_at", "chat_posts", ["next_at"])


def downgrade() -> None:
    for table in ("chat_posts", "chat_members", "chats", "chat_listings"):
        op.drop_table(table)
