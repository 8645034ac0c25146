"""The first schema: people, events, sessions, lists and notes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STRING = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
METHODS = (
    "broadcastStart",
    "broadcastStop",
    "chatMessage",
    "privateMessage",
    "fanclubJoin",
    "follow",
    "unfollow",
    "mediaPurchase",
    "roomSubjectChange",
    "tip",
    "userEnter",
    "userLeave",
)
SYSTEM_LISTS = ("Friends", "Known Streamers", "Ones to Watch", "Banned But Craved", "Excluded")


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("id_ms", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("id_seq", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=True),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("partner_id", sa.Integer(), nullable=True),
        sa.Column("tokens", sa.Integer(), nullable=True),
        sa.Column("method_id", sa.SmallInteger(), nullable=False),
        sa.Column("flags", sa.SmallInteger(), nullable=False),
        sa.Column("source_id", STRING, nullable=False),
        sa.Column("text", STRING, nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream_id", "id_ms", "id_seq", "source_id", name=op.f("pk_event")),
    )
    op.create_index(
        "ix_event_paid",
        "event",
        ["at", "actor_id", "tokens", "method_id", "room_id", "flags"],
        unique=False,
        sqlite_where=sa.text("tokens IS NOT NULL"),
        postgresql_where=sa.text("tokens IS NOT NULL"),
    )
    op.create_index(
        "ix_event_person",
        "event",
        ["actor_id", "at", "method_id", "flags", "room_id", "tokens"],
        unique=False,
        sqlite_where=sa.text("actor_id IS NOT NULL"),
        postgresql_where=sa.text("actor_id IS NOT NULL"),
    )
    op.create_index(
        "ix_event_partner",
        "event",
        ["partner_id", "at"],
        unique=False,
        sqlite_where=sa.text("partner_id IS NOT NULL"),
        postgresql_where=sa.text("partner_id IS NOT NULL"),
    )
    op.create_index("ix_event_stream", "event", ["stream_id", "at"], unique=False)
    op.create_table(
        "event_method",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", STRING, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_method")),
        sa.UniqueConstraint("name", name=op.f("uq_event_method_name")),
    )
    op.create_table(
        "job_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job", STRING, nullable=False),
        sa.Column("host", STRING, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("state", STRING, nullable=False),
        sa.Column("counts", STRING, nullable=True),
        sa.Column("error", STRING, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_run")),
    )
    op.create_index("ix_job_run_job", "job_run", ["job", "started_at"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform", STRING, nullable=False),
        sa.Column("username", STRING, nullable=False),
        sa.Column("role", STRING, nullable=False),
        sa.Column("role_by_hand", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("rid", sa.BigInteger(), nullable=True),
        sa.Column("did", sa.BigInteger(), nullable=True),
        sa.Column("canonical_id", sa.Integer(), nullable=True),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=True),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=True),
        sa.Column("rating", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["canonical_id"], ["person.id"], name=op.f("fk_person_canonical_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_index(
        "ix_person_canonical_id",
        "person",
        ["canonical_id"],
        unique=False,
        sqlite_where=sa.text("canonical_id IS NOT NULL"),
        postgresql_where=sa.text("canonical_id IS NOT NULL"),
    )
    op.create_index("ix_person_last_seen_at", "person", ["last_seen_at"], unique=False)
    op.create_table("schema_compat", sa.Column("number", sa.Integer(), nullable=False))
    op.create_table(
        "watchlist",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", STRING, nullable=False),
        sa.Column("system", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watchlist")),
        sa.UniqueConstraint("name", name=op.f("uq_watchlist_name")),
    )
    op.create_table(
        "alias",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("platform", STRING, nullable=False),
        sa.Column("username", STRING, nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=True),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.Column("source", STRING, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_alias_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alias")),
    )
    op.create_index(op.f("ix_alias_person_id"), "alias", ["person_id"], unique=False)
    op.create_index("ix_alias_username", "alias", ["username"], unique=False)
    op.create_index(
        "uq_alias_open",
        "alias",
        ["platform", "username"],
        unique=True,
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("category", STRING, nullable=False),
        sa.Column("body", STRING, nullable=False),
        sa.Column("happened_at", sa.BigInteger(), nullable=True),
        sa.Column("source", STRING, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_note_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_index(op.f("ix_note_person_id"), "note", ["person_id"], unique=False)
    op.create_table(
        "person_merge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("keep_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("reason", STRING, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["keep_id"], ["person.id"], name=op.f("fk_person_merge_keep_id")),
        sa.ForeignKeyConstraint(["other_id"], ["person.id"], name=op.f("fk_person_merge_other_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_merge")),
    )
    op.create_table(
        "person_total",
        sa.Column("person_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("room_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("tips", sa.Integer(), nullable=False),
        sa.Column("anonymous_tokens", sa.BigInteger(), nullable=False),
        sa.Column("anonymous_tips", sa.Integer(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("private_messages", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=True),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_total_person_id")),
        sa.ForeignKeyConstraint(["room_id"], ["person.id"], name=op.f("fk_person_total_room_id")),
        sa.PrimaryKeyConstraint("person_id", "room_id", name=op.f("pk_person_total")),
    )
    op.create_index("ix_person_total_room", "person_total", ["room_id", "tokens"], unique=False)
    op.create_table(
        "room_state",
        sa.Column("room_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("state", STRING, nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["person.id"], name=op.f("fk_room_state_room_id")),
        sa.PrimaryKeyConstraint("room_id", name=op.f("pk_room_state")),
    )
    op.create_table(
        "stream",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("kind", STRING, nullable=False),
        sa.Column("host", STRING, nullable=False),
        sa.Column("lock_name", STRING, nullable=False),
        sa.Column("cursor", STRING, nullable=True),
        sa.Column("cursor_at", sa.BigInteger(), nullable=True),
        sa.Column("last_poll_ok_at", sa.BigInteger(), nullable=True),
        sa.Column("served_age_max", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("epoch", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("owner", STRING, nullable=True),
        sa.Column("lease_expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["person.id"], name=op.f("fk_stream_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stream")),
        sa.UniqueConstraint("room_id", "kind", "host", name=op.f("uq_stream_room_id_kind_host")),
    )
    op.create_table(
        "stream_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("origin", STRING, nullable=False),
        sa.Column("title", STRING, nullable=True),
        sa.Column("tags", STRING, nullable=True),
        sa.Column("theme", STRING, nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["person.id"], name=op.f("fk_stream_session_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stream_session")),
    )
    op.create_index("ix_stream_session_room", "stream_session", ["room_id", "started_at"], unique=False)
    op.create_index(
        "uq_stream_session_open",
        "stream_session",
        ["room_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "visit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=True),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.Column("ending", STRING, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_visit_person_id")),
        sa.ForeignKeyConstraint(["room_id"], ["person.id"], name=op.f("fk_visit_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
    )
    op.create_index("ix_visit_person", "visit", ["person_id", "room_id", "entered_at"], unique=False)
    op.create_index("ix_visit_room", "visit", ["room_id", "entered_at"], unique=False)
    op.create_index(
        "uq_visit_open",
        "visit",
        ["room_id", "person_id"],
        unique=True,
        sqlite_where=sa.text("ending = 'open'"),
        postgresql_where=sa.text("ending = 'open'"),
    )
    op.create_table(
        "watchlist_member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("note", STRING, nullable=True),
        sa.ForeignKeyConstraint(["list_id"], ["watchlist.id"], name=op.f("fk_watchlist_member_list_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_watchlist_member_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watchlist_member")),
    )
    op.create_index(op.f("ix_watchlist_member_person_id"), "watchlist_member", ["person_id"], unique=False)
    op.create_index(
        "uq_watchlist_member_open",
        "watchlist_member",
        ["list_id", "person_id"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "broadcast",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("start_inferred", sa.Boolean(), nullable=False),
        sa.Column("end_inferred", sa.Boolean(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["person.id"], name=op.f("fk_broadcast_room_id")),
        sa.ForeignKeyConstraint(["session_id"], ["stream_session.id"], name=op.f("fk_broadcast_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast")),
    )
    op.create_index("ix_broadcast_room", "broadcast", ["room_id", "started_at"], unique=False)
    op.create_index(op.f("ix_broadcast_session_id"), "broadcast", ["session_id"], unique=False)
    op.create_table(
        "capture_coverage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["stream_id"], ["stream.id"], name=op.f("fk_capture_coverage_stream_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capture_coverage")),
    )
    op.create_index("ix_capture_coverage_stream", "capture_coverage", ["stream_id", "to_at"], unique=False)
    op.create_table(
        "capture_gap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=True),
        sa.Column("to_at", sa.BigInteger(), nullable=False),
        sa.Column("cause", STRING, nullable=False),
        sa.Column("certainty", STRING, nullable=False),
        sa.ForeignKeyConstraint(["stream_id"], ["stream.id"], name=op.f("fk_capture_gap_stream_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capture_gap")),
    )
    op.create_index(op.f("ix_capture_gap_stream_id"), "capture_gap", ["stream_id"], unique=False)
    op.create_table(
        "rejected_event",
        sa.Column("stream_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", STRING, nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", STRING, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["stream_id"], ["stream.id"], name=op.f("fk_rejected_event_stream_id")),
        sa.PrimaryKeyConstraint("stream_id", "hash", name=op.f("pk_rejected_event")),
    )
    _seed()


def _seed() -> None:
    method = sa.table("event_method", sa.column("id"), sa.column("name"))
    op.bulk_insert(method, [{"id": number, "name": name} for number, name in enumerate(METHODS, 1)])
    watchlist = sa.table("watchlist", sa.column("name"), sa.column("system"))
    op.bulk_insert(watchlist, [{"name": name, "system": True} for name in SYSTEM_LISTS])
    op.bulk_insert(sa.table("schema_compat", sa.column("number")), [{"number": 1}])


def downgrade() -> None:
    op.drop_table("rejected_event")
    op.drop_index(op.f("ix_capture_gap_stream_id"), table_name="capture_gap")
    op.drop_table("capture_gap")
    op.drop_index("ix_capture_coverage_stream", table_name="capture_coverage")
    op.drop_table("capture_coverage")
    op.drop_index(op.f("ix_broadcast_session_id"), table_name="broadcast")
    op.drop_index("ix_broadcast_room", table_name="broadcast")
    op.drop_table("broadcast")
    op.drop_index(
        "uq_watchlist_member_open",
        table_name="watchlist_member",
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.drop_index(op.f("ix_watchlist_member_person_id"), table_name="watchlist_member")
    op.drop_table("watchlist_member")
    op.drop_index(
        "uq_visit_open",
        table_name="visit",
        sqlite_where=sa.text("ending = 'open'"),
        postgresql_where=sa.text("ending = 'open'"),
    )
    op.drop_index("ix_visit_room", table_name="visit")
    op.drop_index("ix_visit_person", table_name="visit")
    op.drop_table("visit")
    op.drop_index(
        "uq_stream_session_open",
        table_name="stream_session",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index("ix_stream_session_room", table_name="stream_session")
    op.drop_table("stream_session")
    op.drop_table("stream")
    op.drop_table("room_state")
    op.drop_index("ix_person_total_room", table_name="person_total")
    op.drop_table("person_total")
    op.drop_table("person_merge")
    op.drop_index(op.f("ix_note_person_id"), table_name="note")
    op.drop_table("note")
    op.drop_index(
        "uq_alias_open",
        table_name="alias",
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.drop_index("ix_alias_username", table_name="alias")
    op.drop_index(op.f("ix_alias_person_id"), table_name="alias")
    op.drop_table("alias")
    op.drop_table("watchlist")
    op.drop_table("schema_compat")
    op.drop_index("ix_person_last_seen_at", table_name="person")
    op.drop_index(
        "ix_person_canonical_id",
        table_name="person",
        sqlite_where=sa.text("canonical_id IS NOT NULL"),
        postgresql_where=sa.text("canonical_id IS NOT NULL"),
    )
    op.drop_table("person")
    op.drop_index("ix_job_run_job", table_name="job_run")
    op.drop_table("job_run")
    op.drop_table("event_method")
    op.drop_index("ix_event_partner", table_name="event")
    op.drop_index("ix_event_stream", table_name="event")
    op.drop_index("ix_event_person", table_name="event")
    op.drop_index(
        "ix_event_paid",
        table_name="event",
        sqlite_where=sa.text("tokens IS NOT NULL"),
        postgresql_where=sa.text("tokens IS NOT NULL"),
    )
    op.drop_table("event")
