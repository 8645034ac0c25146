"""The same look-ups by hand: Click, SQLAlchemy Core, the same tables (a copy, in `tables.py`) and the same queries."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from sqlalchemy import Connection, case, create_engine, func, or_, select
from tables import (  # type: ignore[import-not-found]
    alias,
    capture_coverage,
    event,
    event_method,
    note,
    person,
    person_total,
    stream,
    stream_session,
    visit,
    watchlist,
    watchlist_member,
)

ROOM, TIP, CHAT, FOLLOW, UNFOLLOW = "example_room", 10, 3, 6, 7
OWNER = select(stream.c.room_id).where(stream.c.id == event.c.stream_id).correlate(event).scalar_subquery()
ROOM_OF = func.coalesce(event.c.room_id, OWNER)
LATEST = (event.c.at.desc(), event.c.id_ms.desc(), event.c.id_seq.desc(), event.c.source_id.desc())


def find(conn: Connection, name: str) -> int:
    """Give the person of a name."""
    query = select(alias.c.person_id, alias.c.valid_to).where(
        alias.c.platform == "chaturbate", alias.c.username == name
    )
    ids = [row.person_id for row in conn.execute(query.order_by(alias.c.valid_to.desc(), alias.c.id.desc()))]
    row = conn.execute(select(person).where(person.c.id == ids[0])).one()
    mine = select(person).where(or_(person.c.id == row.id, person.c.canonical_id == row.id))
    return int(conn.execute(mine.order_by(person.c.id)).all()[0].id)


def testbed(conn: Connection) -> list[int]:
    """Give the streams that count for nothing."""
    return list(conn.execute(select(stream.c.id).where(stream.c.kind == "testbed")).scalars())


def show(conn: Connection, name: str) -> list[Any]:
    """Give what a person's card has."""
    room, who = find(conn, ROOM), find(conn, name)
    lists = select(watchlist.c.name).join(watchlist_member, watchlist_member.c.list_id == watchlist.c.id)
    lists = lists.where(watchlist_member.c.person_id.in_([who]), watchlist_member.c.removed_at.is_(None))
    began = func.coalesce(visit.c.entered_at, visit.c.left_at)
    stays = select(visit.c.entered_at, visit.c.left_at, visit.c.ending).order_by(began, visit.c.id)
    stays = stays.where(visit.c.person_id.in_([who]), visit.c.room_id.in_([room]))
    now = datetime.now(UTC)
    recent = [func.sum(case((event.c.at >= now - timedelta(days=days), event.c.tokens))) for days in (30, 90)]
    tip = event.c.method_id == TIP
    paid = select(func.max(case((tip, event.c.tokens))), func.min(case((tip, event.c.at))), *recent)
    paid = paid.where(event.c.actor_id.in_([who]), event.c.flags.bitwise_and(1) == 0, ROOM_OF.in_([room]))
    names = select(alias).where(alias.c.person_id.in_([who])).order_by(alias.c.username, alias.c.id)
    root = person.alias("root")
    notes = select(note, root.c.username).join(person, person.c.id == note.c.person_id)
    notes = notes.join(root, root.c.id == func.coalesce(person.c.canonical_id, person.c.id))
    notes = notes.where(note.c.person_id.in_([who])).order_by(note.c.created_at.desc(), note.c.id.desc())
    columns = [func.sum(column) for column in person_total.c][2:8]
    sums = select(*columns, func.min(person_total.c.first_seen_at), func.max(person_total.c.last_seen_at))
    sums = sums.where(person_total.c.person_id.in_([who]), person_total.c.room_id.in_([room]))
    mine = (stream.c.kind != "testbed", event.c.actor_id.in_([who]), ROOM_OF.in_([room]))
    follow = select(event.c.at, event.c.method_id).join(stream, stream.c.id == event.c.stream_id)
    follow = follow.where(event.c.method_id.in_((FOLLOW, UNFOLLOW)), *mine).order_by(*LATEST).limit(1)
    said = select(event.c.at, person.c.username, event.c.text)
    said = said.outerjoin(person, person.c.id == event.c.actor_id).join(
        stream, stream.c.id == event.c.stream_id
    )
    said = said.where(event.c.method_id == CHAT, *mine).order_by(*LATEST).limit(3)
    no_testbed = testbed(conn)
    paid = paid.where(event.c.tokens.is_not(None), event.c.stream_id.not_in(no_testbed))
    return [conn.execute(query).all() for query in (lists, stays, paid, names, notes, sums, follow, said)]


