"""The tables of what other sources say of people: readings, what each said, and who is not known there."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, UniqueConstraint

from mhc.store.schema.columns import Instant, String, id_column, metadata, ref, where

# What a source said, once, however often it says so again: its JSON packed, and the figures that were read from it.
payload = Table(
    "payload",
    metadata,
    id_column(),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
    Column("metrics", String, nullable=False),
)

# What was asked. Figures of two of them are never compared: another source or another range is another figure.
# `subject` is whom the question names beside the person, or empty; `range` is empty for figures of a whole life.
snapshot_source = Table(
    "snapshot_source",
    metadata,
    id_column(),
    Column("source", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("range", String, nullable=False),
    UniqueConstraint("source", "subject", "range"),
)

# One reading; a person null is about nobody, as a ranking. No foreign key leads to the payload: it would cost an index.
# The columns stand so that PostgreSQL pads none of them.
snapshot = Table(
    "snapshot",
    metadata,
    id_column(),
    ref("person_id", "person", null=True),
    Column("captured_at", Instant, nullable=False),
    ref("source_id", "snapshot_source"),
    Column("payload_id", Integer, nullable=False),
    Index(
        "uq_snapshot_person",
        "person_id",
        "source_id",
        "captured_at",
        unique=True,
        **where("person_id IS NOT NULL"),
    ),
    Index("uq_snapshot_nobody", "source_id", "captured_at", unique=True, **where("person_id IS NULL")),
)

# Whom a source does not know, and when it is asked again.
lookup_miss = Table(
    "lookup_miss",
    metadata,
    Column("platform", String, primary_key=True),
    Column("username", String, primary_key=True),
    Column("source", String, primary_key=True),
    Column("times", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("next_try_at", Instant, nullable=False),
)
