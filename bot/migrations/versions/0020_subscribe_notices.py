"""rights to subscribe notices, and an index of unknown rows"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

UNKNOWN = "state = 'unknown'"


def upgrade() -> None:
    op.create_table(
        "notice_rights",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("template_id", sa.String(), nullable=False),
        sa.Column("unused", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("person_id", "account", "template_id", name=op.f("pk_notice_rights")),
    )
    # Not in a batch: that would copy a table of millions of rows on SQLite.
    op.create_index(
        "ix_deliveries_unknown",
        "deliveries",
        ["broadcast_id", "id"],
        unique=False,
        sqlite_where=sa.text(UNKNOWN),
        postgresql_where=sa.text(UNKNOWN),
    )


def downgrade() -> None:
    op.drop_index("ix_deliveries_unknown", table_name="deliveries")
    op.drop_table("notice_rights")
