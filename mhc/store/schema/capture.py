"""The tables of what was captured, and of what follows from it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    UniqueConstraint,
    text,
)

from mhc.store.schema.columns import Instant, String, id_column, metadata, ref, where

stream = Table(
    "stream",
    metadata,
    id_column(),
    ref("room_id", "person"),
    Column("kind", String, nullable=False),
    Column("host", String, nullable=False),
    # Names the operating system's lock of this stream, however its database is addressed.
    Column("lock_name", String, nullable=False),
    Column("cursor", String),
    Column("cursor_at", Instant),
    Column("last_poll_ok_at", Instant),
    Column("served_age_max", BigInteger, nullable=False, server_default=text("0")),
    Column("epoch", Integer, nullable=False, server_default=text("0")),
    Column("owner", String),
    Column("lease_expires_at", Instant),
    UniqueConstraint("room_id", "kind", "host"),
)

event_method = Table(
    "event_method",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False, unique=True),
)

# Wide columns first: PostgreSQL pads, and there are millions of these rows. No foreign keys for the same reason:
# each costs a look-up a row, and the ids are resolved in the transaction that inserts.
# The API's id is `<id_ms>-<id_seq>`, and source_id empty; only an id of another form stands there as text, with 0 in
# the numbers that it does not give. id_ms is when it happened; `at` is that, else received_at.
event = Table(
    "event",
    metadata,
    Column("id_ms", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("stream_id", Integer, nullable=False),
    Column("id_seq", Integer, nullable=False),
    Column("room_id", Integer),
    Column("actor_id", Integer),
    Column("partner_id", Integer),
    Column("tokens", Integer),
    Column("method_id", SmallInteger, nullable=False),
    Column("flags", SmallInteger, nullable=False),
    Column("source_id", String, nullable=False),
    Column("text", String),
    Column("raw", LargeBinary, nullable=False),
    PrimaryKeyConstraint("stream_id", "id_ms", "id_seq", "source_id"),
    Index("ix_event_stream", "stream_id", "at"),
    # In this order an entry has the same size with tokens and without, and PostgreSQL fills its pages.
    Index(
        "ix_event_person",
        "actor_id",
        "at",
        "method_id",
        "flags",
        "room_id",
        "tokens",
        **where("actor_id IS NOT NULL"),
    ),
    Index("ix_event_partner", "partner_id", "at", **where("partner_id IS NOT NULL")),
    # Of these there are few: what a room said of itself.
    Index("ix_event_subject", "stream_id", "at", **where("method_id = 9")),
)

rejected_event = Table(
    "rejected_event",
    metadata,
    ref("stream_id", "stream", primary_key=True, autoincrement=False),
    Column("hash", String, primary_key=True),
    Column("received_at", Instant, nullable=False),
    Column("reason", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("count", Integer, nullable=False),
)

capture_gap = Table(
    "capture_gap",
    metadata,
    id_column(),
    ref("stream_id", "stream", index=True),
    Column("from_at", Instant),
    Column("to_at", Instant, nullable=False),
    Column("cause", String, nullable=False),
    Column("certainty", String, nullable=False),
)

capture_coverage = Table(
    "capture_coverage",
    metadata,
    id_column(),
    ref("stream_id", "stream"),
    Column("from_at", Instant, nullable=False),
    Column("to_at", Instant, nullable=False),
    Index("ix_capture_coverage_stream", "stream_id", "to_at"),
)

stream_session = Table(
    "stream_session",
    metadata,
    id_column(),
    ref("room_id", "person"),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("origin", String, nullable=False),
    Column("title", String),
    Column("tags", String),
    Column("theme", String),
    Index("ix_stream_session_room", "room_id", "started_at"),
    Index("uq_stream_session_open", "room_id", unique=True, **where("ended_at IS NULL")),
)

broadcast = Table(
    "broadcast",
    metadata,
    id_column(),
    ref("room_id", "person"),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("start_inferred", Boolean, nullable=False),
    Column("end_inferred", Boolean, nullable=False),
    ref("session_id", "stream_session", null=True, index=True),
    Index("ix_broadcast_room", "room_id", "started_at"),
)

# Which session a visit belongs to is its time: sessions are edited, merged and split, visits are not.
visit = Table(
    "visit",
    metadata,
    id_column(),
    ref("room_id", "person"),
    ref("person_id", "person"),
    Column("entered_at", Instant),
    Column("left_at", Instant),
    Column("ending", String, nullable=False),
    Index("ix_visit_person", "person_id", "room_id", "entered_at"),
    Index("ix_visit_room", "room_id", "entered_at", "person_id"),
    Index("uq_visit_open", "room_id", "person_id", unique=True, **where("ending = 'open'")),
)

# Where the derivation of a room stands: derived itself, and rebuilt with the rest.
room_state = Table(
    "room_state",
    metadata,
    ref("room_id", "person", primary_key=True, autoincrement=False),
    Column("last_at", Instant, nullable=False),
    Column("state", String, nullable=False),
)

person_total = Table(
    "person_total",
    metadata,
    ref("person_id", "person", primary_key=True, autoincrement=False),
    ref("room_id", "person", primary_key=True, autoincrement=False),
    Column("tokens", BigInteger, nullable=False),
    Column("tips", Integer, nullable=False),
    Column("anonymous_tokens", BigInteger, nullable=False),
    Column("anonymous_tips", Integer, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("private_messages", Integer, nullable=False),
    Column("first_seen_at", Instant),
    Column("last_seen_at", Instant),
    Column("private_received", Integer, nullable=False, server_default=text("0")),
    Column("private_sent", Integer, nullable=False, server_default=text("0")),
    Column("private_outside", Integer, nullable=False, server_default=text("0")),
    Column("last_private_at", Instant),
    Column("first_tip_at", Instant),
    Column("last_tip_at", Instant),
    # Bits: one a month of thirty days in which they tipped, the same again after 63 of them.
    Column("tip_months", BigInteger, nullable=False, server_default=text("0")),
    Column("first_anonymous_at", Instant),
    Column("last_anonymous_at", Instant),
    Column("anonymous_months", BigInteger, nullable=False, server_default=text("0")),
    Index("ix_person_total_room", "room_id", "tokens", "person_id"),
)

# The payments of a room, a quarter of an hour a row: twelve bytes each, as the module of them says.
payment_quarter = Table(
    "payment_quarter",
    metadata,
    ref("room_id", "person", primary_key=True, autoincrement=False),
    Column("begins_at", Instant, primary_key=True),
    Column("records", LargeBinary, nullable=False),
)

# The public lines of a room, a quarter of an hour a row.
room_quarter = Table(
    "room_quarter",
    metadata,
    ref("room_id", "person", primary_key=True, autoincrement=False),
    Column("begins_at", Instant, primary_key=True),
    Column("messages", Integer, nullable=False),
)
