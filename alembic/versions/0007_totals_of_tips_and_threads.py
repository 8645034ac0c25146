"""When each person first and last tipped in a room, and what was written with them in private: so that no list counts."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

COUNTS = ("private_received", "private_sent", "private_outside")
TIMES = ("last_private_at", "first_tip_at", "last_tip_at")
PRIVATE, TIP = 4, 10  # the numbers of the methods
ANONYMOUS, UNCOUNTED = 1, 8  # flags of an event
COUNTED = f"s.kind <> 'testbed' AND (e.flags & {UNCOUNTED}) <> {UNCOUNTED} AND (e.flags & {ANONYMOUS}) <> {ANONYMOUS}"


def upgrade() -> None:
    for name in COUNTS:
        op.add_column(
            "person_total", sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0"))
        )
    for name in TIMES:
        op.add_column("person_total", sa.Column(name, sa.BigInteger(), nullable=True))
    op.execute(
        f"""
        UPDATE person_total SET first_tip_at = new.first_at, last_tip_at = new.last_at FROM (
            SELECT e.actor_id AS person_id, coalesce(e.room_id, s.room_id) AS room_id,
                   min(e.at) AS first_at, max(e.at) AS last_at
            FROM event AS e JOIN stream AS s ON s.id = e.stream_id
            WHERE e.tokens IS NOT NULL AND e.method_id = {TIP} AND e.at <> 0 AND {COUNTED}
            GROUP BY e.actor_id, coalesce(e.room_id, s.room_id)
        ) AS new WHERE person_total.person_id = new.person_id AND person_total.room_id = new.room_id
        """  # noqa: S608 - our own numbers
    )
    op.execute(
        f"""
        UPDATE person_total SET private_received = new.received, private_sent = new.sent,
               private_outside = new.outside, last_private_at = new.last_at FROM (
            SELECT CASE WHEN e.actor_id = s.room_id THEN e.partner_id ELSE e.actor_id END AS person_id,
                   coalesce(e.room_id, s.room_id) AS room_id,
                   sum(CASE WHEN e.actor_id = s.room_id THEN 0 ELSE 1 END) AS received,
                   sum(CASE WHEN e.actor_id = s.room_id THEN 1 ELSE 0 END) AS sent,
                   sum(CASE WHEN e.room_id IS NULL THEN 1 ELSE 0 END) AS outside,
                   max(CASE WHEN e.at <> 0 THEN e.at END) AS last_at
            FROM event AS e JOIN stream AS s ON s.id = e.stream_id
            WHERE e.partner_id IS NOT NULL AND e.method_id = {PRIVATE}
                  AND (e.actor_id = s.room_id OR e.partner_id = s.room_id) AND {COUNTED}
            GROUP BY 1, 2
        ) AS new WHERE person_total.person_id = new.person_id AND person_total.room_id = new.room_id
        """  # noqa: S608 - our own numbers
    )


def downgrade() -> None:
    for name in (*TIMES[::-1], *COUNTS[::-1]):
        op.drop_column("person_total", name)
