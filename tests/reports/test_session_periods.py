"""The figures of many sessions, counted by the database, against those that are counted event by event."""

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

import factories
from factories import Item, cover, empty, happening, minute, tip
from mhc.domain.broadcasts import MERGE_GAP
from mhc.domain.periods import By, Clock
from mhc.reports import one_session, session_periods, session_tally, sessions
from mhc.reports.frame import Crowd
from mhc.reports.session_periods import Report
from mhc.reports.sessions import Asked
from mhc.store import identity, people, schema, talk, watchlists
from mhc.store.counting import Scope
from mhc.store.database import Database
from mhc.store.sessions import Session, list_all
from reports.test_sessions import item

PEOPLE = ("viewer_one", "viewer_two", "viewer_three", "viewer_four", factories.ROOM)
WHATS = (
    "start",
    "stop",
    "enter",
    "leave",
    "chat",
    "follow",
    "unfollow",
    "tip",
    "anonymous tip",
    "media",
    "roomless",
)
NOW = minute(100_000)
CLOCK = Clock(UTC)
ALIKE = ("tokens", "tips", "tippers", "messages", "unique_visitors", "new_followers", "coverage", "duration")

one_step = st.tuples(
    st.sampled_from([0, 1, 5, 29, 40, 400, 3000]),
    st.sampled_from(WHATS),
    st.sampled_from(PEOPLE),
    st.integers(1, 99),
)


def step(at: float, what: str, who: str, tokens: int) -> Item:
    if what == "roomless":
        return tip(at, who, tokens, room=None)
    return happening(at, what, who) if what == "unfollow" else item(at, what, who, tokens)


def report(conn: Connection, now: datetime = NOW, scope: Scope | None = None) -> Report:
    asked = Asked(now, MERGE_GAP)
    return session_periods.read(conn, scope or Scope(), asked, CLOCK)


def merge(conn: Connection, keep: str, other: str) -> None:
    ids = people.ensure(conn, [keep, other], source="manual", at=minute(0))
    identity.merge(conn, ids[keep], [ids[other]], at=minute(0))


def exclude(conn: Connection, name: str) -> None:
    ids = people.ensure(conn, [name], source="manual", at=minute(0))
    excluded = watchlists.find(conn, schema.EXCLUDED)
    assert excluded is not None
    watchlists.add(conn, excluded.id, [ids[name]], at=minute(0), note=None)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(one_step, max_size=50),
    covered=st.lists(st.tuples(st.integers(-50, 5000), st.integers(1, 900)), max_size=4),
    merged=st.booleans(),
    excluded=st.sampled_from([None, *PEOPLE]),
    later=st.integers(0, 100),
)
@example(  # one who was never seen to come, one who stays from before, and one who has gone by then
    steps=[
        (0, "enter", "viewer_two", 1),
        (1, "enter", "viewer_three", 1),
        (5, "leave", "viewer_three", 1),
        (5, "start", "viewer_one", 1),
        (5, "leave", "viewer_one", 1),
        (5, "stop", "viewer_one", 1),
        (40, "leave", "viewer_four", 1),
    ],
    covered=[],
    merged=False,
    excluded=None,
    later=0,
)
@example(  # who is there when a session begins, at that very moment
    steps=[(0, "enter", "viewer_one", 1), (1, "start", "viewer_one", 1)],
    covered=[],
    merged=False,
    excluded="viewer_one",
    later=0,
)
def test_figures_are_those_of_each_session_alone(
    module_database: Database,
    steps: list[tuple[int, str, str, int]],
    covered: list[tuple[int, int]],
    merged: bool,
    excluded: str | None,
    later: int,
) -> None:
    at, told = 0, []
    for pause, what, who, tokens in steps:
        at += pause
        told.append(step(at, what, who, tokens))
    now = minute(at + later)
    with module_database.write() as conn:
        empty(conn)
        factories.store(conn, told)
        for begin, length in covered:
            cover(conn, begin, begin + length)
        if merged:
            merge(conn, "viewer_one", "viewer_two")
        if excluded is not None:
            exclude(conn, excluded)
        known = list_all(conn)
        found = report(conn, now)
        asked = Asked(now, MERGE_GAP)
        listed = sessions.read(conn, known, asked).rows
        for one, row, line in zip(known, found.sessions, listed, strict=True):
            alone = one_session.read(conn, one, asked)
            assert line == alone.row
            assert figures_of(row.figures) == figures_of(alone.row)
            assert whole_of(row.figures) == whole_of(alone.figures)
        assert_people_count_once(conn, known, found, now)


def figures_of(row: object) -> dict[str, object]:
    return {name: getattr(row, name) for name in ALIKE}


def whole_of(row: object) -> list[object]:
    return [getattr(row, name) for name in ("live", "tokens_per_hour", "unfollows", "net_followers")]


def assert_people_count_once(
    conn: Connection, known: Sequence[Session], found: Report, now: datetime
) -> None:
    """Compare who came, tipped and followed in the weeks and in all with who did by the tally of each session."""
    crowd = Crowd(conn, include_excluded=False)
    if not known:
        assert (found.weeks, found.excluded) == ([], 0)
        return
    tallies = session_tally.read(conn, known[0].room_id, known[::-1], crowd, now, (*talk.COUNTED, "unfollow"))
    assert found.excluded == len(crowd.left_out)
    weeks = sorted({CLOCK.period(one.started_at, By.WEEK) for one in known}, reverse=True)
    assert [row.period for row in found.weeks] == weeks
    groups = [
        (row.figures, [s for s in known if CLOCK.period(s.started_at, By.WEEK) == row.period])
        for row in found.weeks
    ]
    assert found.totals is not None
    for figures, members in [*groups, (found.totals, known)]:
        of = [tallies[one.id] for one in members]
        did = [pair for tally in of for pair in tally.people.items()]
        assert figures.sessions == len(of)
        assert figures.tippers == len({who for who, doing in did if doing.tips})
        assert figures.unique_visitors == len({who for who, doing in did if doing.visits})
        assert figures.new_followers == len({who for who, doing in did if doing.follows})
        assert figures.tokens == sum(who.tokens for tally in of for who in tally.everyone)
