"""The tables of the public feed of rooms: a narrow row a room and poll, and what the rooms wrote, once."""

from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
)

from mhc.store.schema.columns import Instant, String, id_column, metadata, ref

# What a room wrote about itself, once, whoever wrote it and however often it was read.
room_text = Table(
    "room_text",
    metadata,
    id_column(),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("subject", String),
    Column("tags", String, nullable=False),
)

# One reading of many rooms at once; all of its observations have its time and source. Readings of one room are found
# along these: the table itself is in the order of time, since a poll's thousands of rows then lie together.
room_poll = Table(
    "room_poll",
    metadata,
    Column("at", Instant, nullable=False),
    Column("source", SmallInteger, nullable=False),
    Column("rooms", Integer, nullable=False),
    Column("listed", Integer),
    Column("kept", Integer, nullable=False),
    Column("scope", String, nullable=False),
    Column("complete", Boolean, nullable=False),
    PrimaryKeyConstraint("at", "source"),
)

# One reading of a room, and there are billions: wide columns first, since PostgreSQL pads; no foreign keys, for each
# costs a look-up a row; on SQLite the key is the table.
observation = Table(
    "observation",
    metadata,
    Column("observed_at", Instant, nullable=False),
    Column("person_id", Integer, nullable=False),
    Column("text_id", Integer),
    Column("viewers", Integer),
    Column("followers", Integer),
    Column("seconds_online", Integer),
    Column("rank", Integer),
    Column("gender_rank", Integer),
    Column("source", SmallInteger, nullable=False),
    Column("show", SmallInteger),
    Column("flags", SmallInteger, nullable=False),
    PrimaryKeyConstraint("observed_at", "person_id", "source"),
    sqlite_with_rowid=False,
)

# What is known last of each room, so that nobody looks for it among the readings. Derived from them; the first and
# the last of them count in when somebody was seen, also after the readings themselves were thinned.
room_latest = Table(
    "room_latest",
    metadata,
    ref("person_id", "person", primary_key=True, autoincrement=False),
    Column("first_at", Instant, nullable=False),
    Column("observed_at", Instant, nullable=False),
    Column("text_id", Integer),
)
