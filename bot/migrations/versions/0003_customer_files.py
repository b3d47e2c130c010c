"""customer files"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "auto_replies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("words", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auto_replies")),
    )
    op.create_table(
        "forgotten",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_forgotten")),
    )
    op.create_table(
        "media",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("media_id", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("wanted_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("lost", sa.String(), nullable=False),
        sa.Column("unwanted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", "media_id", name=op.f("pk_media")),
    )
    with op.batch_alter_table("media", schema=None) as batch_op:
        batch_op.create_index("ix_media_next_at", ["next_at"], unique=False)

    op.create_table(
        "shop_facts",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_shop_facts")),
    )
    op.create_table(
        "file_entries",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_file_entries_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", "field", name=op.f("pk_file_entries")),
    )
    op.create_table(
        "merged_numbers",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_merged_numbers_customer_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_merged_numbers")),
    )
    with op.batch_alter_table("merged_numbers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_merged_numbers_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "photos",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("media_id", sa.String(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_photos_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
    )
    with op.batch_alter_table("photos", schema=None) as batch_op:
        batch_op.create_index("ix_photos_customer_id", ["customer_id"], unique=False)
        batch_op.create_index("ix_photos_media", ["account", "media_id"], unique=False)


def downgrade() -> None:

    with op.batch_alter_table("photos", schema=None) as batch_op:
        batch_op.drop_index("ix_photos_media")
        batch_op.drop_index("ix_photos_customer_id")

    op.drop_table("photos")
    with op.batch_alter_table("merged_numbers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_merged_numbers_customer_id"))

    op.drop_table("merged_numbers")
    op.drop_table("file_entries")
    op.drop_table("shop_facts")
    with op.batch_alter_table("media", schema=None) as batch_op:
        batch_op.drop_index("ix_media_next_at")

    op.drop_table("media")
    op.drop_table("forgotten")
    op.drop_table("auto_replies")