def status(conn: Connection) -> list[Any]:
    """Give what there is to say about the session that is on."""
    s = stream_session.c
    columns = (s.id, s.room_id, person.c.username, s.started_at, s.ended_at, s.origin, s.title)
    query = select(*columns).join(person, person.c.id == s.room_id)
    live = conn.execute(query.where(person.c.username == ROOM, s.ended_at.is_(None))).one()
    began, now = live.started_at, datetime.now(UTC)
    excluded = select(func.coalesce(person.c.canonical_id, person.c.id))
    excluded = excluded.join(watchlist_member, watchlist_member.c.person_id == person.c.id)
    excluded = excluded.join(watchlist, watchlist.c.id == watchlist_member.c.list_id)
    excluded = excluded.where(watchlist.c.name == "Excluded", watchlist_member.c.removed_at.is_(None))
    merged = select(person.c.id, person.c.canonical_id).where(person.c.canonical_id.is_not(None))
    seen = select(stream.c.room_id, capture_coverage.c.from_at, capture_coverage.c.to_at)
    seen = seen.join(stream, stream.c.id == capture_coverage.c.stream_id)
    seen = seen.where(stream.c.kind == "live", stream.c.room_id.in_([live.room_id]))
    anonymous = event.c.flags.bitwise_and(1) != 0
    paid = select(event.c.at, ROOM_OF, event.c.actor_id, anonymous, event.c.method_id == TIP, event.c.tokens)
    paid = paid.where(event.c.tokens.is_not(None), event.c.at >= began, event.c.at < now)
    paid = paid.where(ROOM_OF.in_([live.room_id]), event.c.stream_id.not_in(testbed(conn)))
    before = select(s.ended_at).where(s.room_id == live.room_id, s.started_at < began)
    came = select(visit.c.person_id, visit.c.entered_at, visit.c.left_at, visit.c.ending)
    came = came.where(visit.c.room_id == live.room_id)
    left = came.where(visit.c.entered_at.is_(None), visit.c.left_at < now)
    streams = select(stream.c.id).where(stream.c.room_id == live.room_id, stream.c.kind == "live")
    counts = select(event.c.actor_id, event.c.method_id, func.count()).where(
        event.c.stream_id.in_(streams), event.c.at >= began, event.c.at < now,
        event.c.method_id.in_((CHAT, FOLLOW)), live.room_id == ROOM_OF,
    )  # fmt: skip
    return [
        conn.execute(query).all()
        for query in (
            excluded, merged, seen.order_by(capture_coverage.c.from_at), paid.order_by(event.c.at),
            before.order_by(s.started_at.desc()).limit(1), came.where(visit.c.entered_at < now), left,
            counts.group_by(event.c.actor_id, event.c.method_id),
        )
    ]  # fmt: skip


def latest(conn: Connection) -> list[Any]:
    """Give the last events with their names."""
    streams = {row[0]: row[1] for row in conn.execute(select(stream.c.id, stream.c.kind))}
    methods = {row[0]: row[1] for row in conn.execute(select(event_method.c.id, event_method.c.name))}
    columns = [column for column in event.c if column.name != "raw"]
    query = select(*columns).where(event.c.stream_id.in_(list(streams))).order_by(*LATEST).limit(20)
    rows = conn.execute(query).all()
    ids = {who for row in rows for who in (row.room_id, row.actor_id, row.partner_id) if who is not None}
    people = select(person.c.id, person.c.username).where(person.c.id.in_(ids))
    names = {row[0]: row[1] for row in conn.execute(people)}
    return [(row.at, methods[row.method_id], names.get(row.actor_id), row.tokens, row.text) for row in rows]


LOOK_UPS: dict[str, Callable[..., list[Any]]] = {"show": show, "status": status, "list": latest}


@click.command()
@click.argument("database")
@click.argument("what")
@click.argument("words", nargs=-1)
def core(database: str, what: str, words: tuple[str, ...]) -> None:
    """Look something up."""
    engine = create_engine(database)
    with engine.connect() as conn:
        for row in LOOK_UPS[what](conn, *words):
            click.echo(str(row))


if __name__ == "__main__":
    core()
