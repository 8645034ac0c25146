"""Who belongs to a segment, beside what is counted the slow way."""

from collections import defaultdict
from datetime import UTC, datetime

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from factories import DAY, ROOM, empty, happening, minute, show, store, tip
from mhc.domain.clock import to_ms
from mhc.domain.regulars import Habit
from mhc.domain.sessions import FAR, Calendar
from mhc.store import people, regulars, schema, segments, sessions, visits
from mhc.store.database import Database
from mhc.store.segments import Range
from mhc.store.streams import Kind

steps = st.lists(
    st.tuples(
        st.sampled_from([1, 10, 40, 300]),
        st.sampled_from(["broadcastStart", "broadcastStop", "userEnter", "userLeave"]),
        st.sampled_from(["viewer_one", "viewer_two", "viewer_three"]),
    ),
    max_size=60,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, cut=st.integers(0, 3000))
def test_regulars_are_those_whom_a_calendar_of_sessions_counts(
    module_database: Database, steps: list[tuple[int, str, str]], cut: int
) -> None:
    at, items = 0, []
    for pause, method, who in steps:
        at += pause
        items.append(happening(at, method, who if method.startswith("user") else None))
    with module_database.write() as conn:
        empty(conn)
        store(conn, items)
        for wanted in (
            Range(None, None, None),
            Range(None, None, minute(cut)),
            Range(None, minute(cut), None),
        ):
            found = conn.execute(regulars.regulars(conn, wanted).alone).scalars()
            assert sorted(found) == counted(conn, wanted)


viewers = st.sets(st.sampled_from(["viewer_one", "viewer_two", "viewer_three"]))
nights = st.lists(st.tuples(viewers, viewers, viewers), min_size=Habit().often + 1, max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    nights=nights,
    day=st.integers(Habit().often, 5),
    at=st.sampled_from([-60, -15, 0, 30, 92]),
    lasts=st.integers(1, 3 * DAY),
)
def test_who_lapsed_came_to_no_session_since_however_often_while_the_room_was_dark(
    module_database: Database,
    nights: list[tuple[set[str], set[str], set[str]]],
    day: int,
    at: int,
    lasts: int,
) -> None:
    items, cut = [], day * DAY + at
    for night, (came, early, late) in enumerate(nights):
        begin = night * DAY
        items += [happening(begin - 30, "userEnter", who) for who in sorted(early)]
        items += show(night, *sorted(came))
        items += [happening(begin + 90, "userEnter", who) for who in sorted(late)]
        items += [happening(begin + 95, "userLeave", who) for who in sorted(late)]
    with module_database.write() as conn:
        empty(conn)
        store(conn, items)
        for until in (None, minute(cut + lasts)):
            wanted = Range(None, minute(cut), until)
            since = {who for places in visited(conn, wanted) for who in places}
            gone = set(counted(conn, Range(None, None, minute(cut)))) - since
            assert set(regulars.lapsed(conn, wanted).alone) == gone


tips = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.sampled_from(["viewer_one", "viewer_two"]),
        st.booleans(),
        st.sampled_from([ROOM, None, "other_room"]),
    ),
    max_size=10,
)
edge = st.sampled_from([None, 3, 4, 5, 6, 7])
apart = st.sampled_from([1, 10 * DAY, 30 * DAY, 300 * DAY, 630 * DAY])  # minutes from one place to the next


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_tips=tips, since=edge, until=edge, apart=apart, reveal=st.booleans(), everywhere=st.booleans())
@example(
    given_tips=[(n, "viewer_one", False, ROOM) for n in (0, 9)]
    + [(n, "viewer_two", n == 4, None) for n in (0, 4, 5, 9)],
    since=4,
    until=5,
    apart=1,
    reveal=False,
    everywhere=False,
)
@example(
    given_tips=[(n, "viewer_two", False, None) for n in (0, 4, 9)],
    since=4,
    until=5,
    apart=1,
    reveal=False,
    everywhere=False,
)
@example(  # in whole months, anonymously
    given_tips=[(n, "viewer_one", True, ROOM) for n in (0, 4, 9)],
    since=3,
    until=6,
    apart=30 * DAY,
    reveal=True,
    everywhere=False,
)
@example(  # 1,890 days after the first is a month with the same bit
    given_tips=[(n, "viewer_one", False, ROOM) for n in (2, 8)],
    since=4,
    until=7,
    apart=630 * DAY,
    reveal=False,
    everywhere=False,
)
def test_tippers_of_a_time_are_those_who_tipped_in_it(
    module_database: Database,
    given_tips: list[tuple[int, str, bool, str | None]],
    since: int | None,
    until: int | None,
    apart: int,
    reveal: bool,
    everywhere: bool,
) -> None:
    with module_database.write() as conn:
        empty(conn)
        when = [(at - 10) * apart for at in range(11)]  # all of it in the past
        store(conn, [tip(when[at], who, 5, anonymous=hid, room=room) for at, who, hid, room in given_tips])
        store(conn, [tip(when[at], "viewer_four", 5) for at in range(9)], kind=Kind.TESTBED, page=9)
        ids = people.ids_of(conn, people.usernames(conn))
        rooms = None if everywhere else [ids[ROOM]]
        begin, end = (None if at is None else minute(when[at]) for at in (since, until))
        expected = {
            ids[who]
            for at, who, hid, room in given_tips
            if (since or 0) <= at < (10 if until is None else until)
            and (reveal or not hid)
            and (everywhere or room != "other_room")
        }
        for among in (None, list(ids.values())):
            found = segments.tippers(conn, Range(rooms, begin, end, among), reveal=reveal)
            assert set(conn.execute(found.alone).scalars()) == expected
            rows = select(schema.person.c.id).where(found.holds(schema.person.c.id))
            assert set(conn.execute(rows).scalars()) == expected


def counted(conn: Connection, wanted: Range) -> list[int]:
    """Count the slow way who came to at least 3 of the last 10 sessions."""
    rooms = visited(conn, wanted, Habit().of_sessions)
    return sorted(who for came in rooms for who, places in came.items() if len(places) >= Habit().often)


def visited(conn: Connection, wanted: Range, last: int = 0) -> list[dict[int, set[int]]]:
    """Give by room who came to which of the (last) sessions that began in a range."""
    rooms = []
    begin, end = wanted.since or datetime.min.replace(tzinfo=UTC), wanted.until or FAR
    for room_id, found in sessions.spans(conn, None).items():
        calendar = Calendar([span for _id, span in found if begin <= span.started_at < end][-last:], FAR)
        came: dict[int, set[int]] = defaultdict(set)
        for who, one in visits.of_room(conn, room_id, None, FAR):
            left = FAR if one.ending == "open" else one.left_at or one.known_from
            came[who] |= set(calendar.touched(to_ms(one.known_from), to_ms(left)))
        rooms.append({who: places for who, places in came.items() if places})
    return rooms
