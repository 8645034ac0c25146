"""The public lines of a room by the quarter of an hour, and the months in which each person tipped: reports scan nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

CHAT, TIP = 3, 10  # the numbers of the methods
ANONYMOUS, UNCOUNTED = 1, 8  # flags of an event
QUARTER_MS = 900_000
MONTH_MS, MONTHS = 30 * 86_400_000, 63
BITS = ("tip_months", "anonymous_months")
TIMES = ("first_anonymous_at", "last_anonymous_at")
INDEXES = (
    ("ix_event_nowhere", ["at"], "tokens IS NOT NULL AND room_id IS NULL"),
    ("ix_event_subject", ["stream_id", "at"], "method_id = 9"),
)
BIT = f"CAST(1 AS BIGINT) << CAST(e.at / {MONTH_MS} % {MONTHS} AS INTEGER)"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # All at once, a page's first table first: a listener waits then, and neither has what the other waits for.
        op.execute("LOCK TABLE stream, event, person, person_total IN SHARE ROW EXCLUSIVE MODE")
    op.create_table(
        "room_quarter",
        sa.Column("room_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("begins_at", sa.BigInteger(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["person.id"], name=op.f("fk_room_quarter_room_id")),
        sa.PrimaryKeyConstraint("room_id", "begins_at", name=op.f("pk_room_quarter")),
    )
    op.execute(
        f"""
        INSERT INTO room_quarter (room_id, begins_at, messages)
        SELECT coalesce(e.room_id, s.room_id), e.at - e.at % {QUARTER_MS}, count(*)
        FROM event AS e JOIN stream AS s ON s.id = e.stream_id
        WHERE s.kind = 'live' AND e.method_id = {CHAT}
        GROUP BY 1, 2
        """  # noqa: S608 - our own numbers
    )
    for name, columns, condition in INDEXES:
        where = sa.text(condition)
        op.create_index(name, "event", columns, sqlite_where=where, postgresql_where=where)
    for name in BITS:
        op.add_column(
            "person_total", sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0"))
        )
    for name in TIMES:
        op.add_column("person_total", sa.Column(name, sa.BigInteger(), nullable=True))
    _fill("tip_months = new.bits", f"(e.flags & {ANONYMOUS}) <> {ANONYMOUS}")
    _fill(
        "anonymous_months = new.bits, first_anonymous_at = new.first_at, last_anonymous_at = new.last_at",
        f"(e.flags & {ANONYMOUS}) = {ANONYMOUS}",
    )


def _fill(values: str, which: str) -> None:
    op.execute(
        f"""
        UPDATE person_total SET {values} FROM (
            SELECT e.actor_id AS person_id, coalesce(e.room_id, s.room_id) AS room_id,
                   min(e.at) AS first_at, max(e.at) AS last_at, CAST(sum(DISTINCT {BIT}) AS BIGINT) AS bits
            FROM event AS e JOIN stream AS s ON s.id = e.stream_id
            WHERE e.tokens IS NOT NULL AND e.method_id = {TIP} AND e.at <> 0 AND s.kind <> 'testbed'
                  AND (e.flags & {UNCOUNTED}) <> {UNCOUNTED} AND {which}
            GROUP BY e.actor_id, coalesce(e.room_id, s.room_id)
        ) AS new WHERE person_total.person_id = new.person_id AND person_total.room_id = new.room_id
        """  # noqa: S608 - our own numbers
    )


def downgrade() -> None:
    for name in (*TIMES[::-1], *BITS[::-1]):
        op.drop_column("person_total", name)
    for name, _columns, _condition in INDEXES:
        op.drop_index(name, "event")
    op.drop_table("room_quarter")
