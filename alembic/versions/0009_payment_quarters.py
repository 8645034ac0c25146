"""What is asked often is kept: the payments of a quarter of an hour packed in a row, and which change of a follow is the last."""

from collections.abc import Iterator
from itertools import groupby, islice
from struct import Struct
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TIP = 10  # the number of the method
ANONYMOUS = 1  # a flag of an event
QUARTER_MS = 900_000
RECORD = Struct("<Iii")
PAGE = 1000
# What answered before, from a row a payment.
INDEXES = (
    ("ix_event_paid", ["at", "actor_id", "tokens", "method_id", "room_id", "flags"], "tokens IS NOT NULL"),
    ("ix_event_nowhere", ["at"], "tokens IS NOT NULL AND room_id IS NULL"),
)
# With the person in them they tell by themselves who came, and who gave so much.
TOLD = (
    ("ix_visit_room", "visit", ["room_id", "entered_at"]),
    ("ix_person_total_room", "person_total", ["room_id", "tokens"]),
)
LAST = "ix_follow_change_last"  # it tells by itself who follows now
MARK = """
    UPDATE follow_change SET is_last = true WHERE NOT EXISTS (
        SELECT 1 FROM follow_change AS later
        WHERE later.person_id = follow_change.person_id AND later.room_id = follow_change.room_id
          AND later.direction = follow_change.direction
          AND (later.at, later.state) > (follow_change.at, follow_change.state)
    )
"""
PAYMENTS = f"""
    SELECT e.at - e.at % {QUARTER_MS} AS begins_at, coalesce(e.room_id, s.room_id) AS room_id,
           e.at % {QUARTER_MS} * 2 + CASE WHEN e.method_id = {TIP} THEN 1 ELSE 0 END AS time,
           CASE WHEN (e.flags & {ANONYMOUS}) = {ANONYMOUS} THEN -1 - coalesce(e.actor_id, 0)
                ELSE coalesce(e.actor_id, 0) END AS who, e.tokens
    FROM event AS e JOIN stream AS s ON s.id = e.stream_id
    WHERE s.kind = 'live' AND e.tokens IS NOT NULL
    ORDER BY 1, 2, 3, 4, 5
"""  # noqa: S608 - our own numbers


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # All at once, a page's first table first: a listener waits then, and neither has what the other waits for.
        op.execute("LOCK TABLE stream, person IN SHARE ROW EXCLUSIVE MODE")
        # And as much as is needed in the end: who reads meanwhile would have the half of it.
        op.execute("LOCK TABLE event, visit, person_total, follow_change IN ACCESS EXCLUSIVE MODE")
    made = op.create_table(
        "payment_quarter",
        sa.Column("room_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("begins_at", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["person.id"], name=op.f("fk_payment_quarter_room_id")),
        sa.PrimaryKeyConstraint("room_id", "begins_at", name=op.f("pk_payment_quarter")),
    )
    rows = _quarters()
    while page := list(islice(rows, PAGE)):
        op.bulk_insert(made, page)
    for name, _columns, _condition in INDEXES:
        op.drop_index(name, "event")
    for name, table, columns in TOLD:
        op.drop_index(name, table)
        op.create_index(name, table, [*columns, "person_id"])
    column = sa.Column("is_last", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    op.add_column("follow_change", column)
    op.execute(MARK)
    where, columns = sa.text("is_last"), ["room_id", "direction", "state", "person_id", "is_last"]
    op.create_index(LAST, "follow_change", columns, sqlite_where=where, postgresql_where=where)


def _quarters() -> Iterator[dict[str, Any]]:
    found = op.get_bind().execute(sa.text(PAYMENTS), execution_options={"yield_per": PAGE})
    for (begins, room), each in groupby(found, key=lambda row: (row[0], row[1])):
        records = b"".join(RECORD.pack(time, who, tokens) for _begins, _room, time, who, tokens in each)
        yield {"room_id": room, "begins_at": begins, "records": records}


def downgrade() -> None:
    op.drop_index(LAST, "follow_change")
    op.drop_column("follow_change", "is_last")
    for name, table, columns in TOLD[::-1]:
        op.drop_index(name, table)
        op.create_index(name, table, columns)
    for name, columns, condition in INDEXES[::-1]:
        where = sa.text(condition)
        op.create_index(name, "event", columns, sqlite_where=where, postgresql_where=where)
    op.drop_table("payment_quarter")
