"""What events alone do not say of a room: that a stop was never seen, and that the feed of rooms shows it online."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from mhc.domain.broadcasts import ACTIVITY, JUST_AFTER
from mhc.domain.events import METHODS
from mhc.domain.sessions import Origin
from mhc.store import coverage, derived, history, people, room_readings, room_states, sessions
from mhc.store.bulk import together
from mhc.store.sessions import Session

_ACTIVITY = [number for number, name in METHODS.items() if name in ACTIVITY]


def begin_observed(conn: Connection, room_id: int, now: datetime, gap: timedelta) -> bool:
    """Have a session go on, or begin, that the feed of rooms shows and events do not; say whether it did.

    One that is live and from which nothing came for longer than the gap goes on: what comes later is of it, too. Where
    none is, one line, tip or purchase within the gap begins one, or has one go on that ended by silence.
    """
    sessions.lock(conn, room_id)
    state, last = room_states.load(conn, room_id), _last(conn, room_id)
    if not _is_online(conn, room_id, now, gap):
        return False
    if last is not None and last.ended_at is None:
        if last.origin != Origin.EVENTS or not state.is_silent(now, gap):
            return False
        sessions.observe(conn, room_id, last.started_at, last)
        return True
    run = state.run
    if run is None or now - run.last_at > gap or (last and last.ended_at and last.ended_at > run.first_at):
        return False
    lapsed = state.lapsed is not None and last is not None and last.ended_at == state.lapsed.ended_at
    sessions.observe(conn, room_id, run.first_at, last if lapsed else None)
    derived.restitch(conn, room_id, run.first_at, gap)
    return True


def _last(conn: Connection, room_id: int) -> Session | None:
    return next(iter(sessions.list_all(conn, room_ids=[room_id], limit=1)), None)


def end_silent(conn: Connection, room_id: int, now: datetime, gap: timedelta) -> datetime | None:
    """End what goes on in a room where nothing came for longer than the gap, just after its last event; give that instant.

    None where nothing is to be ended, or where the feed of rooms shows the room online: then the listener is deaf, and the
    room not silent. An event that comes late after all takes the end back, but for a session that was made by hand: one
    of these ends only where somebody listened to the silence. One that the feed showed ends with a stop that was heard,
    else just after what was last written or paid.
    """
    sessions.lock(conn, room_id)
    state = room_states.load(conn, room_id)
    live = sessions.live(conn, room_id)
    ended = None
    stop = None if state.open else state.stopped_at
    observed = live is not None and live.origin == Origin.OBSERVED
    if live is not None and observed and stop is not None and stop > live.started_at:
        return _stop(conn, live, stop, gap)
    if _is_online(conn, room_id, now, gap):
        return None
    if not state.silent and state.is_silent(now, gap):
        state = state._replace(silent=True)
        together(conn, room_states.saving(room_id, state))
        stored = [row for row, b in sessions.broadcasts(conn, room_id) if b.ended_at is None]
        assert state.shown is not None
        ended = state.shown.ended_at
        sessions.replace_broadcasts(conn, room_id, stored, [state.shown])
        derived.restitch(conn, room_id, state.shown.started_at, gap)
    if live is None or live.origin == Origin.EVENTS:
        return ended
    if observed:
        last = _last_active(conn, live)
        return _stop(conn, live, last + JUST_AFTER, gap) if last < now - gap else ended
    last_at = state.last_at
    if last_at is None or not live.started_at < last_at < now - gap:
        return ended
    return (
        _stop(conn, live, last_at + JUST_AFTER, gap)
        if _was_heard(conn, room_id, last_at, now, gap)
        else ended
    )


def _stop(conn: Connection, live: Session, at: datetime, gap: timedelta) -> datetime:
    sessions.stop(conn, live, at, Origin(live.origin))
    derived.restitch(conn, live.room_id, live.started_at, gap, at)
    return at


def _last_active(conn: Connection, live: Session) -> datetime:
    """Give when the last line, tip or purchase of a session came; its beginning where none did."""
    marks = history.marks_query(live.room_id, live.started_at).order_by(None).subquery()
    query = select(marks.c.at).where(marks.c.method_id.in_(_ACTIVITY)).order_by(marks.c.at.desc()).limit(1)
    found: datetime | None = conn.execute(query).scalar()
    return found or live.started_at


def _is_online(conn: Connection, room_id: int, now: datetime, gap: timedelta) -> bool:
    """Whether the feed of rooms showed the room online within the gap, and did not show since that it is not."""
    live = room_readings.live(conn, now, gap)
    return live is not None and bool(room_readings.live_among(conn, people.members(conn, room_id), live))


def _was_heard(conn: Connection, room_id: int, last: datetime, now: datetime, gap: timedelta) -> bool:
    """Whether somebody listened for longer than the gap after an event: else the silence is our own."""
    spans = coverage.live_spans(conn, [room_id]).get(room_id, [])
    return any(min(to_at, now) - max(from_at, last) > gap for from_at, to_at in spans)
