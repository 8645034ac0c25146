"""The tables of people: who they are, and what their names are and were."""

from sqlalchemy import BigInteger, Boolean, Column, Index, SmallInteger, Table, text

from mhc.store.schema.columns import Instant, String, batch_column, id_column, metadata, ref, where

person = Table(
    "person",
    metadata,
    id_column(),
    Column("platform", String, nullable=False),
    Column("username", String, nullable=False),
    Column("role", String, nullable=False),
    Column("role_by_hand", Boolean, nullable=False, server_default=text("false")),
    Column("rid", BigInteger),
    Column("did", BigInteger),
    # The root of a merged person, flattened; null for a root. Derived from person_merge.
    ref("canonical_id", "person", null=True),
    Column("first_seen_at", Instant),
    Column("last_seen_at", Instant),
    Column("rating", SmallInteger),
    Column("created_at", Instant, nullable=False),
    Index("ix_person_canonical_id", "canonical_id", **where("canonical_id IS NOT NULL")),
    Index("ix_person_last_seen_at", "last_seen_at"),
    Index("ix_person_rid", "rid", **where("rid IS NOT NULL")),
    Index("ix_person_did", "did", **where("did IS NOT NULL")),
)

person_merge = Table(
    "person_merge",
    metadata,
    id_column(),
    ref("keep_id", "person"),
    ref("other_id", "person"),
    Column("reason", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("undone_at", Instant),
)

alias = Table(
    "alias",
    metadata,
    id_column(),
    ref("person_id", "person", index=True),
    Column("platform", String, nullable=False),
    Column("username", String, nullable=False),
    Column("valid_from", Instant),
    Column("valid_to", Instant),
    Column("source", String, nullable=False),
    batch_column(),
    Index("uq_alias_open", "platform", "username", unique=True, **where("valid_to IS NULL")),
    Index("ix_alias_username", "username"),
)

rating_change = Table(
    "rating_change",
    metadata,
    id_column(),
    ref("person_id", "person", index=True),
    Column("rating", SmallInteger),
    Column("at", Instant, nullable=False),
    batch_column(),
)

# Names that are no usernames: what the owner calls a person, and what they are called.
person_name = Table(
    "person_name",
    metadata,
    id_column(),
    ref("person_id", "person", index=True),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("removed_at", Instant),
    batch_column(),
)
