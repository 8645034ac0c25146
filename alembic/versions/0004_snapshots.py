"""What other sources say of people, and which jobs may run."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NAMED, NOBODY = sa.text("person_id IS NOT NULL"), sa.text("person_id IS NULL")


def upgrade() -> None:
    op.create_table(
        "payload",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("metrics", STRING, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payload")),
        sa.UniqueConstraint("hash", name=op.f("uq_payload_hash")),
    )
    op.create_table(
        "snapshot_source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", STRING, nullable=False),
        sa.Column("subject", STRING, nullable=False),
        sa.Column("range", STRING, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot_source")),
        sa.UniqueConstraint(
            "source", "subject", "range", name=op.f("uq_snapshot_source_source_subject_range")
        ),
    )
    op.create_table(
        "snapshot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("captured_at", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("payload_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_snapshot_person_id")),
        sa.ForeignKeyConstraint(["source_id"], ["snapshot_source.id"], name=op.f("fk_snapshot_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
    )
    op.create_index(
        "uq_snapshot_person",
        "snapshot",
        ["person_id", "source_id", "captured_at"],
        unique=True,
        sqlite_where=NAMED,
        postgresql_where=NAMED,
    )
    op.create_index(
        "uq_snapshot_nobody",
        "snapshot",
        ["source_id", "captured_at"],
        unique=True,
        sqlite_where=NOBODY,
        postgresql_where=NOBODY,
    )
    op.create_table(
        "lookup_miss",
        sa.Column("platform", STRING, nullable=False),
        sa.Column("username", STRING, nullable=False),
        sa.Column("source", STRING, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("platform", "username", "source", name=op.f("pk_lookup_miss")),
    )
    op.create_table(
        "job_switch",
        sa.Column("job", STRING, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("note", STRING, nullable=True),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_job_switch")),
    )


def downgrade() -> None:
    op.drop_table("job_switch")
    op.drop_table("lookup_miss")
    op.drop_index("uq_snapshot_nobody", table_name="snapshot", sqlite_where=NOBODY, postgresql_where=NOBODY)
    op.drop_index("uq_snapshot_person", table_name="snapshot", sqlite_where=NAMED, postgresql_where=NAMED)
    op.drop_table("snapshot")
    op.drop_table("snapshot_source")
    op.drop_table("payload")
