"""script kinds, taps and uploads"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("media_id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "file", name=op.f("pk_uploads")),
    )
    with op.batch_alter_table("script_versions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(), server_default="text", nullable=False))
    # Not in a batch: that would copy a table of millions of rows on SQLite.
    op.add_column("deliveries", sa.Column("tapped", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("deliveries", "tapped")
    with op.batch_alter_table("script_versions", schema=None) as batch_op:
        batch_op.drop_column("kind")
    op.drop_table("uploads")
