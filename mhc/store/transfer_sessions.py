"""The sessions of an export: those made by hand are made, those that follow from events get their numbers and titles."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, text, update

from mhc.domain.sessions import Origin, Span
from mhc.store import derived, lines, sessions
from mhc.store.schema import broadcast, stream, stream_session
from mhc.store.sessions import Session

_TYPED = ("title", "tags", "theme")
_FARTHEST = 100_000  # numbers that are left out, at most, for one that is kept


def add(
    conn: Connection, found: Sequence[tuple[lines.Session, int]], gap: timedelta, *, write: bool
) -> tuple[int, list[lines.Session]]:
    """Take sessions, each with its room here. Gives how many are new, and those that another here stands in the way of.

    A session is known by its room and start. One that follows from events is not made here: it is there, if its
    events are; one with a title is made by hand then. One that follows from events here and was made otherwise there
    takes its end and origin from there.
    """
    new, refused = 0, []
    wanted: dict[int, int] = {}
    for room_id in sorted({room for _line, room in found}):  # as a listener locks them
        if write:
            sessions.lock(conn, room_id)
        theirs = [line for line, room in found if room == room_id]
        known = {one.started_at: one for one in sessions.of_room(conn, room_id)}
        for line in theirs:
            here = known.get(line.started_at)
            if not _is_news(line, here):
                continue
            if _in_the_way([one for one in known.values() if one != here], line):
                refused.append(line)
                continue
            new += 1
            if write:
                _make(conn, room_id, line, here, gap)
                known = {one.started_at: one for one in sessions.of_room(conn, room_id)}
        if write:
            wanted |= _complete(conn, room_id, theirs)
    if write:
        _renumber(conn, wanted)
    return new, refused


def _typed(line: lines.Session) -> dict[str, str]:
    return {name: value for name in _TYPED if (value := getattr(line, name)) is not None}


def _is_news(line: lines.Session, here: Session | None) -> bool:
    """Whether a session is to be made, or one here that follows from events is to be what a person or the feed made it."""
    if here is None:
        return line.origin != Origin.EVENTS or bool(_typed(line))
    return here.origin == Origin.EVENTS != line.origin


def _in_the_way(known: Sequence[Session], line: lines.Session) -> bool:
    """Whether one that was made by hand shares its time, or the room has one that lasts, as it would."""
    span = Span(line.started_at, line.ended_at)
    for one in known:
        meets = span.started_at == one.ended_at or span.ended_at == one.started_at
        if one.origin != Origin.EVENTS and one.span.overlaps(span) and not meets:
            return True
        if one.ended_at is None and span.ended_at is None:
            return True
    return False


def _make(conn: Connection, room_id: int, line: lines.Session, here: Session | None, gap: timedelta) -> None:
    derived_there = line.origin == Origin.EVENTS
    ended_at = line.ended_at or (line.started_at if derived_there else None)
    row = {"room_id": room_id, "started_at": line.started_at, "ended_at": ended_at}
    row |= {"origin": str(Origin.MANUAL if derived_there else line.origin)}
    if here is None:
        conn.execute(insert(stream_session).values(**row, **_typed(line)))
    else:
        conn.execute(update(stream_session).where(stream_session.c.id == here.id).values(**row))
    derived.restitch(conn, room_id, line.started_at, gap, ended_at)


def _complete(conn: Connection, room_id: int, theirs: Sequence[lines.Session]) -> dict[int, int]:
    """Add what was typed of each, where nothing is here; give which numbers are to become which."""
    s = stream_session.c
    query = select(s.started_at, s.id, *(s[name] for name in _TYPED)).where(s.room_id == room_id)
    rows: dict[datetime, Any] = {row.started_at: row for row in conn.execute(query)}
    ours = _listened_to(conn, room_id)
    wanted = {}
    for line in theirs:
        row = rows.get(line.started_at)
        if row is None:
            continue
        new = {name: value for name, value in _typed(line).items() if getattr(row, name) is None}
        if new:
            conn.execute(update(stream_session).where(s.id == row.id).values(**new))
        if not ours and row.id != line.id:
            wanted[row.id] = line.id
    return wanted


def _listened_to(conn: Connection, room_id: int) -> bool:
    """Whether this database was listened with: then people know its sessions by their numbers here."""
    mine = (stream.c.room_id == room_id, stream.c.epoch > 0)
    return conn.execute(select(stream.c.id).where(*mine).limit(1)).scalar() is not None


def _renumber(conn: Connection, wanted: Mapping[int, int]) -> None:
    """Give sessions the numbers that they have elsewhere, as far as no other has them here."""
    s = stream_session.c
    held = set(conn.execute(select(s.id).where(s.id.in_(list(wanted.values())))).scalars())
    moves = dict(wanted)
    while stuck := [old for old, new in moves.items() if new in held - moves.keys()]:
        for old in stuck:
            del moves[old]
    if not moves or not _reserve(conn, max(moves.values())):
        return
    query = select(broadcast.c.id, broadcast.c.session_id).where(broadcast.c.session_id.in_(list(moves)))
    members = [(row.id, moves[row.session_id]) for row in conn.execute(query)]
    conn.execute(update(broadcast).where(broadcast.c.session_id.in_(list(moves))).values(session_id=None))
    for number in moves:  # first out of each other's way
        conn.execute(update(stream_session).where(s.id == number).values(id=-number))
    for old, number in moves.items():
        conn.execute(update(stream_session).where(s.id == -old).values(id=number))
    for row_id, number in members:
        conn.execute(update(broadcast).where(broadcast.c.id == row_id).values(session_id=number))


def _reserve(conn: Connection, highest: int) -> bool:
    """Let the server give no number up to this one to others; False where it would have to leave out too many."""
    if conn.dialect.name != "postgresql":
        return True
    take = text("SELECT nextval(pg_get_serial_sequence('stream_session', 'id'))")
    last = conn.execute(take).scalar_one()
    if highest - last > _FARTHEST:
        return False
    more = text(
        "SELECT count(nextval(pg_get_serial_sequence('stream_session', 'id'))) FROM generate_series(1, :n)"
    )
    conn.execute(more, {"n": max(0, highest - last)})
    return True
