"""pictures for other accounts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "media_copies",
        sa.Column("delivery_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("media_id", sa.String(), nullable=False),
        sa.Column("to_account", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("wanted_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_media_copies")),
    )
    with op.batch_alter_table("media_copies", schema=None) as batch_op:
        batch_op.create_index("ix_media_copies_next_at", ["next_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("media_copies", schema=None) as batch_op:
        batch_op.drop_index("ix_media_copies_next_at")
    op.drop_table("media_copies")
