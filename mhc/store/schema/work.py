"""The tables of the program's own work: its schema's number, alerts, jobs, imports, erasures."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, text

from mhc.store.schema.columns import Instant, String, id_column, metadata, ref, where

schema_compat = Table("schema_compat", metadata, Column("number", Integer, nullable=False))

# One row a rule and person, and one a rule for what nobody is named in: a cool-down begins at `at`.
alert_sent = Table(
    "alert_sent",
    metadata,
    id_column(),
    Column("rule", String, nullable=False),
    ref("person_id", "person", null=True, index=True),
    ref("room_id", "person"),
    Column("at", Instant, nullable=False),
    Index("uq_alert_sent_person", "rule", "person_id", unique=True, **where("person_id IS NOT NULL")),
    Index("uq_alert_sent_nobody", "rule", unique=True, **where("person_id IS NULL")),
)

job_run = Table(
    "job_run",
    metadata,
    id_column(),
    Column("job", String, nullable=False),
    Column("host", String, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("state", String, nullable=False),
    Column("counts", String),
    Column("error", String),
    Index("ix_job_run_job", "job", "started_at"),
)

# Whether a job may run, over what the configuration says.
job_switch = Table(
    "job_switch",
    metadata,
    Column("job", String, primary_key=True),
    Column("enabled", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    Column("note", String),
)

import_batch = Table(
    "import_batch",
    metadata,
    id_column(),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("hash", String, nullable=False),
    ref("room_id", "person", null=True),
    Column("at", Instant, nullable=False),
    Column("counts", String, nullable=False),
    Column("undone_at", Instant),
)

# No name stands here, only its keyed hash. `done_at` null: an erasure that was stopped, and goes on.
erasure = Table(
    "erasure",
    metadata,
    Column("hash", String, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("blocked", Boolean, nullable=False, server_default=text("false")),
    # Who has the amounts that were kept: a person with a random name.
    ref("person_id", "person", null=True),
    Column("done_at", Instant),
)
