"""Keeps what follows from events in step with them: totals, follows, broadcasts, sessions, visits.

Events mostly come in order of time, and then only the end of what is known changes. One that comes late makes its
room's time be read again from the last broadcast that had surely ended before it, or was silent for long.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from mhc.domain.broadcasts import ACTIVITY, START, STOP, Broadcast, Mark, RoomState, after, fold
from mhc.domain.sessions import Origin, Span, stitch
from mhc.store import (
    follows,
    history,
    line_counts,
    message_words,
    pasted,
    payment_quarters,
    people,
    room_states,
    sessions,
    totals,
    visits,
)
from mhc.store.bulk import Batch
from mhc.store.events import NewEvent
from mhc.store.known import Known, look
from mhc.store.people import Role
from mhc.store.schema import event_method, room_state, stream
from mhc.store.streams import Kind, Stream

_PRESENCE = frozenset({"userEnter", "userLeave"})
SEEN_AS_VIEWER = ACTIVITY | _PRESENCE | {"privateMessage"}


def add(
    conn: Connection, source: Stream, new: Sequence[NewEvent], gap: timedelta, unseen: Iterable[datetime] = ()
) -> None:
    """Bring what is derived up to date after `new` was stored; `unseen` are the starts of new certain gaps."""
    batch = Batch(conn)
    add_known(batch, source, new, gap, unseen, look(batch, source.id, source.room_id, ()))
    batch.send()


def add_known(
    batch: Batch,
    source: Stream,
    new: Sequence[NewEvent],
    gap: timedelta,
    unseen: Iterable[datetime],
    stands: Known,
) -> None:
    """Do what `add` does, where it is known how the stream stood; the batch stores the events.

    Rows and rooms are locked in order of their ids, or two listeners that meet the same would wait for each other.
    """
    message_words.add(batch, source, new)
    if source.kind == Kind.PASTE:
        batch.send()  # what follows looks at what was stored
        pasted.settle(batch, source, new)
    if source.kind != Kind.LIVE:
        return
    totals.add(batch, source.room_id, new)
    line_counts.add(batch, source.room_id, new)
    payment_quarters.add(batch, source.room_id, new)
    follows.derive(batch, source.room_id, new)
    batch.add(*people.evidence(_viewers(source, new) - stands.viewers, Role.VIEWER))
    rooms = {n.room_id for n in new if n.room_id is not None} | ({source.room_id} if unseen else set())
    for room_id in sorted(rooms):
        mine = sorted((n for n in new if n.room_id == room_id), key=_in_order)
        marks = [Mark(n.at, n.event.method, n.actor_id) for n in mine]
        own = room_id == source.room_id
        if own and stands.locked:
            state = room_states.read(stands.room_state)
        else:
            sessions.lock(batch.conn, room_id)  # somebody may start or stop one by hand just now
            state = room_states.load(batch.conn, room_id)
        _add_marks(batch, room_id, state, marks, gap, set(unseen) if own else set())


def mend(conn: Connection, since: datetime) -> None:
    """Keep what a listener of an older version did not, which went on with the newer schema for a while."""
    payment_quarters.mend(conn, since)
    follows.mend(conn, since)


def _in_order(new: NewEvent) -> tuple[datetime, int, int, str]:
    one = new.event.id
    return new.at, one.ms, one.seq, one.text


def _viewers(source: Stream, new: Sequence[NewEvent]) -> set[int]:
    """Give who chatted, paid or came by under their name: viewers, but for the room's owner."""
    seen = {n.actor_id for n in new if n.event.method in SEEN_AS_VIEWER and not n.event.anonymous}
    return {who for who in seen if who is not None and who != source.room_id}


def restitch(
    conn: Connection, room_id: int, since: datetime, gap: timedelta, ended: datetime | None = None
) -> None:
    """Fit sessions and visits to a session that was made by hand, or ended at an instant."""
    closers = sessions.restitch(conn, room_id, since, gap) | ({ended} if ended is not None else set())
    if closers:
        visits.rederive(conn, room_id, visits.present(conn, room_id, closers), min(closers))


