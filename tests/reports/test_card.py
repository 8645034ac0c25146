"""The person card: what the command does not show, or shows by the clock."""

from datetime import timedelta

import pytest
from sqlalchemy import select

import factories
from factories import chat, happening, media, minute, tell_story, tip
from mhc.domain.visits import Ending, Visit
from mhc.reports import card
from mhc.reports.card import Asked, Card, median_stay
from mhc.store import people, schema
from mhc.store.database import Database


def read(db: Database, name: str, asked: Asked) -> Card:
    with db.read() as conn:
        (who,) = people.find(conn, name)
        return card.read(conn, who, asked)


def test_recent_tokens_are_those_of_30_and_90_days(database: Database) -> None:
    day = 24 * 60
    with database.write() as conn:
        items = [tip(0, "viewer_one", 1), media(day, "viewer_one", 2), tip(70 * day, "viewer_one", 4)]
        factories.store(conn, [*items, tip(90 * day, "viewer_one", 8, anonymous=True)])
    shown = read(database, "viewer_one", Asked(minute(91 * day)))
    assert (shown.here.tokens, shown.here.tokens_90d, shown.here.tokens_30d) == (7, 6, 4)
    revealed = read(database, "viewer_one", Asked(minute(91 * day), reveal=True))
    assert (revealed.here.tokens, revealed.here.tokens_90d, revealed.here.tokens_30d) == (15, 14, 12)


def test_the_last_three_lines_come_newest_first(database: Database) -> None:
    with database.write() as conn:
        factories.store(conn, [chat(place, "viewer_one", f"line {place}") for place in range(5)])
    shown = read(database, "viewer_one", Asked(minute(10)))
    assert [line.text for line in shown.last_lines] == ["line 4", "line 3", "line 2"]


def test_follows_are_what_the_last_change_says(database: Database) -> None:
    with database.write() as conn:
        factories.store(conn, [chat(0, "viewer_one")])
    assert read(database, "viewer_one", Asked(minute(9))).here.follows is None
    with database.write() as conn:
        factories.store(
            conn, [happening(2, "follow", "viewer_one"), happening(1, "unfollow", "viewer_one")], page=1
        )
    here = read(database, "viewer_one", Asked(minute(9))).here
    assert (here.follows, here.follows_since) == (True, minute(2))


def test_private_lines_are_read_only_when_asked_for(database: Database) -> None:
    tell_story(database)
    assert read(database, "viewer_one", Asked(minute(9))).private_lines is None
    asked = Asked(minute(9), private=True)
    lines = [(line.sender, line.text) for line in read(database, "viewer_one", asked).private_lines or ()]
    assert lines == [("example_room", "yes?"), ("viewer_one", "psst")]
    assert read(database, "viewer_two", asked).private_lines == []


def test_another_room_is_another_card(database: Database) -> None:
    tell_story(database)
    with database.write() as conn:
        factories.store(conn, [tip(9, "viewer_one", 900, room="other_room")], room="other_room")
        room_id = conn.execute(
            select(schema.person.c.id).where(schema.person.c.username == "other_room")
        ).scalar()
    assert room_id is not None
    here = read(database, "viewer_one", Asked(minute(3000), [room_id])).here
    assert (here.tokens, here.tips, here.largest_tip, here.visits, here.messages) == (900, 1, 900, 0, 0)
    assert read(database, "viewer_one", Asked(minute(3000), [])).here.tokens == 0
    assert read(database, "viewer_one", Asked(minute(3000))).here.tokens == 1020


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([], 1),
        ([(31, "userLeave")], 1),  # the session's end was the visit's: they go when it is over
        ([(31, "userLeave"), (32, "userLeave")], 1),
        ([(31, "userEnter"), (32, "userLeave")], 2),
        ([(31, "userEnter"), (32, "userEnter"), (33, "userLeave"), (34, "userLeave")], 4),
        ([(70, "broadcastStart"), (80, "userLeave")], 2),  # there in another session, too
        ([(70, "broadcastStart"), (100, "broadcastStop"), (101, "userLeave")], 2),
    ],
)
def test_who_leaves_after_the_end_did_not_come_twice(
    database: Database, later: list[tuple[float, str]], expected: int
) -> None:
    show = [(0, "broadcastStart"), (5, "userEnter"), (30, "broadcastStop"), *later]
    with database.write() as conn:
        factories.store(conn, [happening(at, what, "viewer_one") for at, what in show])
        # In another room they came at any time.
        other = [happening(29, "userLeave", "viewer_one", room="other_room")]
        factories.store(conn, other, room="other_room", page=1)
        room = people.ids_of(conn, [factories.ROOM])[factories.ROOM]
    here = read(database, "viewer_one", Asked(minute(2000), [room])).here
    assert here.visits == expected
    assert read(database, "viewer_one", Asked(minute(2000))).here.visits == expected + 1


@pytest.mark.parametrize(
    ("stays", "expected"),
    [
        ([], None),
        ([Visit(minute(0), minute(5), Ending.LEFT)], 5),
        ([Visit(minute(0), minute(5), Ending.LEFT), Visit(minute(10), minute(17), Ending.LEFT)], 5),
        ([Visit(None, minute(5), Ending.LEFT), Visit(minute(0), minute(90), Ending.INFERRED)], None),
        ([Visit(minute(0), None, Ending.OPEN), Visit(minute(0), None, Ending.UNKNOWN)], None),
    ],
)
def test_the_median_stay_uses_known_ends_only(stays: list[Visit], expected: int | None) -> None:
    assert median_stay(stays) == (None if expected is None else timedelta(minutes=expected))
