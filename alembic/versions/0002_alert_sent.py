"""Which alerts were sent, and when: their cool-downs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NAMED, NOBODY = sa.text("person_id IS NOT NULL"), sa.text("person_id IS NULL")


def upgrade() -> None:
    op.create_table(
        "alert_sent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule", STRING, nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_alert_sent_person_id")),
        sa.ForeignKeyConstraint(["room_id"], ["person.id"], name=op.f("fk_alert_sent_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_sent")),
    )
    op.create_index(op.f("ix_alert_sent_person_id"), "alert_sent", ["person_id"], unique=False)
    op.create_index(
        "uq_alert_sent_person",
        "alert_sent",
        ["rule", "person_id"],
        unique=True,
        sqlite_where=NAMED,
        postgresql_where=NAMED,
    )
    op.create_index(
        "uq_alert_sent_nobody",
        "alert_sent",
        ["rule"],
        unique=True,
        sqlite_where=NOBODY,
        postgresql_where=NOBODY,
    )


def downgrade() -> None:
    op.drop_index(
        "uq_alert_sent_nobody", table_name="alert_sent", sqlite_where=NOBODY, postgresql_where=NOBODY
    )
    op.drop_index("uq_alert_sent_person", table_name="alert_sent", sqlite_where=NAMED, postgresql_where=NAMED)
    op.drop_index(op.f("ix_alert_sent_person_id"), table_name="alert_sent")
    op.drop_table("alert_sent")
