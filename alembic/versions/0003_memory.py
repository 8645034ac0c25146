"""What is remembered of people, imports, erasures, and the words of notes."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
LONGEST = 64  # characters of a word that count: an index of PostgreSQL has no room for much more


def upgrade() -> None:
    op.create_table(
        "attribute_key",
        sa.Column("key", STRING, nullable=False),
        sa.Column("label", STRING, nullable=False),
        sa.Column("kind", STRING, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_attribute_key")),
    )
    op.create_table(
        "message_word",
        sa.Column("word", STRING, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stream_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id_seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source_id", STRING, nullable=False),
        sa.PrimaryKeyConstraint(
            "word", "at", "stream_id", "id_ms", "id_seq", "source_id", name=op.f("pk_message_word")
        ),
    )
    op.create_table(
        "attribute",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("key", STRING, nullable=False),
        sa.Column("value", STRING, nullable=False),
        sa.Column("confidence", STRING, nullable=False),
        sa.Column("evidence", STRING, nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.Column("unset_at", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_attribute_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attribute")),
    )
    op.create_index(op.f("ix_attribute_person_id"), "attribute", ["person_id"], unique=False)
    op.create_index(
        "uq_attribute_open",
        "attribute",
        ["person_id", "key"],
        unique=True,
        sqlite_where=sa.text("unset_at IS NULL"),
        postgresql_where=sa.text("unset_at IS NULL"),
    )

    op.create_table(
        "erasure",
        sa.Column("hash", STRING, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("blocked", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_erasure_person_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_erasure")),
    )
    op.create_table(
        "follow_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("direction", STRING, nullable=False),
        sa.Column("state", STRING, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", STRING, nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_follow_change_person_id")),
        sa.ForeignKeyConstraint(["room_id"], ["person.id"], name=op.f("fk_follow_change_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_change")),
        sa.UniqueConstraint(
            "room_id", "person_id", "direction", "at", "source", "state", name="uq_follow_change"
        ),
    )
    op.create_index(
        "ix_follow_change_person", "follow_change", ["person_id", "room_id", "direction", "at"], unique=False
    )

    op.create_table(
        "import_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", STRING, nullable=False),
        sa.Column("name", STRING, nullable=False),
        sa.Column("hash", STRING, nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("counts", STRING, nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["person.id"], name=op.f("fk_import_batch_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
    )
    op.create_table(
        "link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", STRING, nullable=False),
        sa.Column("url", STRING, nullable=False),
        sa.Column("source", STRING, nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_link_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
    )
    op.create_index(op.f("ix_link_person_id"), "link", ["person_id"], unique=False)

    op.create_table(
        "pair",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("low_id", sa.Integer(), nullable=False),
        sa.Column("high_id", sa.Integer(), nullable=False),
        sa.Column("kind", STRING, nullable=False),
        sa.Column("note", STRING, nullable=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["high_id"], ["person.id"], name=op.f("fk_pair_high_id")),
        sa.ForeignKeyConstraint(["low_id"], ["person.id"], name=op.f("fk_pair_low_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pair")),
    )
    op.create_index(op.f("ix_pair_high_id"), "pair", ["high_id"], unique=False)
    op.create_index(
        "uq_pair_open",
        "pair",
        ["low_id", "high_id", "kind"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )

    op.create_table(
        "person_name",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", STRING, nullable=False),
        sa.Column("name", STRING, nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_name_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_name")),
    )
    op.create_index(op.f("ix_person_name_person_id"), "person_name", ["person_id"], unique=False)

    op.create_table(
        "rating_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_rating_change_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating_change")),
    )
    op.create_index(op.f("ix_rating_change_person_id"), "rating_change", ["person_id"], unique=False)

    op.create_table(
        "relationship",
        sa.Column("person_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("roles", STRING, nullable=False),
        sa.Column("label", STRING, nullable=True),
        sa.Column("status", STRING, nullable=False),
        sa.Column("traits", STRING, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_relationship_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_relationship")),
    )
    op.create_table(
        "relationship_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("field", STRING, nullable=False),
        sa.Column("before", STRING, nullable=True),
        sa.Column("after", STRING, nullable=True),
        sa.Column("by", STRING, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_relationship_change_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relationship_change")),
    )
    op.create_index(
        op.f("ix_relationship_change_person_id"), "relationship_change", ["person_id"], unique=False
    )

    op.create_table(
        "tip_menu",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("label", STRING, nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=True),
        sa.Column("source", STRING, nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["person.id"], name=op.f("fk_tip_menu_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tip_menu")),
    )
    op.create_index(op.f("ix_tip_menu_room_id"), "tip_menu", ["room_id"], unique=False)

    op.create_table(
        "note_word",
        sa.Column("word", STRING, nullable=False),
        sa.Column("note_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_note_word_note_id")),
        sa.PrimaryKeyConstraint("word", "note_id", name=op.f("pk_note_word")),
    )
    op.create_index(op.f("ix_note_word_note_id"), "note_word", ["note_id"], unique=False)

    op.add_column("alias", sa.Column("batch_id", sa.Integer(), nullable=True))

    op.add_column("note", sa.Column("edited_at", sa.BigInteger(), nullable=True))
    op.add_column("note", sa.Column("batch_id", sa.Integer(), nullable=True))

    op.add_column("watchlist_member", sa.Column("removal_note", STRING, nullable=True))
    op.add_column("watchlist_member", sa.Column("batch_id", sa.Integer(), nullable=True))
    _index_notes(op.get_bind())
    _derive_follows(op.get_bind())


def _index_notes(conn: sa.Connection) -> None:
    insert = sa.text("INSERT INTO note_word (word, note_id) VALUES (:word, :id)")
    for number, body in conn.execute(sa.text("SELECT id, body FROM note")).all():
        words = [{"word": word, "id": number} for word in sorted(_words(body))]
        if words:
            conn.execute(insert, words)


def _words(body: str) -> set[str]:
    bare = "".join(
        c for c in unicodedata.normalize("NFKD", body) if not unicodedata.category(c).startswith("M")
    )
    folded = unicodedata.normalize("NFKD", bare.casefold())
    split = "".join(c if c.isalnum() else " " for c in folded).split()
    return {word[:LONGEST] for word in split}


def _derive_follows(conn: sa.Connection) -> None:
    conn.execute(
        sa.text(
            "INSERT INTO follow_change (room_id, person_id, direction, state, at, source)"
            " SELECT DISTINCT coalesce(event.room_id, stream.room_id), event.actor_id, 'follower',"
            " CASE event_method.name WHEN 'follow' THEN 'yes' ELSE 'no' END, event.at, 'events'"
            " FROM event JOIN stream ON stream.id = event.stream_id"
            " JOIN event_method ON event_method.id = event.method_id"
            " WHERE event_method.name IN ('follow', 'unfollow') AND event.actor_id IS NOT NULL"
            " AND stream.kind <> 'testbed'"
        )
    )


def downgrade() -> None:

    op.drop_column("watchlist_member", "batch_id")
    op.drop_column("watchlist_member", "removal_note")

    op.drop_column("note", "batch_id")
    op.drop_column("note", "edited_at")

    op.drop_column("alias", "batch_id")

    op.drop_index(op.f("ix_note_word_note_id"), table_name="note_word")

    op.drop_table("note_word")
    op.drop_index(op.f("ix_tip_menu_room_id"), table_name="tip_menu")

    op.drop_table("tip_menu")
    op.drop_index(op.f("ix_relationship_change_person_id"), table_name="relationship_change")

    op.drop_table("relationship_change")
    op.drop_table("relationship")
    op.drop_index(op.f("ix_rating_change_person_id"), table_name="rating_change")

    op.drop_table("rating_change")
    op.drop_index(op.f("ix_person_name_person_id"), table_name="person_name")

    op.drop_table("person_name")
    op.drop_index(
        "uq_pair_open",
        table_name="pair",
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.drop_index(op.f("ix_pair_high_id"), table_name="pair")

    op.drop_table("pair")
    op.drop_index(op.f("ix_link_person_id"), table_name="link")

    op.drop_table("link")
    op.drop_table("import_batch")
    op.drop_index("ix_follow_change_person", table_name="follow_change")

    op.drop_table("follow_change")
    op.drop_table("erasure")
    op.drop_index(
        "uq_attribute_open",
        table_name="attribute",
        sqlite_where=sa.text("unset_at IS NULL"),
        postgresql_where=sa.text("unset_at IS NULL"),
    )
    op.drop_index(op.f("ix_attribute_person_id"), table_name="attribute")

    op.drop_table("attribute")
    op.drop_table("message_word")
    op.drop_table("attribute_key")