def _add_marks(
    batch: Batch, room_id: int, state: RoomState, marks: list[Mark], gap: timedelta, closers: set[datetime]
) -> None:
    late = [m for m in marks if state.last_at is not None and m.at <= state.last_at]
    if marks:
        closers = closers | _read_broadcasts(batch, room_id, state, late, marks[len(late) :], gap)
    moves = [m for m in marks if m.method in _PRESENCE and m.person is not None]
    ordinary = not closers and not any(m in moves for m in late)
    if ordinary and visits.append(batch, room_id, moves):
        return
    batch.send()  # what follows reads the events again
    moved = {m.person for m in moves if m.person is not None}
    moved |= visits.present(batch.conn, room_id, closers)
    visits.rederive(batch.conn, room_id, moved, min([*closers, *(m.at for m in moves)]))


def _read_broadcasts(
    batch: Batch, room_id: int, state: RoomState, late: list[Mark], marks: list[Mark], gap: timedelta
) -> set[datetime]:
    """Read marks into broadcasts and sessions; give the ends of sessions that came or went."""
    conn = batch.conn
    if late and not _change_nothing(conn, room_id, state, late, gap):
        batch.send()  # what follows reads the events again
        return _reread(conn, room_id, (late[0].at, (marks or late)[-1].at), gap)
    if not marks:
        return set()
    before = state
    state, ended = fold(state, marks, gap)
    batch.add(*room_states.saving(room_id, state))
    if not ended and state.shown == before.shown:
        return set()
    now = ended + ([state.shown] if state.shown else [])
    sessions.replace_broadcasts(conn, room_id, _standing(conn, room_id, before.shown), now)
    return sessions.restitch(conn, room_id, now[0].started_at, gap)


def _standing(conn: Connection, room_id: int, shown: Broadcast | None) -> list[int]:
    """Give the row of the broadcast that is not over for good, which may count as ended."""
    known = sessions.broadcasts(conn, room_id)
    if shown is None or shown.ended_at is None:
        return [row for row, b in known if b.ended_at is None]
    return [row for row, b in known if b.started_at == shown.started_at and b.end_inferred][-1:]


def _change_nothing(
    conn: Connection, room_id: int, state: RoomState, late: list[Mark], gap: timedelta
) -> bool:
    """Whether late marks all lie inside broadcasts that are known already."""
    if any(m.method in {START, STOP} for m in late):
        return False
    known = [b for _row, b in sessions.broadcasts(conn, room_id, late[0].at)]
    return all(any(_takes_in(b, m, state.heard_at, gap) for b in known) for m in late)


def _takes_in(one: Broadcast, mark: Mark, heard: datetime | None, gap: timedelta) -> bool:
    """Whether a mark lies in a broadcast that stays as it is with it."""
    if one.ended_at is None:
        return heard is not None and one.started_at < mark.at <= heard
    if not one.started_at < mark.at < one.ended_at:
        return False
    # A stop may have ended a silence: one event more, and a broadcast began in it that has the stop.
    may_part = one.ended_at - one.started_at > gap and not one.start_inferred and not one.end_inferred
    return not (may_part and mark.method in ACTIVITY)


def _reread(
    conn: Connection, room_id: int, came: tuple[datetime, datetime] | None, gap: timedelta
) -> set[datetime]:
    """Read a room's broadcasts again from the last one that was over, or silent, before what came (None: all of them).

    What follows a start does not depend on what was before it: broadcasts from the first one that was seen to start
    after all that came stay as they are.
    """
    stored = sessions.broadcasts(conn, room_id)
    known = [b for _row, b in stored]
    before, kept = (RoomState(), 0) if came is None else _state_before(known, came[0] - gap)
    stays = len(stored) if came is None else _first_start(known, came[1])
    until = stored[stays][1].started_at if stays < len(stored) else None
    state, ended = fold(before, _marks(conn, room_id, before.last_at, until), gap)
    state = state.known_from(known)
    new: list[Broadcast] = ended + ([state.shown] if state.shown and until is None else [])
    sessions.replace_broadcasts(conn, room_id, [row for row, _b in stored[kept:stays]], new)
    if until is None:
        batch = Batch(conn)
        batch.add(*room_states.saving(room_id, state))
        batch.send()
    return sessions.restitch(conn, room_id, known[kept - 1].started_at if kept else None, gap)


def _first_start(known: Sequence[Broadcast], after: datetime) -> int:
    """Give the place of the first broadcast later than an instant of which the start was seen, or their number."""
    starts = (place for place, b in enumerate(known) if b.started_at > after and not b.start_inferred)
    return next(starts, len(known))


