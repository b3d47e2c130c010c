"""group-send tasks of a company's members"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

HANDED = "state = 'handed'"
RECEIVED = "route = 'task' AND calling_since IS NOT NULL"
OPEN = "state = 'open'"


def upgrade() -> None:
    op.create_table(
        "group_tasks",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("msgid", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("broadcast_id", sa.Integer(), nullable=True),
        sa.Column("content_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("for_chats", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_poll_at", sa.BigInteger(), nullable=False),
        sa.Column("remind_at", sa.BigInteger(), nullable=True),
        sa.Column("reminded_at", sa.BigInteger(), nullable=True),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("owner_told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", "msgid", name=op.f("pk_group_tasks")),
    )
    op.create_index(
        "ix_group_tasks_next_poll_at",
        "group_tasks",
        ["next_poll_at"],
        unique=False,
        sqlite_where=sa.text(OPEN),
        postgresql_where=sa.text(OPEN),
    )
    op.create_index("ix_group_tasks_broadcast_id", "group_tasks", ["broadcast_id"], unique=False)
    # Not in a batch: that would copy a table of millions of rows on SQLite.
    op.add_column("deliveries", sa.Column("sender", sa.String(), server_default="", nullable=False))
    for name, columns, where in (
        ("ix_deliveries_handed", ["account", "platform_id", "person_id"], HANDED),
        ("ix_deliveries_received", ["person_id", "calling_since"], RECEIVED),
    ):
        op.create_index(
            name,
            "deliveries",
            columns,
            unique=False,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )


def downgrade() -> None:
    op.drop_index("ix_deliveries_received", table_name="deliveries")
    op.drop_index("ix_deliveries_handed", table_name="deliveries")
    op.drop_column("deliveries", "sender")
    op.drop_table("group_tasks")
