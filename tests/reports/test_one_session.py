"""All figures of one session, worked out by hand."""

from dataclasses import asdict
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

import factories
from factories import chat, cover, happening, media, minute, store, tell_story, tip
from mhc.domain.broadcasts import MERGE_GAP
from mhc.domain.rooms import Reading, Scope, Show, Source
from mhc.reports import one_session, sessions
from mhc.reports.one_session import Figures, Note, Tipper
from mhc.reports.sessions import Asked
from mhc.store import observations, people, session_notes, watchlists
from mhc.store.database import Database
from mhc.store.observations import Poll
from mhc.store.sessions import list_all

NOW = minute(10_000)


def subject(at: float, text: str) -> factories.Item:
    return happening(at, "roomSubjectChange", subject=text)


def read(at: float, viewers: int | None, show: Show = Show.PUBLIC) -> tuple[Poll, Reading]:
    poll = Poll(minute(at), Source.AFFILIATE, 1, 1, Scope.TRACKED, complete=True)
    return poll, Reading(factories.ROOM, show=show, viewers=viewers, subject="from the feed [5 tokens left]")


def poll(conn: Connection, *readings: tuple[Poll, Reading]) -> None:
    for when, reading in readings:
        observations.add_poll(conn, when, [reading])


def figures(conn: Connection, place: int = 0, now: datetime = NOW, **asked: bool) -> Figures:
    """Give the figures of a session, the earliest being 0; what the list says of it must be the same."""
    one = list_all(conn)[::-1][place]
    clock = Asked(now, MERGE_GAP, **asked)
    whole = one_session.read(conn, one, clock)
    listed = sessions.read(conn, [one], clock)
    assert (listed.rows[0], listed.excluded) == (whole.row, whole.excluded)
    return whole.figures


STORY = [
    happening(-5, "userEnter", "viewer_four"),  # before the show, and stays
    happening(0, "broadcastStart"),
    subject(0.5, "Lights [500 tokens left]"),
    happening(1, "userEnter", "viewer_one"),
    happening(2, "userEnter", "viewer_two"),
    happening(2.5, "userLeave", "viewer_two"),  # half a minute: quick
    chat(5, "viewer_three"),  # was there before anybody listened
    tip(6, "viewer_one", 100),
    tip(7, "viewer_three", 50, anonymous=True),
    subject(8, "Lights [12 tokens left]"),
    happening(9, "fanclubJoin", "viewer_one"),
    happening(10, "follow", "viewer_one"),
    subject(11, "Lights, and music"),
    media(12, "viewer_four", 30),
    happening(13, "unfollow", "viewer_two"),
    chat(14, factories.ROOM),
    happening(20, "broadcastStop"),
    happening(30, "broadcastStart"),
    happening(31, "userEnter", "viewer_two"),
    happening(41, "userLeave", "viewer_two"),
    tip(45, "viewer_one", 20),
    happening(55, "userLeave", "viewer_three"),
    happening(60, "broadcastStop"),
]


def test_every_figure_of_a_show(database: Database) -> None:
    with database.write() as conn:
        store(conn, STORY)
        cover(conn, -10, 70)
        poll(conn, read(-1, 500), read(10, 40), read(20, 60), read(25, None), read(30, 20), read(61, 900))
        room = people.ids_of(conn, [factories.ROOM])[factories.ROOM]
        for at, words in ((60, "after it"), (59, "sold out"), (0, "began well")):
            session_notes.add(conn, room, words, at=minute(at), now=NOW)
        notes = session_notes.within(conn, room, list_all(conn)[0].span)
        assert asdict(figures(conn)) == asdict(
            Figures(
                theme=None,
                tags=[],
                live=timedelta(minutes=50),
                broadcasts=2,
                tokens_per_hour=240.0,  # 200 in 50 minutes
                media=1,
                media_tokens=30,
                fanclub_joins=1,
                top_tippers=[
                    Tipper("viewer_one", 120, 2),
                    Tipper(None, 50, 1),
                    Tipper("viewer_four", 30, 0),
                ],
                chatters=1,
                # At 31: viewer_one since 1, viewer_two again, viewer_three since 5, viewer_four since before.
                known_peak=4,
                known_mean=2.99,  # of 60 minutes: 59 + 0.5 + 10 + 50 + 60 = 179.5
                viewers_peak=60,
                viewers_mean=32.0,  # 40 for 10 minutes, 60 for 10, 20 for 30: the last stands for half an hour
                unfollows=1,
                net_followers=0,
                visits=5,
                quick_visits=1,
                median_stay=timedelta(seconds=30),  # of 30 s and 10 min
                subjects=["Lights", "Lights, and music"],
                notes=[
                    Note(notes[0].id, minute(0), "began well"),
                    Note(notes[1].id, minute(59), "sold out"),
                ],
            )
        )


