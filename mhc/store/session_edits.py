"""What a person does to sessions: adds, changes, joins and parts them. Their times are theirs from then on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, update

from mhc.domain.clock import iso_z
from mhc.domain.sessions import Origin, Span
from mhc.store import session_notes, sessions, visits
from mhc.store.schema import broadcast, stream_session
from mhc.store.sessions import Session


class Typed(NamedTuple):
    """What a person says of a session; `tags` are words between commas."""

    title: str | None = None
    theme: str | None = None
    tags: str | None = None


def add(conn: Connection, room_id: int, span: Span, typed: Typed, gap: timedelta) -> int:
    """Make a session of a time; give its number. Raises UsageError where it would overlap another."""
    sessions.lock(conn, room_id)
    sessions.refuse_overlap(conn, room_id, span)
    with _fitted(conn, room_id, span.started_at, gap):
        return _insert(conn, room_id, span, typed)


def change(conn: Connection, one: Session, span: Span, typed: Typed, gap: timedelta) -> None:
    """Give a session these times and words. Raises UsageError where it would overlap another.

    One whose times follow from events goes on to follow them, unless they are changed.
    """
    mine = stream_session.c.id == one.id
    conn.execute(update(stream_session).where(mine).values(typed._asdict()))
    if span == one.span:
        return
    sessions.lock(conn, one.room_id)
    sessions.refuse_overlap(conn, one.room_id, span, but=[one.id])
    with _fitted(conn, one.room_id, min(one.started_at, span.started_at), gap):
        _set_times(conn, one.id, span)


def merged(one: Session, other: Session) -> tuple[Span, Typed]:
    """Give what two sessions are as one: the time from the first start to the last end, and the words of both."""
    ends = one.ended_at, other.ended_at
    end = None if ends[0] is None or ends[1] is None else max(ends[0], ends[1])
    tags = dict.fromkeys(tag for session in (one, other) for tag in (session.tags or "").split(",") if tag)
    return Span(min(one.started_at, other.started_at), end), Typed(
        one.title or other.title, one.theme or other.theme, ",".join(tags) or None
    )


def refuse_between(
    conn: Connection, one: Session, other: Session, told: Callable[[datetime], str] = iso_z
) -> None:
    """Raise UsageError where another session lies between two that become one; `told` writes its times."""
    span, _typed = merged(one, other)
    hint = f"it lies between them: mhc session merge {one.id} {{id}} first"
    sessions.refuse_overlap(conn, one.room_id, span, [one.id, other.id], hint, told)


def merge(conn: Connection, one: Session, other: Session, gap: timedelta) -> None:
    """Make two sessions of a room one, under the number of the first. Raises UsageError where another lies between."""
    span, typed = merged(one, other)
    sessions.lock(conn, one.room_id)
    refuse_between(conn, one, other)
    with _fitted(conn, one.room_id, span.started_at, gap):
        conn.execute(update(broadcast).where(broadcast.c.session_id == other.id).values(session_id=None))
        conn.execute(delete(stream_session).where(stream_session.c.id == other.id))
        mine = stream_session.c.id == one.id
        conn.execute(update(stream_session).where(mine).values(typed._asdict()))
        _set_times(conn, one.id, span)


def split(conn: Connection, one: Session, at: datetime, typed: Typed, gap: timedelta) -> int:
    """End a session at an instant, and make one of what followed; give its number. Both have their times by hand."""
    sessions.lock(conn, one.room_id)
    with _fitted(conn, one.room_id, one.started_at, gap):
        _set_times(conn, one.id, Span(one.started_at, at))
        return _insert(conn, one.room_id, Span(at, one.ended_at), typed)


def _insert(conn: Connection, room_id: int, span: Span, typed: Typed) -> int:
    row = {"room_id": room_id, "started_at": span.started_at, "ended_at": span.ended_at}
    row |= {"origin": str(Origin.MANUAL)} | typed._asdict()
    made: int = conn.execute(insert(stream_session).values(row).returning(stream_session.c.id)).scalar_one()
    return made


def _set_times(conn: Connection, session_id: int, span: Span) -> None:
    times = {"started_at": span.started_at, "ended_at": span.ended_at, "origin": str(Origin.MANUAL)}
    conn.execute(update(stream_session).where(stream_session.c.id == session_id).values(times))


@contextmanager
def _fitted(conn: Connection, room_id: int, since: datetime, gap: timedelta) -> Iterator[None]:
    """Fit broadcasts, other sessions and visits to what is changed within, from an instant on."""
    before = sessions.of_room(conn, room_id)
    yield
    sessions.restitch(conn, room_id, since, gap)
    now = sessions.of_room(conn, room_id)
    session_notes.keep(conn, room_id, *({one.id: one.span for one in some} for some in (before, now)))
    ends = {one.ended_at for one in before} ^ {one.ended_at for one in now}
    closers = {end for end in ends if end is not None}
    if closers:
        visits.rederive(conn, room_id, visits.present(conn, room_id, closers), min(closers))
