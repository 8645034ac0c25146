"""Hand-made timelines: what a room's events make of broadcasts, sessions and visits, worked out on paper.

Minutes count from 18:00 UTC; a drop is a pause between a stop and the next start. An open end is None.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select

import factories
from factories import ROOM, T0, Item, chat, cover, happening, minute, private, tip
from mhc.cli.session.markdown import label
from mhc.cli.table import local
from mhc.domain.broadcasts import MERGE_GAP
from mhc.domain.periods import Clock
from mhc.domain.sessions import Span
from mhc.reports import session_periods
from mhc.reports import sessions as figures
from mhc.store import coverage, derived, people, rebuilding, schema, session_edits, sessions, silence, streams
from mhc.store.counting import Scope
from mhc.store.database import Database
from mhc.store.session_edits import Typed
from mhc.store.streams import Kind

SECOND, MS = 1 / 60, 1 / 60_000
DAY = 24 * 60
ONE, TWO, THREE = "viewer_one", "viewer_two", "viewer_three"
NOW = minute(400 * DAY)


def start(at: float, room: str = ROOM) -> Item:
    return happening(at, "broadcastStart", room=room)


def stop(at: float, room: str = ROOM) -> Item:
    return happening(at, "broadcastStop", room=room)


def enter(at: float, who: str = ONE) -> Item:
    return happening(at, "userEnter", who)


def leave(at: float, who: str = ONE) -> Item:
    return happening(at, "userLeave", who)


def on(begin: float, end: float) -> list[Item]:
    """Give a broadcast in which somebody says something every 20 minutes."""
    said = [chat(at, THREE) for at in range(int(begin) + 1, int(end), 20) if begin < at < end]
    return [start(begin), *said, stop(end)]


def talk(begin: float, count: int, who: Sequence[str] = (ONE, TWO), every: float = 5) -> list[Item]:
    return [chat(begin + place * every, who[place % len(who)]) for place in range(count)]


Ends = tuple[float, float | None]


@dataclass(frozen=True)
class Timeline:
    """What happened, and what is to be known of it; `also` does more with the room before one looks."""

    name: str
    items: list[Item]
    sessions: list[Ends]
    broadcasts: list[tuple[float, float | None, str]] | None = None  # the word says what is inferred
    visits: list[tuple[str, float | None, float | None, str]] | None = None
    also: Callable[[Connection, int], object] = lambda _conn, _room: None
    row: dict[str, Any] = field(default_factory=dict)  # of the first session


def by_hand(begin: float, end: float | None) -> Callable[[Connection, int], object]:
    return lambda conn, room: session_edits.add(
        conn, room, Span(minute(begin), None if end is None else minute(end)), Typed(), MERGE_GAP
    )


def silent_at(at: float) -> Callable[[Connection, int], object]:
    return lambda conn, room: silence.end_silent(conn, room, minute(at), MERGE_GAP)


def unseen(at: float) -> Callable[[Connection, int], object]:
    def gap(conn: Connection, _room: int) -> None:
        source = streams.ensure(conn, ROOM, Kind.LIVE, "testserver", T0)
        coverage.add_gap(conn, source.id, minute(at), minute(at + 5), cause="away", certain=True)
        derived.add(conn, source, [], MERGE_GAP, [minute(at)])

    return gap


TIMELINES = [
    Timeline("a show", on(0, 60), [(0, 60)], [(0, 60, "")], row={"messages": 3}),
    Timeline("a drop of 5 seconds", [*on(0, 20), *on(20 + 5 * SECOND, 40)], [(0, 40)],
             [(0, 20, ""), (20 + 5 * SECOND, 40, "")]),
    Timeline("a drop of 5 minutes", [*on(0, 20), *on(25, 45)], [(0, 45)], [(0, 20, ""), (25, 45, "")]),
    Timeline("a drop of 45 minutes", [*on(0, 20), *on(65, 85)], [(0, 20), (65, 85)], [(0, 20, ""), (65, 85, "")]),
    Timeline("a drop of just the gap", [*on(0, 20), *on(50, 70)], [(0, 70)]),
    Timeline("a drop a millisecond longer", [*on(0, 20), *on(50 + MS, 70)], [(0, 20), (50 + MS, 70)]),
    Timeline("three with short pauses are one", [*on(0, 20), *on(45, 60), *on(85, 100)], [(0, 100)]),
    Timeline("a stop that nobody saw, and a start the next day", [start(0), chat(10, ONE), *on(DAY, DAY + 20)],
             [(0, 10 + MS), (DAY, DAY + 20)], [(0, 10 + MS, "end"), (DAY, DAY + 20, "")]),
    Timeline("a stop that nobody saw, and nothing more", [start(0), chat(10, ONE)], [(0, 10 + MS)],
             [(0, 10 + MS, "end")], also=silent_at(41)),
    Timeline("the last event that was heard is in", [start(0), tip(5, ONE, 25), tip(6, TWO, 600)], [(0, 6 + MS)],
             also=silent_at(41), row={"tokens": 625, "tips": 2, "tippers": 2}),
    Timeline("the last event that was heard before the next show is in",
             [start(0), tip(5, ONE, 25), tip(6, TWO, 600), *on(60, 80)], [(0, 6 + MS), (60, 80)], row={"tokens": 625}),
    Timeline("a stop after a silence",
             [start(0), tip(5, ONE, 25), chat(55, TWO), tip(58, TWO, 100), stop(60)], [(0, 60)], [(0, 60, "")],
             row={"tokens": 125, "tips": 2, "tippers": 2, "messages": 1, "duration": timedelta(minutes=60)}),
    Timeline("a stop after two silences", [start(0), tip(5, ONE, 25), enter(50, TWO), tip(99, TWO, 100), stop(140)],
             [(0, 140)], [(0, 140, "")], visits=[(TWO, 50, 140, "inferred")], row={"tokens": 125}),
    Timeline("a stop after a quiet night",
             [start(0), *(chat(at, ONE) for at in range(35, 420, 38)), tip(300, ONE, 1000), stop(425)], [(0, 425)],
             [(0, 425, "")], row={"tokens": 1000, "tippers": 1, "messages": 11}),
    Timeline("a stop after nothing", [start(0), stop(90)], [(0, 90)], [(0, 90, "")]),
    Timeline("a stop of another day", [start(0), tip(5, ONE, 25), stop(5 + 361)], [(0, 5 + MS)]),
    Timeline("a stop after six hours", [start(0), tip(5, ONE, 25), stop(5 + 360)], [(0, 5 + 360)]),
    Timeline("a silence, and no stop yet", [start(0), tip(5, ONE, 25), tip(58, TWO, 100)], [(0, 5 + MS)],
             [(0, 5 + MS, "end")], row={"tokens": 25}),
    Timeline("a silence before a second start", [start(0), tip(5, ONE, 25), tip(50, TWO, 100), start(55), stop(60)],
             [(0, 5 + MS), (55, 60)], [(0, 5 + MS, "end"), (55, 60, "")], row={"tokens": 25}),
    Timeline("a stop after a silence in which a broadcast began that nobody saw to start",
             [start(0), tip(5, ONE, 25), *talk(50, 5, every=1), stop(60)], [(0, 5 + MS), (50, 60)],
             [(0, 5 + MS, "end"), (50, 60, "start")], row={"tokens": 25}),
    Timeline("a stop after a silence, and a start soon after", [start(0), tip(5, ONE, 25), stop(60), *on(70, 80)],
             [(0, 80)], [(0, 60, ""), (70, 80, "")], row={"tokens": 25}),
    Timeline("a second stop", [start(0), tip(5, ONE, 25), stop(60), stop(70)], [(0, 60)], [(0, 60, "")]),
    Timeline("talk after a silence and a stop is the room emptying",
             [start(0), chat(5, ONE), stop(60), *talk(61, 9, every=1)], [(0, 60)], [(0, 60, "")]),
    Timeline("a second start closes the first", [start(0), chat(5, ONE), start(10), chat(12, ONE), stop(20)], [(0, 20)],
             [(0, 10, "end"), (10, 20, "")]),
    Timeline("a stop without a start", [chat(0, ONE), stop(5)], [], []),
    Timeline("a start that nobody saw", [*talk(0, 5), stop(25)], [(0, 25)], [(0, 25, "start")]),
    Timeline("a listener who came late, and a stop that nobody saw", [enter(-9), *talk(0, 8)], [(0, 35 + MS)],
             [(0, 35 + MS, "start and end")], [(ONE, -9, 35 + MS, "inferred")], also=silent_at(66)),
    Timeline("four lines are no show", [*talk(0, 4), stop(25)], [], []),
    Timeline("one who talks alone is no show", [*talk(0, 9, [ONE])], [], []),
    Timeline("talk with long pauses is no show", talk(0, 9, every=31), [], []),
    Timeline("people who come by are no show", [enter(0), leave(5), private(6, TWO, ROOM, "hi"), enter(7, TWO), *[
             private(8 + n, TWO, ROOM, "hi") for n in range(9)]], [], [], [(ONE, 0, 5, "left"), (TWO, 7, None, "open")]),
    Timeline("talk after the stop is the room emptying", [*on(0, 20), *talk(21, 9, every=1)], [(0, 20)], [(0, 20, "")]),
    Timeline("talk long after the stop is a show", [*on(0, 20), *talk(51, 5, every=1), stop(60)], [(0, 20), (51, 60)],
             [(0, 20, ""), (51, 60, "start")]),
    Timeline("one that lasts", [start(0), chat(10, ONE)], [(0, None)], [(0, None, "")], row={"state": "live"}),
    Timeline("a session by hand parts what lies around it", [*on(0, 20), *on(40, 60)], [(0, 20), (25, 35), (40, 60)],
             also=lambda conn, room: part(conn, room, 25, 35)),
    Timeline("a session by hand takes in what begins within it", [*on(50, 70)], [(0, 60)], [(50, 70, "")],
             also=lambda conn, room: part(conn, room, 0, 60)),
    Timeline("where one ends another begins", [*on(0, 20)], [(-30, 0), (0, 20), (20, 30)],
             also=lambda conn, room: (by_hand(-30, 0)(conn, room), by_hand(20, 30)(conn, room))),
    Timeline("across midnight", [*on(330, 400)], [(330, 400)], row={"duration": timedelta(minutes=70)}),
    Timeline("a range is half open", [tip(-MS, ONE, 1), start(0), tip(0, ONE, 2), tip(10 - MS, ONE, 4), tip(10, ONE, 8),
             stop(10)], [(0, 10)], row={"tokens": 6, "tips": 2}),
    Timeline("who comes twice", [start(0), enter(1), enter(5), leave(9), stop(10)], [(0, 10)],
             visits=[(ONE, 1, 5, "inferred"), (ONE, 5, 9, "left")], row={"unique_visitors": 1}),
    Timeline("who leaves and never came", [start(0), leave(5), stop(10)], [(0, 10)], visits=[(ONE, None, 5, "left")],
             row={"unique_visitors": 1}),
    Timeline("who stays to the end", [enter(-5), start(0), enter(5, TWO), stop(10)], [(0, 10)],
             visits=[(ONE, -5, 10, "inferred"), (TWO, 5, 10, "inferred")], row={"unique_visitors": 2}),
    Timeline("who stays through a drop", [start(0), enter(5), stop(10), start(10 + 5 * SECOND), leave(15), stop(20)],
             [(0, 20)], visits=[(ONE, 5, 15, "left")], row={"unique_visitors": 1}),
    Timeline("who was there when nobody looked any more", [start(0), enter(5), chat(20, TWO), stop(30)], [(0, 30)],
             visits=[(ONE, 5, None, "unknown")], also=unseen(10), row={"unique_visitors": 1}),
    Timeline("who comes and goes in the dark", [enter(-60), leave(-50), start(0), stop(10), enter(20), leave(30)],
             [(0, 10)], visits=[(ONE, -60, -50, "left"), (ONE, 20, 30, "left")], row={"unique_visitors": 0}),
    Timeline("two rooms at once", [start(0), start(5, "other_room"), chat(6, ONE), stop(10), stop(25, "other_room")],
             [(0, 10)], [(0, 10, "")]),
]  # fmt: skip


def part(conn: Connection, room: int, begin: float, end: float) -> None:
    """Make a session by hand in a time that automatic ones have: as a start and a stop in it would have."""
    session_edits._insert(conn, room, Span(minute(begin), minute(end)), Typed())
    derived.restitch(conn, room, minute(begin), MERGE_GAP, minute(end))


def ends(begin: datetime | None, end: datetime | None) -> tuple[Any, Any]:
    def number(at: datetime | None) -> Any:
        return None if at is None else pytest.approx((at - T0) / timedelta(minutes=1), abs=MS / 10)

    return number(begin), number(end)


@pytest.mark.parametrize("timeline", TIMELINES, ids=lambda one: one.name)
def test_a_timeline_makes_what_was_worked_out(database: Database, timeline: Timeline) -> None:
    with database.write() as conn:
        factories.store(conn, timeline.items)
        room = people.ids_of(conn, [ROOM])[ROOM]
        timeline.also(conn, room)
        found = sessions.of_room(conn, room)
        assert timeline.sessions == [ends(one.started_at, one.ended_at) for one in found]
        if timeline.broadcasts is not None:
            known = [b for _id, b in sessions.broadcasts(conn, room)]
            words = {
                (False, False): "",
                (True, False): "start",
                (False, True): "end",
                (True, True): "start and end",
            }
            assert timeline.broadcasts == [
                (*ends(b.started_at, b.ended_at), words[b.start_inferred, b.end_inferred]) for b in known
            ]
        if timeline.visits is not None:
            assert timeline.visits == visits(conn, room)
        if timeline.row:
            rows = figures.read(conn, found, figures.Asked(NOW, MERGE_GAP)).rows
            assert timeline.row == {name: getattr(rows[0], name) for name in timeline.row}
        report = session_periods.read(conn, Scope([room]), figures.Asked(NOW, MERGE_GAP), Clock(UTC))
        mine = [one.session for one in report.sessions[::-1] if one.session is not None]
        assert timeline.sessions == [ends(one.started_at, one.ended_at) for one in mine]
        again = rebuilding.rebuild(conn, room, None, MERGE_GAP)
        assert (again.changed, again.broadcasts, again.visits) == (0, 0, 0)
        assert not derived.differs(conn, room, MERGE_GAP)


def visits(conn: Connection, room: int) -> list[Any]:
    v = schema.visit.c
    query = select(schema.person.c.username, v.entered_at, v.left_at, v.ending)
    query = query.join(schema.person, schema.person.c.id == v.person_id).where(v.room_id == room)
    rows = sorted(conn.execute(query), key=lambda row: (row.entered_at or row.left_at, row.username))
    return [(row.username, *ends(row.entered_at, row.left_at), row.ending) for row in rows]


def test_two_rooms_have_sessions_of_their_own(database: Database) -> None:
    with database.write() as conn:
        factories.store(conn, on(0, 60))
        factories.store(
            conn,
            [
                happening(30, "broadcastStart", room="other_room"),
                happening(50, "broadcastStop", room="other_room"),
            ],
            room="other_room",
        )
        cover(conn, 0, 30)
        found = {
            row.room: (row.started_at, row.ended_at, row.messages, row.coverage)
            for row in figures.read(conn, sessions.list_all(conn), figures.Asked(NOW, MERGE_GAP)).rows
        }
    assert found == {
        ROOM: (minute(0), minute(60), 3, 0.5),
        "other_room": (minute(30), minute(50), 0, None),
    }


def test_a_range_that_ends_where_a_session_begins_does_not_hold_it(database: Database) -> None:
    with database.write() as conn:
        factories.store(conn, [*on(0, 20), *on(65, 85)])

        def held(since: float, until: float) -> list[float]:
            found = sessions.list_all(conn, since=minute(since), until=minute(until))
            return [(one.started_at - T0) / timedelta(minutes=1) for one in found]

        assert held(-10, 0) == []
        assert held(-10, MS) == [0]
        assert held(20 - MS, 30) == [0]
        assert held(20, 65) == []
        assert held(0, 66) == [65, 0]


# From when to when in UTC; the zone; how long; from when to when there; how the summary calls it.
DAYS = [
    (
        "2026-03-28T23:30",
        "2026-03-29T03:00",
        "Europe/Berlin",
        210,
        "00:30",
        "05:00",
        "2026-03-29",
    ),  # an hour is missing
    (
        "2026-10-24T23:30",
        "2026-10-25T02:00",
        "Europe/Berlin",
        150,
        "01:30",
        "03:00",
        "2026-10-25",
    ),  # one comes twice
    ("2026-10-24T23:30", "2026-10-25T02:00", "UTC", 150, "23:30", "02:00", "2026-10-24/25"),
    ("2026-03-08T06:30", "2026-03-08T07:30", "America/New_York", 60, "01:30", "03:30", "2026-03-08"),
    ("2026-11-01T05:15", "2026-11-01T06:45", "America/New_York", 90, "01:15", "01:45", "2026-11-01"),
    ("2026-01-01T18:00", "2026-01-01T19:00", "Asia/Kolkata", 60, "23:30", "00:30", "2026-01-01/02"),
    ("2026-01-01T18:00", "2026-01-01T19:00", "UTC", 60, "18:00", "19:00", "2026-01-01"),
    (
        "2026-04-04T14:45",
        "2026-04-04T15:30",
        "Australia/Lord_Howe",
        45,
        "01:45",
        "02:00",
        "2026-04-05",
    ),  # half an hour
    ("2026-02-28T22:00", "2026-03-01T01:00", "UTC", 180, "22:00", "01:00", "2026-02-28/01"),
    ("2026-12-31T22:00", "2027-01-01T01:00", "UTC", 180, "22:00", "01:00", "2026-12-31/01"),
]


@pytest.mark.parametrize(("begin", "end", "zone", "minutes", "shown_from", "shown_to", "days"), DAYS)
def test_a_session_in_a_zone(
    database: Database,
    begin: str,
    end: str,
    zone: str,
    minutes: int,
    shown_from: str,
    shown_to: str,
    days: str,
) -> None:
    tz = ZoneInfo(zone)
    at = [(datetime.fromisoformat(f"{text}Z") - T0) / timedelta(minutes=1) for text in (begin, end)]
    with database.write() as conn:
        factories.store(conn, on(*at))
        (row,) = figures.read(
            conn, sessions.list_all(conn), figures.Asked(NOW + timedelta(days=400), MERGE_GAP)
        ).rows
    assert row.ended_at is not None
    assert row.duration == timedelta(minutes=minutes)
    assert [local(one, tz)[-5:] for one in (row.started_at, row.ended_at)] == [shown_from, shown_to]
    assert label(None, row.started_at, row.ended_at, tz) == f"S: {days} Stream \u2013 Unknown"
