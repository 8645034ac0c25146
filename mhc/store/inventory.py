"""What a database holds, and whether it is sound."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, cast, func, inspect, select, text

from mhc.domain.counted import counted
from mhc.store import (
    canonical,
    derived,
    follows,
    line_counts,
    message_words,
    pasted,
    payment_quarters,
    people,
    recounting,
    schema,
    sizes,
)
from mhc.store.database import Database
from mhc.store.schema import event, observation, payload, person, room_poll, snapshot, stream, stream_session

# Readings of rooms from which on one should thin them (SQLite) or partition their table (PostgreSQL).
LIMITS: Final = {"sqlite": 100_000_000, "postgresql": 300_000_000}
_FAR: Final = 100 * 365  # days: nobody plans for more


def of(db: Database) -> dict[str, Any]:
    """Give sizes and counts."""
    with db.read() as conn:
        state = conn.execute(text("SELECT number FROM schema_compat")).scalar() if not db.is_empty() else None
        revision = conn.execute(text("SELECT version_num FROM alembic_version")).scalar() if state else None
        first, last, events = conn.execute(
            select(func.min(event.c.at), func.max(event.c.at), func.count())
        ).one()
        return {
            "database": db.name,
            "engine": _engine(conn),
            "revision": revision,
            "compatibility": state,
            "bytes": sizes.on_disk(db, conn),
            "events": events,
            "people": _count(conn, select(func.count()).where(person.c.canonical_id.is_(None))),
            "sessions": _count(conn, select(func.count()).select_from(stream_session)),
            "first_event_at": first,
            "last_event_at": last,
            **_of_rooms(conn),
            **_readings(conn),
        }


def _of_rooms(conn: Connection) -> dict[str, Any]:
    """Give how many readings of rooms there are, how many came in the day before the last poll, and where that leads."""
    number = _count(conn, select(func.count()).select_from(observation))
    limit = LIMITS[conn.dialect.name]
    last = conn.execute(select(func.max(room_poll.c.at))).scalar()
    kept = cast(func.coalesce(func.sum(room_poll.c.kept), 0), BigInteger)
    a_day = 0 if last is None else _count(conn, select(kept).where(room_poll.c.at > last - timedelta(days=1)))
    reached = None
    if last is not None and a_day:
        days = max(0, limit - number) // a_day
        reached = last + timedelta(days=days) if days < _FAR else None
    return {
        "observations": number,
        "observations_a_day": a_day,
        "observations_limit": limit,
        "observations_limit_at": reached,
    }


def _readings(conn: Connection) -> dict[str, Any]:
    """Give how many readings of other sources there are, how many answers, and what a reading takes on disk."""
    readings, answers = (_count(conn, select(func.count()).select_from(one)) for one in (snapshot, payload))
    size = sizes.of_tables(conn, (snapshot.name, payload.name)) if readings else None
    each = None if size is None else -(-size // readings)
    return {"snapshots": readings, "payloads": answers, "bytes_a_snapshot": each}


def _count(conn: Connection, query: Any) -> int:
    found: int = conn.execute(query).scalar_one()
    return found


def _engine(conn: Connection) -> str:
    if conn.dialect.name == "sqlite":
        return f"SQLite {conn.execute(text('SELECT sqlite_version()')).scalar_one()}"
    return f"PostgreSQL {conn.execute(text('SHOW server_version')).scalar_one()}"


def repair(db: Database, merge_gap: timedelta) -> None:
    """Make all that is derived anew, from the events and from the merges; what a person typed stays."""
    with db.write() as conn:
        conn.execute(
            select(stream.c.id).order_by(stream.c.id).with_for_update()
        )  # nobody stores events meanwhile
        people.lock_names(conn)
        canonical.flatten(conn)
        pasted.judge_all(conn)
        recounting.rebuild(conn)
        line_counts.rebuild(conn)
        payment_quarters.rebuild(conn)
        follows.rebuild(conn)
        for room_id in derived.rooms(conn):
            derived.rebuild(conn, room_id, merge_gap)
    message_words.rebuild(db)


# What counts what is not as it should be, and how one, and how several of it are called.
_DERIVED: Final = (
    (canonical.differences, "person does not read as the merges say", "people do not read as the merges say"),
    (pasted.misjudged, "pasted line counts, or does not, against what was captured",
     "pasted lines count, or do not, against what was captured"),
    (recounting.differences, "total is not what the events say", "totals are not what the events say"),
    (line_counts.differences, "count of public lines is not what the events say",
     "counts of public lines are not what the events say"),
    (payment_quarters.differences, "quarter of an hour has not the payments that the events say",
     "quarters of an hour have not the payments that the events say"),
    (follows.differences, "follow is not what the events say", "follows are not what the events say"),
    (message_words.differences, "word of messages is not what the events say",
     "words of messages are not what the events say"),
)  # fmt: skip


def problems(db: Database, merge_gap: timedelta) -> list[str]:
    """Say what is wrong: the file, the tables, and what is derived against the events and merges."""
    with db.read() as conn:
        found = damage(conn)
        missing = schema.metadata.tables.keys() - set(inspect(conn).get_table_names())
        found += [f"no table {name}" for name in sorted(missing)]
        if found:
            return found
        found += [counted(wrong, one, many) for count, one, many in _DERIVED if (wrong := count(conn))]
        stale = [room_id for room_id in derived.rooms(conn) if derived.differs(conn, room_id, merge_gap)]
        names = people.names_by_id(conn, stale)
        return found + [f"sessions or visits of {names[one]} are not what the events say" for one in stale]


def damage(conn: Connection) -> list[str]:
    """Say what is wrong with the file itself."""
    if conn.dialect.name != "sqlite":
        return []
    said = [str(row[0]) for row in conn.execute(text("PRAGMA integrity_check(5)")) if row[0] != "ok"]
    loose = conn.execute(text("PRAGMA foreign_key_check")).all()
    lost = [counted(len(loose), "reference leads nowhere", "references lead nowhere")] if loose else []
    return said + lost