def test_what_nobody_saw_is_unknown(database: Database) -> None:
    """A session by hand, of a room that nobody listened to."""
    from mhc.domain.sessions import Span
    from mhc.store import session_edits
    from mhc.store.session_edits import Typed

    with database.write() as conn:
        room = people.ensure(conn, ["dark_room"], source="test", at=NOW)["dark_room"]
        session_edits.add(conn, room, Span(minute(0), minute(90)), Typed("Dark", "nights", "a,b"), MERGE_GAP)
        found = figures(conn)
    assert (found.theme, found.tags) == ("nights", ["a", "b"])
    assert (found.live, found.broadcasts) == (timedelta(minutes=90), 0)
    unknown = (
        "tokens_per_hour",
        "media",
        "media_tokens",
        "fanclub_joins",
        "chatters",
        "unfollows",
        "net_followers",
        "known_peak",
        "known_mean",
        "viewers_peak",
        "viewers_mean",
        "visits",
        "quick_visits",
        "median_stay",
    )
    assert {getattr(found, name) for name in unknown} == {None}
    assert (found.top_tippers, found.subjects, found.notes) == ([], [], [])


def test_figures_while_it_runs(database: Database) -> None:
    with database.write() as conn:
        store(
            conn,
            [
                happening(0, "broadcastStart"),
                happening(5, "userEnter", "viewer_one"),
                tip(6, "viewer_one", 60),
            ],
        )
        cover(conn, 0, 10)
        poll(conn, read(2, 10), read(7, 30))
        found = figures(conn, now=minute(10))
    assert (found.live, found.tokens_per_hour) == (timedelta(minutes=10), 360.0)
    assert (found.known_peak, found.known_mean) == (1, 0.5)
    assert (found.viewers_peak, found.viewers_mean) == (30, 17.5)  # 10 for 5 minutes, 30 for 3
    assert found.subjects == ["from the feed"]


def test_a_reading_of_the_feed_stands_for_half_an_hour_at_most(database: Database) -> None:
    with database.write() as conn:
        talk = [chat(at, "viewer_one") for at in range(1, 120, 20)]
        store(conn, [happening(0, "broadcastStart"), *talk, happening(120, "broadcastStop")])
        poll(conn, read(0, 10), read(60, 40), read(75, 100))
        found = figures(conn)
    # 10 for 30 minutes, 40 for 15, 100 for 30.
    assert (found.viewers_peak, found.viewers_mean) == (100, 52.0)


def test_excluded_people_are_in_no_figure(database: Database) -> None:
    tell_story(database)
    with database.write() as conn:
        who = people.ids_of(conn, ["viewer_one"])["viewer_one"]
        excluded = watchlists.find(conn, "Excluded")
        assert excluded is not None
        watchlists.add(conn, excluded.id, [who], at=NOW, note=None)
        found, with_them = figures(conn), figures(conn, include_excluded=True)
    assert (found.known_peak, with_them.known_peak) == (1, 2)
    assert (found.chatters, with_them.chatters) == (1, 2)
    assert [one.username for one in found.top_tippers] == ["viewer_two", None]
    assert found.top_tippers[1].tokens == 50  # an anonymous tip counts all the same


@pytest.mark.parametrize(
    ("more", "peak", "mean"),
    [
        # viewer_two from 4 to 20 of 30 minutes; viewer_one from 5 on, up to their coming again, and further.
        ([chat(5, "viewer_one"), chat(15, "viewer_one"), happening(25, "userEnter", "viewer_one")], 2, 1.37),
        ([chat(5, "viewer_one"), chat(15, "viewer_one")], 2, 0.87),
        # They leave, and are heard again from 10 to 16.
        ([happening(at, f"user{what}", "viewer_one") for at, what in ((5, "Enter"), (6, "Leave"))]
         + [chat(10, "viewer_one"), chat(16, "viewer_one")], 2, 0.77),
    ],
)  # fmt: skip
def test_who_speaks_is_there_whatever_else_is_known_of_them(
    database: Database, more: list[factories.Item], peak: int, mean: float
) -> None:
    other = [happening(4, "userEnter", "viewer_two"), happening(20, "userLeave", "viewer_two")]
    show = [happening(0, "broadcastStart"), *other, *more, happening(30, "broadcastStop")]
    with database.write() as conn:
        store(conn, sorted(show, key=lambda one: one[0]))
        found = figures(conn)
    assert (found.known_peak, found.known_mean) == (peak, mean)


@pytest.mark.parametrize(("stays", "peak"), [((1, 2, 2, 3), 1), ((1, 3, 2, 4), 2)])
def test_who_leaves_when_another_comes_is_not_there_with_them(
    database: Database, stays: tuple[float, ...], peak: int
) -> None:
    names = ["viewer_one", "viewer_one", "viewer_two", "viewer_two"]
    moves = [
        happening(at, "userEnter" if place % 2 == 0 else "userLeave", who)
        for place, (at, who) in enumerate(zip(stays, names, strict=True))
    ]
    with database.write() as conn:
        store(
            conn,
            sorted(
                [happening(0, "broadcastStart"), *moves, happening(9, "broadcastStop")], key=lambda i: i[0]
            ),
        )
        assert figures(conn).known_peak == peak
