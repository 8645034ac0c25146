"""The figures of sessions, against what a plain count over all events says."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

import factories
from factories import Item, chat, cover, empty, happening, media, minute, tip
from mhc.domain.broadcasts import MERGE_GAP
from mhc.reports import sessions
from mhc.reports.sessions import Asked, Row
from mhc.store import schema
from mhc.store.database import Database
from mhc.store.sessions import list_all

NOW = minute(10_000)
PEOPLE = ("viewer_one", "viewer_two", "viewer_three")

one_step = st.tuples(
    st.sampled_from([0, 1, 5, 29, 40]),
    st.sampled_from(["start", "stop", "enter", "leave", "chat", "follow", "tip", "anonymous tip", "media"]),
    st.sampled_from(PEOPLE),
    st.integers(1, 99),
)


def item(at: float, what: str, who: str, tokens: int) -> Item:
    makers = {
        "start": lambda: happening(at, "broadcastStart"),
        "stop": lambda: happening(at, "broadcastStop"),
        "enter": lambda: happening(at, "userEnter", who),
        "leave": lambda: happening(at, "userLeave", who),
        "follow": lambda: happening(at, "follow", who),
        "chat": lambda: chat(at, who),
        "tip": lambda: tip(at, who, tokens),
        "anonymous tip": lambda: tip(at, who, tokens, anonymous=True),
        "media": lambda: media(at, who, tokens),
    }
    return makers[what]()


def figures(conn: Connection, *, now: datetime = NOW, include_excluded: bool = False) -> list[Row]:
    asked = Asked(now, MERGE_GAP, include_excluded=include_excluded)
    return list(sessions.read(conn, list_all(conn), asked).rows)


def visitors(conn: Connection, row: Row) -> int:
    """Count who was there, by looking at every visit."""
    end, v = row.ended_at or NOW, schema.visit.c
    there = set()
    for who, entered, left, ending in conn.execute(select(v.person_id, v.entered_at, v.left_at, v.ending)):
        begin = entered or left
        finish = NOW if ending == "open" else left or begin
        if begin < end and (finish > row.started_at or begin >= row.started_at):
            there.add(who)
    return len(there)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(one_step, max_size=40))
def test_figures_are_what_the_events_say(
    module_database: Database, steps: list[tuple[int, str, str, int]]
) -> None:
    at, told = 0, []
    for pause, what, who, tokens in steps:
        at += pause
        told.append((at, what, who, tokens))
    with module_database.write() as conn:
        empty(conn)
        factories.store(conn, [item(*one) for one in told])
        for row in figures(conn):
            end = row.ended_at or NOW
            inside = [one for one in told if row.started_at <= minute(one[0]) < end]
            tips = [one for one in inside if one[1] in {"tip", "anonymous tip"}]
            paid = [*tips, *(one for one in inside if one[1] == "media")]
            assert row.tokens == sum(one[3] for one in paid)
            assert (row.tips, row.tippers) == (len(tips), len({one[2] for one in tips if one[1] == "tip"}))
            assert row.messages == sum(one[1] == "chat" for one in inside)
            assert row.new_followers == len({one[2] for one in inside if one[1] == "follow"})
            assert row.unique_visitors == visitors(conn, row)


def test_who_stayed_from_before_the_show_was_there(database: Database) -> None:
    items = [
        happening(-50, "userEnter", "viewer_one"),
        happening(-45, "userEnter", "viewer_two"),
        happening(-40, "userLeave", "viewer_two"),
        happening(0, "broadcastStart"),
        happening(10, "broadcastStop"),
        happening(60, "userLeave", "viewer_three"),
    ]
    with database.write() as conn:
        factories.store(conn, items)
        assert [row.unique_visitors for row in figures(conn)] == [1]


def test_a_live_session_counts_up_to_now(database: Database) -> None:
    with database.write() as conn:
        factories.store(conn, [happening(0, "broadcastStart"), tip(1, "viewer_one", 5)])
        cover(conn, 0, 15)
        (row,) = figures(conn, now=minute(20))
    assert (row.state, row.tokens, row.coverage, row.duration) == ("live", 5, 0.75, timedelta(minutes=20))


def test_an_ended_session_may_be_reopened_for_the_merge_gap(database: Database) -> None:
    with database.write() as conn:
        factories.store(conn, [happening(0, "broadcastStart"), happening(10, "broadcastStop")])
        states = [figures(conn, now=minute(at))[0].state for at in (10, 40, 41)]
    assert states == ["ended", "ended", "closed"]


@pytest.mark.parametrize(
    ("captured", "expected"),
    [
        ([], None),
        ([(-20, -10)], 0.0),
        ([(-20, 100)], 1.0),
        ([(-20, 5), (4, 6), (9, 100)], 0.7),
        ([(0, 10 / 3)], 0.3333),
    ],
)
def test_coverage_is_the_share_that_was_captured(
    database: Database, captured: list[tuple[float, float]], expected: float | None
) -> None:
    with database.write() as conn:
        factories.store(conn, [happening(0, "broadcastStart"), happening(10, "broadcastStop")])
        for begin, end in captured:
            cover(conn, begin, end)
        assert [row.coverage for row in figures(conn)] == [expected]
