"""Readings of rooms in the public feed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "room_text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("subject", STRING, nullable=True),
        sa.Column("tags", STRING, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_text")),
        sa.UniqueConstraint("hash", name=op.f("uq_room_text_hash")),
    )
    op.create_table(
        "room_poll",
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.SmallInteger(), nullable=False),
        sa.Column("rooms", sa.Integer(), nullable=False),
        sa.Column("listed", sa.Integer(), nullable=True),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("scope", STRING, nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("at", "source", name=op.f("pk_room_poll")),
    )
    op.create_table(
        "observation",
        sa.Column("observed_at", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=True),
        sa.Column("viewers", sa.Integer(), nullable=True),
        sa.Column("followers", sa.Integer(), nullable=True),
        sa.Column("seconds_online", sa.Integer(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("gender_rank", sa.Integer(), nullable=True),
        sa.Column("source", sa.SmallInteger(), nullable=False),
        sa.Column("show", sa.SmallInteger(), nullable=True),
        sa.Column("flags", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("observed_at", "person_id", "source", name=op.f("pk_observation")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "room_latest",
        sa.Column("person_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("observed_at", sa.BigInteger(), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_room_latest_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_room_latest")),
    )


def downgrade() -> None:
    op.drop_table("room_latest")
    op.drop_table("observation")
    op.drop_table("room_poll")
    op.drop_table("room_text")
