"""lists and refusals"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "broadcast_unplanned",
        sa.Column("broadcast_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["broadcast_id"], ["broadcasts.id"], name=op.f("fk_broadcast_unplanned_broadcast_id")),
        sa.PrimaryKeyConstraint("broadcast_id", "place", name=op.f("pk_broadcast_unplanned")),
    )
    with op.batch_alter_table("identities", schema=None) as batch_op:
        batch_op.add_column(sa.Column("refusal", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("refused_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("identities", schema=None) as batch_op:
        batch_op.drop_column("refused_at")
        batch_op.drop_column("refusal")
    op.drop_table("broadcast_unplanned")
