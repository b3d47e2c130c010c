"""contacts in step with the platform: what it showed last, the company's tags, how far going through all has come"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

COLUMNS = ("told_at", "renamed_at", "read_at")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("friendships", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("friendships", sa.Column("tags", sa.String(), nullable=True))
    op.create_table(
        "corp_tags",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("tag_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("group_name", sa.String(), server_default="", nullable=False),
        sa.Column("ours", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("account", "tag_id", name=op.f("pk_corp_tags")),
    )
    op.create_table(
        "contact_walks",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.String(), server_default="", nullable=False),
        sa.Column("cursor", sa.String(), server_default="", nullable=False),
        sa.Column("contacts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("taken_in", sa.Integer(), server_default="0", nullable=False),
        sa.Column("found", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("imported_at", sa.BigInteger(), nullable=True),
        sa.Column("night", sa.String(), server_default="", nullable=False),
        sa.Column("report", sa.String(), server_default="", nullable=False),
        sa.Column("tags_due_at", sa.BigInteger(), nullable=True),
        sa.Column("tags_told_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_contact_walks")),
    )


def downgrade() -> None:
    op.drop_table("contact_walks")
    op.drop_table("corp_tags")
    op.drop_column("friendships", "tags")
    for name in reversed(COLUMNS):
        op.drop_column("friendships", name)
