"""A database with years of events in it, built past mhc's own path for speed, and as sound as one that was captured."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Table, insert, text

import postgres
from bench import years
from command import MhcHere
from mhc.domain.clock import from_ms
from mhc.store import follows, line_counts, notes, payment_quarters, recounting
from mhc.store.database import Database
from mhc.store.schema import (
    alias,
    broadcast,
    capture_coverage,
    event,
    person,
    rating_change,
    stream,
    stream_session,
    visit,
    watchlist_member,
)

USUAL = "viewer_00077"  # one person of 13,000 events among ten million
_BEFORE = datetime(2020, 1, 1, tzinfo=UTC)
_BUSY = ("event", "visit")
_INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :name AND sql IS NOT NULL",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = :name AND indexname NOT LIKE 'pk%'",
}
_LISTS = 5  # that came with mhc: their ids are 1 to 5
# What an owner does besides: it is done with the command.
_MENU = "25 - blue lights\n50 - a song\n77 - any wish\n100 - dance\n555 - the long dance\n"
_TYPED = (
    ("person", "exclude", *(years.name_of(who) for who in (12, 345, 678, 1234))),
    *(("person", "merge", years.name_of(who), years.name_of(who + 1000)) for who in (30, 300, 900)),
    ("pair", "add", years.name_of(40), years.name_of(41), "--kind", "alternate"),
)


@contextmanager
def filled(folder: Path, server: URL, events: int, people: int) -> Iterator[dict[str, Database]]:
    """Give a database of each kind, filled up to now with the same."""
    with ExitStack() as stack:
        databases = stack.enter_context(closing(postgres.Server(server)))
        urls = {"SQLite": f"sqlite:///{folder / 'years.db'}"}
        urls["PostgreSQL"] = databases.migrated().render_as_string(hide_password=False)
        both = {kind: stack.enter_context(closing(Database(url))) for kind, url in urls.items()}
        both["SQLite"].create()
        fill(list(both.values()), events, people, datetime.now(UTC))
        for url in urls.values():
            remember(MhcHere(folder, DATABASE_URL=url, CHATURBATE_USERNAME=years.name_of(years.ROOM_ID)))
        yield both


def remember(mhc: MhcHere) -> None:
    """Have an owner exclude some people, merge some, and save a tip menu."""
    runs = [mhc(*words) for words in _TYPED]
    runs.append(mhc("import", "tipmenu", "-", "--save", stdin=_MENU))
    if failed := [run.stderr for run in runs if run.status != 0]:
        raise SystemExit("".join(failed))


def fill(
    dbs: Sequence[Database], events: int, people: int, today: datetime, a_show: int = years.A_SHOW
) -> None:
    """Fill databases of the newest schema, each with the same, up to the day before `today`; `a_show` in events."""
    for db in dbs:
        with db.write() as conn:
            _people(conn, people)
            _remembered(conn, people)
    indexes = [_drop_indexes(db) for db in dbs]
    for night in years.nights(events, people, today, a_show):
        for db in dbs:
            with db.write() as conn:
                _add_night(conn, night)
    for db, statements in zip(dbs, indexes, strict=True):
        with db.write() as conn:
            for statement in statements:
                conn.execute(text(statement))
            follows.rebuild(conn)
            recounting.rebuild(conn)
            line_counts.rebuild(conn)
            payment_quarters.rebuild(conn)
        with db.outside() as conn:
            conn.execute(text("ANALYZE" if db.is_sqlite else "VACUUM ANALYZE"))


def _people(conn: Connection, number: int) -> None:
    everyone = range(1, number + 2)
    kinds = {1: "model"}
    _add(
        conn,
        person,
        (
            {
                "id": who,
                "platform": "chaturbate",
                "username": years.name_of(who),
                "role": kinds.get(who, "viewer"),
                "rating": who % 5 + 1 if who % 7 == 0 else None,
                "created_at": _BEFORE,
            }
            for who in everyone
        ),
    )
    _add(
        conn,
        alias,
        (
            {"person_id": who, "platform": "chaturbate", "username": years.name_of(who), "source": "events"}
            for who in everyone
        ),
    )
    live = {
        "id": years.STREAM_ID,
        "room_id": years.ROOM_ID,
        "kind": "live",
        "host": "bench",
        "lock_name": "bench",
    }
    conn.execute(insert(stream), [live])
    if conn.dialect.name == "postgresql":
        for table in ("person", "stream"):
            conn.execute(text(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))"))


def _remembered(conn: Connection, people: int) -> None:
    """Write what an owner would: notes about many, lists, ratings."""
    for who in range(2, people + 2, 5):
        body = f"note {who}: likes the blue lights and long talks, came by friend {who % 97}"
        notes.add(conn, who, body, category="notes", happened_at=None, at=_BEFORE)
    listed = (
        {"list_id": who // 25 % _LISTS + 1, "person_id": who, "added_at": _BEFORE}
        for who in range(2, people, 25)
    )
    _add(conn, watchlist_member, (one for one in listed if one["list_id"] != _LISTS))
    rated = ({"person_id": who, "rating": who % 5 + 1, "at": _BEFORE} for who in range(7, people, 7))
    _add(conn, rating_change, rated)


def _add(conn: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    conn.execute(insert(table), list(rows))


def _drop_indexes(db: Database) -> list[str]:
    """Drop the indexes of the large tables; give what makes them again."""
    with db.write() as conn:
        found = [
            row
            for table in _BUSY
            for row in conn.execute(text(_INDEXES[conn.dialect.name]), {"name": table}).all()
        ]
        for name, _statement in found:
            conn.execute(text(f"DROP INDEX {name}"))
    return [statement for _name, statement in found]


def _add_night(conn: Connection, night: years.Night) -> None:
    _copy(conn, event, [column.name for column in event.columns], night.rows)
    stays = [(years.ROOM_ID, who, begin, end, "left") for who, begin, end in night.stays]
    _copy(conn, visit, ["room_id", "person_id", "entered_at", "left_at", "ending"], stays)
    begin, end = from_ms(night.begin), from_ms(night.end)
    times = {"room_id": years.ROOM_ID, "started_at": begin, "ended_at": end}
    made = conn.execute(insert(stream_session).values(**times, origin="events"))
    (session_id,) = made.inserted_primary_key or (None,)
    known = {"start_inferred": False, "end_inferred": False, "session_id": session_id}
    conn.execute(insert(broadcast).values(**times, **known))
    conn.execute(insert(capture_coverage).values(stream_id=years.STREAM_ID, from_at=begin, to_at=end))


def _copy(conn: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    driver: Any = conn.connection.driver_connection
    columns = ", ".join(names)
    if conn.dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        driver.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", rows)
        return
    with driver.cursor().copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
