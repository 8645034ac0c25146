"""The tables. Every query names them through this module; the migrations build them.

Times are whole epoch milliseconds (UTC) on both databases, so that arithmetic, order and index size are the same.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

from mhc.domain.clock import from_ms, to_ms

# The revision this program was written for, and the number that says whether it may run on a newer schema:
# a revision that an older program cannot live with raises it.
REVISION = "0002"
COMPATIBILITY = 1
UNFINISHED = 0  # the number of a database that is being copied: nobody may work with it

SYSTEM_LISTS = ("Friends", "Known Streamers", "Ones to Watch", "Banned But Craved", "Excluded")
EXCLUDED = "Excluded"


class Instant(TypeDecorator[datetime]):
    """An aware UTC time, kept as epoch milliseconds; refuses a naive one."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Turn a time into milliseconds."""
        return None if value is None else to_ms(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn milliseconds into a time."""
        return None if value is None else from_ms(value)


# Bytewise order on both databases, whatever the server's locale.
String = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _ref(name: str, target: str, *, null: bool = False, **kw: Any) -> Column[int]:
    return Column(name, Integer, ForeignKey(f"{target}.id"), nullable=null, **kw)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


schema_compat = Table("schema_compat", metadata, Column("number", Integer, nullable=False))

person = Table(
    "person",
    metadata,
    _id(),
    Column("platform", String, nullable=False),
    Column("username", String, nullable=False),
    Column("role", String, nullable=False),
    Column("role_by_hand", Boolean, nullable=False, server_default=text("false")),
    Column("rid", BigInteger),
    Column("did", BigInteger),
    # The root of a merged person, flattened; null for a root. Derived from person_merge.
    _ref("canonical_id", "person", null=True),
    Column("first_seen_at", Instant),
    Column("last_seen_at", Instant),
    Column("rating", SmallInteger),
    Column("created_at", Instant, nullable=False),
    Index("ix_person_canonical_id", "canonical_id", **_where("canonical_id IS NOT NULL")),
    Index("ix_person_last_seen_at", "last_seen_at"),
)

person_merge = Table(
    "person_merge",
    metadata,
    _id(),
    _ref("keep_id", "person"),
    _ref("other_id", "person"),
    Column("reason", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("undone_at", Instant),
)

alias = Table(
    "alias",
    metadata,
    _id(),
    _ref("person_id", "person", index=True),
    Column("platform", String, nullable=False),
    Column("username", String, nullable=False),
    Column("valid_from", Instant),
    Column("valid_to", Instant),
    Column("source", String, nullable=False),
    Index("uq_alias_open", "platform", "username", unique=True, **_where("valid_to IS NULL")),
    Index("ix_alias_username", "username"),
)

stream = Table(
    "stream",
    metadata,
    _id(),
    _ref("room_id", "person"),
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
        **_where("actor_id IS NOT NULL"),
    ),
    Index("ix_event_partner", "partner_id", "at", **_where("partner_id IS NOT NULL")),
    Index(
        "ix_event_paid",
        "at",
        "actor_id",
        "tokens",
        "method_id",
        "room_id",
        "flags",
        **_where("tokens IS NOT NULL"),
    ),
)

rejected_event = Table(
    "rejected_event",
    metadata,
    _ref("stream_id", "stream", primary_key=True, autoincrement=False),
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
    _id(),
    _ref("stream_id", "stream", index=True),
    Column("from_at", Instant),
    Column("to_at", Instant, nullable=False),
    Column("cause", String, nullable=False),
    Column("certainty", String, nullable=False),
)

capture_coverage = Table(
    "capture_coverage",
    metadata,
    _id(),
    _ref("stream_id", "stream"),
    Column("from_at", Instant, nullable=False),
    Column("to_at", Instant, nullable=False),
    Index("ix_capture_coverage_stream", "stream_id", "to_at"),
)

stream_session = Table(
    "stream_session",
    metadata,
    _id(),
    _ref("room_id", "person"),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("origin", String, nullable=False),
    Column("title", String),
    Column("tags", String),
    Column("theme", String),
    Index("ix_stream_session_room", "room_id", "started_at"),
    Index("uq_stream_session_open", "room_id", unique=True, **_where("ended_at IS NULL")),
)

broadcast = Table(
    "broadcast",
    metadata,
    _id(),
    _ref("room_id", "person"),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("start_inferred", Boolean, nullable=False),
    Column("end_inferred", Boolean, nullable=False),
    _ref("session_id", "stream_session", null=True, index=True),
    Index("ix_broadcast_room", "room_id", "started_at"),
)

# Which session a visit belongs to is its time: sessions are edited, merged and split, visits are not.
visit = Table(
    "visit",
    metadata,
    _id(),
    _ref("room_id", "person"),
    _ref("person_id", "person"),
    Column("entered_at", Instant),
    Column("left_at", Instant),
    Column("ending", String, nullable=False),
    Index("ix_visit_person", "person_id", "room_id", "entered_at"),
    Index("ix_visit_room", "room_id", "entered_at"),
    Index("uq_visit_open", "room_id", "person_id", unique=True, **_where("ending = 'open'")),
)

# Where the derivation of a room stands: derived itself, and rebuilt with the rest.
room_state = Table(
    "room_state",
    metadata,
    _ref("room_id", "person", primary_key=True, autoincrement=False),
    Column("last_at", Instant, nullable=False),
    Column("state", String, nullable=False),
)

person_total = Table(
    "person_total",
    metadata,
    _ref("person_id", "person", primary_key=True, autoincrement=False),
    _ref("room_id", "person", primary_key=True, autoincrement=False),
    Column("tokens", BigInteger, nullable=False),
    Column("tips", Integer, nullable=False),
    Column("anonymous_tokens", BigInteger, nullable=False),
    Column("anonymous_tips", Integer, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("private_messages", Integer, nullable=False),
    Column("first_seen_at", Instant),
    Column("last_seen_at", Instant),
    Index("ix_person_total_room", "room_id", "tokens"),
)

watchlist = Table(
    "watchlist",
    metadata,
    _id(),
    Column("name", String, nullable=False, unique=True),
    Column("system", Boolean, nullable=False),
)

watchlist_member = Table(
    "watchlist_member",
    metadata,
    _id(),
    _ref("list_id", "watchlist"),
    _ref("person_id", "person", index=True),
    Column("added_at", Instant, nullable=False),
    Column("removed_at", Instant),
    Column("note", String),
    Index("uq_watchlist_member_open", "list_id", "person_id", unique=True, **_where("removed_at IS NULL")),
)

note = Table(
    "note",
    metadata,
    _id(),
    _ref("person_id", "person", index=True),
    Column("category", String, nullable=False),
    Column("body", String, nullable=False),
    Column("happened_at", Instant),
    Column("source", String, nullable=False),
    Column("created_at", Instant, nullable=False),
)

# One row a rule and person, and one a rule for what nobody is named in: a cool-down begins at `at`.
alert_sent = Table(
    "alert_sent",
    metadata,
    _id(),
    Column("rule", String, nullable=False),
    _ref("person_id", "person", null=True, index=True),
    _ref("room_id", "person"),
    Column("at", Instant, nullable=False),
    Index("uq_alert_sent_person", "rule", "person_id", unique=True, **_where("person_id IS NOT NULL")),
    Index("uq_alert_sent_nobody", "rule", unique=True, **_where("person_id IS NULL")),
)

job_run = Table(
    "job_run",
    metadata,
    _id(),
    Column("job", String, nullable=False),
    Column("host", String, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("state", String, nullable=False),
    Column("counts", String),
    Column("error", String),
    Index("ix_job_run_job", "job", "started_at"),
)
