"""tallies of long broadcasts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "broadcast_tallies",
        sa.Column("broadcast_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("counted_at", sa.BigInteger(), nullable=True),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("numbers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.ForeignKeyConstraint(["broadcast_id"], ["broadcasts.id"], name=op.f("fk_broadcast_tallies_broadcast_id")),
        sa.PrimaryKeyConstraint("broadcast_id", name=op.f("pk_broadcast_tallies")),
    )


def downgrade() -> None:
    op.drop_table("broadcast_tallies")
