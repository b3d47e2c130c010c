"""more pages and lines missed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("talk_states", schema=None) as batch_op:
        batch_op.add_column(sa.Column("more", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("more_until", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("missed", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("talk_states", schema=None) as batch_op:
        batch_op.drop_column("missed")
        batch_op.drop_column("more_until")
        batch_op.drop_column("more")
