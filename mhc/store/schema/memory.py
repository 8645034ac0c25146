"""The tables of what the owner typed about people, and what was imported for him: never derived, never rebuilt."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, UniqueConstraint, text

from mhc.store.schema.columns import Instant, String, batch_column, id_column, metadata, ref, where

watchlist = Table(
    "watchlist",
    metadata,
    id_column(),
    Column("name", String, nullable=False, unique=True),
    Column("system", Boolean, nullable=False),
)

watchlist_member = Table(
    "watchlist_member",
    metadata,
    id_column(),
    ref("list_id", "watchlist"),
    ref("person_id", "person", index=True),
    Column("added_at", Instant, nullable=False),
    Column("removed_at", Instant),
    Column("note", String),
    Column("removal_note", String),
    batch_column(),
    Index("uq_watchlist_member_open", "list_id", "person_id", unique=True, **where("removed_at IS NULL")),
)

note = Table(
    "note",
    metadata,
    id_column(),
    ref("person_id", "person", index=True),
    Column("category", String, nullable=False),
    Column("body", String, nullable=False),
    Column("happened_at", Instant),
    Column("source", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("edited_at", Instant),
    batch_column(),
)

# The words of every note: the same on both databases, which have no other text index.
note_word = Table(
    "note_word",
    metadata,
    Column("word", String, primary_key=True),
    ref("note_id", "note", primary_key=True, autoincrement=False, index=True),
)

# The words of messages, where `[search] messages` asks for them. No foreign key, as an event has none.
message_word = Table(
    "message_word",
    metadata,
    Column("word", String, primary_key=True),
    Column("at", Instant, primary_key=True, autoincrement=False),
    Column("stream_id", Integer, primary_key=True, autoincrement=False),
    Column("id_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("id_seq", Integer, primary_key=True, autoincrement=False),
    Column("source_id", String, primary_key=True),
)

attribute_key = Table(
    "attribute_key",
    metadata,
    Column("key", String, primary_key=True),
    Column("label", String, nullable=False),
    Column("kind", String, nullable=False),
)

attribute = Table(
    "attribute",
    metadata,
    id_column(),
    ref("person_id", "person", index=True),
    Column("key", String, nullable=False),
    Column("value", String, nullable=False),
    Column("confidence", String, nullable=False),
    Column("evidence", String, nullable=False),
    Column("set_at", Instant, nullable=False),
    Column("unset_at", Instant),
    batch_column(),
    Index("uq_attribute_open", "person_id", "key", unique=True, **where("unset_at IS NULL")),
)

# Roles and traits are lists in JSON, in the order in which they were given.
relationship = Table(
    "relationship",
    metadata,
    ref("person_id", "person", primary_key=True, autoincrement=False),
    Column("roles", String, nullable=False),
    Column("label", String),
    Column("status", String, nullable=False),
    Column("traits", String, nullable=False),
    Column("since", Instant),
    Column("until", Instant),
)

relationship_change = Table(
    "relationship_change",
    metadata,
    id_column(),
    ref("person_id", "person", index=True),
    Column("field", String, nullable=False),
    Column("before", String),
    Column("after", String),
    Column("by", String, nullable=False),
    Column("at", Instant, nullable=False),
    batch_column(),
)

# Stored once, the lower id first, and read from both sides.
pair = Table(
    "pair",
    metadata,
    id_column(),
    ref("low_id", "person"),
    ref("high_id", "person", index=True),
    Column("kind", String, nullable=False),
    Column("note", String),
    Column("added_at", Instant, nullable=False),
    Column("removed_at", Instant),
    batch_column(),
    Index("uq_pair_open", "low_id", "high_id", "kind", unique=True, **where("removed_at IS NULL")),
)

link = Table(
    "link",
    metadata,
    id_column(),
    ref("person_id", "person", index=True),
    Column("kind", String, nullable=False),
    Column("url", String, nullable=False),
    Column("source", String, nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("removed_at", Instant),
    batch_column(),
)

tip_menu = Table(
    "tip_menu",
    metadata,
    id_column(),
    ref("room_id", "person", index=True),
    Column("label", String, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("from_at", Instant, nullable=False),
    Column("to_at", Instant),
    Column("source", String, nullable=False),
    batch_column(),
)

# Who follows whom, change by change; those of the room's own feed follow from its events. The state is the last change:
# which it is is kept beside it, so that who follows now is read from an index.
follow_change = Table(
    "follow_change",
    metadata,
    id_column(),
    ref("room_id", "person"),
    ref("person_id", "person"),
    Column("direction", String, nullable=False),
    Column("state", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("source", String, nullable=False),
    batch_column(),
    Column("is_last", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("room_id", "person_id", "direction", "at", "source", "state", name="uq_follow_change"),
    Index("ix_follow_change_person", "person_id", "room_id", "direction", "at"),
    # The flag stands in it, too: SQLite looks at it again, and else would read the rows.
    Index(
        "ix_follow_change_last", "room_id", "direction", "state", "person_id", "is_last", **where("is_last")
    ),
)

# What the owner noted of a session. Which session that is its time says, as with a visit: sessions are edited, merged,
# split and found anew, and a note stays where it is.
session_note = Table(
    "session_note",
    metadata,
    id_column(),
    ref("room_id", "person"),
    Column("at", Instant, nullable=False),
    Column("body", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("edited_at", Instant),
    Index("ix_session_note_room", "room_id", "at"),
)