def _state_before(known: Sequence[Broadcast], at: datetime) -> tuple[RoomState, int]:
    """Give the state of a room after a broadcast that had ended before an instant, and how many stay as they are.

    It is the last one whose end is not the next one's start; one that ended by silence may yet go on to a stop.
    """
    for place in range(len(known), 0, -1):
        one = known[place - 1]
        parted = place == len(known) or one.ended_at is None or known[place].started_at > one.ended_at
        if one.ended_at is not None and one.ended_at < at and parted:
            return after(one), place - one.end_inferred
    return RoomState(), 0


def _marks(
    conn: Connection, room_id: int, after: datetime | None, until: datetime | None = None
) -> Iterable[Mark]:
    """Give a room's marks after an instant, up to the start at another one."""
    names = {row.id: row.name for row in conn.execute(select(event_method.c.id, event_method.c.name))}
    for at, method_id, actor_id in conn.execute(history.marks_query(room_id, after, until)):
        yield Mark(at, names[method_id], actor_id)
        if at == until and names[method_id] == START:
            return


def rebuild(conn: Connection, room_id: int, gap: timedelta, since: datetime | None = None) -> None:
    """Derive a room anew from all its events, or what lasted at an instant and came after it.

    Changes nothing where everything is right.
    """
    sessions.lock(conn, room_id)
    if since is not None:
        closers = _reread_since(conn, room_id, since, gap)
        moved = visits.everyone(conn, room_id, since) | visits.present(conn, room_id, closers)
        visits.rederive(conn, room_id, moved, min([since, *closers]))
        return
    conn.execute(delete(room_state).where(room_state.c.room_id == room_id))
    _reread(conn, room_id, None, gap)
    visits.rederive(conn, room_id, visits.everyone(conn, room_id), None)


def _reread_since(conn: Connection, room_id: int, since: datetime, gap: timedelta) -> set[datetime]:
    """Read the broadcasts again that lasted at an instant or came after it; give the ends that came or went.

    It is read from the last one that was over, or silent, before it, so that they begin where they do; others stay.
    """
    stored = sessions.broadcasts(conn, room_id)
    before, _kept = _state_before([b for _row, b in stored], since - gap)
    state, ended = fold(before, _marks(conn, room_id, before.last_at), gap)
    state = state.known_from([b for _row, b in stored])
    new = [b for b in [*ended, *([state.shown] if state.shown else [])] if _lasts_until(b, since)]
    times = [Span(b.started_at, b.ended_at) for b in new]
    gone = [
        (row, b)
        for row, b in stored
        if _lasts_until(b, since) or any(Span(b.started_at, b.ended_at).shares(one) for one in times)
    ]
    sessions.replace_broadcasts(conn, room_id, [row for row, _b in gone], new)
    batch = Batch(conn)
    batch.add(*room_states.saving(room_id, state))
    batch.send()
    first = min([since, *(b.started_at for b in new), *(b.started_at for _row, b in gone)])
    return sessions.restitch(conn, room_id, first, gap)


def _lasts_until(one: Broadcast, at: datetime) -> bool:
    return one.ended_at is None or one.ended_at >= at


def rooms(conn: Connection) -> list[int]:
    """Give the rooms of which something is derived."""
    listened = select(stream.c.room_id).where(stream.c.kind == "live").distinct()
    said = select(room_state.c.room_id)
    return sorted({*conn.execute(listened).scalars(), *conn.execute(said).scalars()})


def differs(conn: Connection, room_id: int, gap: timedelta) -> bool:
    """Whether what is derived of a room is not what its events say. Writes nothing."""
    state, known = fold(RoomState(), _marks(conn, room_id, None), gap)
    shown = [b for _row, b in sessions.broadcasts(conn, room_id)]
    state = state.known_from(shown)
    known += [state.shown] if state.shown else []
    if shown != known:
        return True
    if room_states.load(conn, room_id).silent != state.silent:
        return True
    stored = sessions.of_room(conn, room_id)
    by_hand = [s.span for s in stored if s.origin != Origin.EVENTS]
    groups, _taken = stitch([Span(b.started_at, b.ended_at) for b in known], by_hand, gap)
    if [s.span for s in stored if s.origin == Origin.EVENTS] != [g.span for g in groups]:
        return True
    return visits.differ(conn, room_id)
