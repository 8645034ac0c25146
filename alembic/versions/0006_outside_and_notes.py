"""Profiles as they changed, the site's token statistics, notes on sessions; people are found by the site's ids."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
IDS = ("rid", "did")


def upgrade() -> None:
    op.create_table(
        "profile_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("field", STRING, nullable=False),
        sa.Column("value", STRING, nullable=True),
        sa.Column("source", STRING, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_profile_change_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile_change")),
        sa.UniqueConstraint("person_id", "field", "at", name=op.f("uq_profile_change_person_id_field_at")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("stamp", STRING, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("kind", STRING, nullable=False),
        sa.Column("username", STRING, nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("note", STRING, nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["person.id"], name=op.f("fk_ledger_entry_room_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_ledger_entry_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint(
            "room_id", "stamp", "change", "balance", "username", "kind", name="uq_ledger_entry"
        ),
    )
    op.create_index("ix_ledger_entry_room", "ledger_entry", ["room_id", "at"])
    op.create_index(op.f("ix_ledger_entry_person_id"), "ledger_entry", ["person_id"])
    op.create_table(
        "session_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", STRING, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("edited_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["person.id"], name=op.f("fk_session_note_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_note")),
    )
    op.create_index("ix_session_note_room", "session_note", ["room_id", "at"])
    for name in IDS:
        has = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_person_{name}", "person", [name], sqlite_where=has, postgresql_where=has)


def downgrade() -> None:
    for name in IDS:
        op.drop_index(f"ix_person_{name}", "person")
    op.drop_table("session_note")
    op.drop_table("ledger_entry")
    op.drop_table("profile_change")
