"""playbooks"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("care_letters", schema=None) as batch_op:
        batch_op.drop_index("ix_care_letters_customer_id_day")
        batch_op.create_index("ix_care_letters_day", ["day", "customer_id"], unique=False)
    op.create_table(
        "playbooks",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_playbooks")),
        sa.UniqueConstraint("place", name=op.f("uq_playbooks_place")),
    )
    op.create_table(
        "playbook_ends",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_playbook_ends_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_playbook_ends")),
    )
    with op.batch_alter_table("playbook_ends", schema=None) as batch_op:
        batch_op.create_index("ix_playbook_ends_book_ended_at", ["book", "ended_at"], unique=False)
    op.create_table(
        "playbook_places",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("classes", sa.BigInteger(), nullable=False),
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=True),
        sa.Column("step_due", sa.BigInteger(), nullable=True),
        sa.Column("look_at", sa.BigInteger(), nullable=True),
        sa.Column("spoke_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_playbook_places_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_playbook_places")),
    )
    with op.batch_alter_table("playbook_places", schema=None) as batch_op:
        batch_op.create_index("ix_playbook_places_book", ["book"], unique=False)
        batch_op.create_index("ix_playbook_places_state_look_at", ["state", "look_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("playbook_places", schema=None) as batch_op:
        batch_op.drop_index("ix_playbook_places_state_look_at")
        batch_op.drop_index("ix_playbook_places_book")
    op.drop_table("playbook_places")
    with op.batch_alter_table("playbook_ends", schema=None) as batch_op:
        batch_op.drop_index("ix_playbook_ends_book_ended_at")
    op.drop_table("playbook_ends")
    op.drop_table("playbooks")
    with op.batch_alter_table("care_letters", schema=None) as batch_op:
        batch_op.drop_index("ix_care_letters_day")
        batch_op.create_index("ix_care_letters_customer_id_day", ["customer_id", "day"], unique=False)
