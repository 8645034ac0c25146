"""Ends what goes on in a room from which nothing comes any more: a stop that was never seen."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from mhc.domain.broadcasts import JUST_AFTER
from mhc.domain.sessions import Origin
from mhc.store import coverage, derived, people, room_readings, room_states, sessions
from mhc.store.bulk import together


def end_silent(conn: Connection, room_id: int, now: datetime, gap: timedelta) -> datetime | None:
    """End what goes on in a room where nothing came for longer than the gap, just after its last event; give that instant.

    None where nothing is to be ended, or where the feed of rooms shows the room online: then the listener is deaf, and the
    room not silent. An event that comes late after all takes the end back, but for a session that was
    made by hand: one of these ends only where somebody listened to the silence.
    """
    sessions.lock(conn, room_id)
    state = room_states.load(conn, room_id)
    ended = None
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
    live, last = sessions.live(conn, room_id), state.last_at
    if live is None or last is None or live.origin != Origin.MANUAL:
        return ended
    if live.started_at < last < now - gap and _was_heard(conn, room_id, last, now, gap):
        ended = last + JUST_AFTER
        sessions.stop(conn, live, ended)
        derived.restitch(conn, room_id, live.started_at, gap, ended)
    return ended


def _is_online(conn: Connection, room_id: int, now: datetime, gap: timedelta) -> bool:
    """Whether the feed of rooms showed the room online within the gap, and did not show since that it is not."""
    live = room_readings.live(conn, now, gap)
    return live is not None and bool(room_readings.live_among(conn, people.members(conn, room_id), live))


def _was_heard(conn: Connection, room_id: int, last: datetime, now: datetime, gap: timedelta) -> bool:
    """Whether somebody listened for longer than the gap after an event: else the silence is our own."""
    spans = coverage.live_spans(conn, [room_id]).get(room_id, [])
    return any(min(to_at, now) - max(from_at, last) > gap for from_at, to_at in spans)
