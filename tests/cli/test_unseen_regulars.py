"""Who comes, and is never seen to: tips and words tell that they are there, on both databases."""

from collections.abc import Iterable
from datetime import datetime

import pytest

from command import MhcHere
from factories import DAY, ROOM, Item, chat, cover, happening, minute, show, store, tip
from mhc.domain.regulars import Habit
from mhc.store import people, regulars
from mhc.store.database import Database
from mhc.store.segments import Range

NIGHTS = 12
LAPSED = ("--define", "3 of 10 before 7d", "--until", "2026-01-12")


def nights(db: Database, entered: Iterable[int], done: dict[int, list[Item]]) -> None:
    """Tell of twelve nights: viewer_two comes to each, viewer_one is seen to come to some and does something in others."""
    with db.write() as conn:
        for day in range(NIGHTS):
            *begin, stop = show(day, "viewer_two", *(["viewer_one"] if day in entered else []))
            store(conn, [*begin, *done.get(day, []), stop], page=day)
            cover(conn, day * DAY - 10, day * DAY + 70)


def tips(days: Iterable[int], *, anonymous: bool = False) -> dict[int, list[Item]]:
    return {day: [tip(day * DAY + 5, "viewer_one", 100, anonymous=anonymous)] for day in days}


def words(days: Iterable[int]) -> dict[int, list[Item]]:
    return {day: [chat(day * DAY + 6, "viewer_one")] for day in days}


def lapsed(cli: MhcHere, *more: str) -> list[tuple[str, int]]:
    run = cli("report", "retention", "--json", *(more or LAPSED))
    return [(row["username"], row["sessions"]) for row in run.json["lapsed_regulars"]]


def moved(cli: MhcHere, *more: str) -> tuple[list[str], list[str]]:
    run = cli("report", "digest", "--json", "--since", "2026-01-03", *more)
    assert run.status == 0, run.stderr
    return tuple([row["username"] for row in run.json[part]] for part in ("missing", "returned"))  # type: ignore[return-value]


@pytest.fixture
def mine(cli: MhcHere) -> MhcHere:
    cli.environ |= {"CHATURBATE_USERNAME": ROOM, "MHC_TIMEZONE": "UTC"}
    return cli


@pytest.mark.parametrize("done", [tips(range(5, 12)), words(range(5, 12))], ids=["tips", "words"])
def test_who_tips_or_writes_in_every_show_has_not_lapsed(
    mine: MhcHere, database: Database, done: dict[int, list[Item]]
) -> None:
    nights(database, range(5), done)

    assert lapsed(mine) == []
    assert moved(mine) == ([], [])


def test_who_was_gone_for_five_shows_but_for_a_word_did_not_come_back(
    mine: MhcHere, database: Database
) -> None:
    # They come to 0 to 2, are heard in 5 and come to 10: two and four shows missed in a row, and not seven.
    nights(database, (0, 1, 2, 10), words([5]))

    assert moved(mine) == ([], [])


def test_an_anonymous_tip_brings_nobody_back(mine: MhcHere, database: Database) -> None:
    # Five shows until the 5th; the range ends after the 12th, which is that of day 11.
    nights(database, range(5), tips(range(5, 12), anonymous=True))

    assert lapsed(mine) == [("viewer_one", 5)]
    assert moved(mine) == (["viewer_one"], [])


def test_a_tip_is_one_of_the_shows_that_a_regular_came_to(mine: MhcHere, database: Database) -> None:
    # They are seen to come to one, tip in two others, write in a fourth, which does not make a regular; then nothing.
    nights(database, [0], tips([1, 2]) | words([3]))

    assert lapsed(mine) == [("viewer_one", 3)]
    assert moved(mine) == (["viewer_one"], [])
    assert regular_in(database, minute(4 * DAY), often=3) == {"viewer_one", "viewer_two"}


def test_a_line_without_a_room_is_of_the_room_that_was_listened_to(mine: MhcHere, database: Database) -> None:
    line = {"message": {"message": "hello"}}
    said = {
        day: [happening(day * DAY + 5, "chatMessage", "viewer_one", room=None, **line)]
        for day in range(5, 12)
    }
    nights(database, range(5), said)

    assert lapsed(mine) == []
    assert moved(mine) == ([], [])


def test_what_another_row_of_a_merged_person_gave_counts_too(mine: MhcHere, database: Database) -> None:
    gave = {day: [tip(day * DAY + 5, "viewer_three", 100)] for day in range(5, 12)}
    nights(database, range(5), gave)
    assert mine("person", "merge", "viewer_one", "viewer_three", "-y").status == 0

    assert lapsed(mine) == []
    assert moved(mine) == ([], [])


def test_who_waited_for_weeks_was_there_when_the_first_show_began(mine: MhcHere, database: Database) -> None:
    # viewer_three came before anything else, and nobody saw them leave until the first show, on day 20, ended.
    with database.write() as conn:
        store(conn, [happening(0, "userEnter", "viewer_three")])
        for day in range(20, 32):
            store(conn, show(day, "viewer_two"), page=day)
        cover(conn, -10, 32 * DAY)

    (*_rest, first) = mine("report", "retention", "--by", "session", "--json").json["rows"]
    assert (first["started_at"], first["viewers"]) == ("2026-01-21T18:00:00Z", 2)
    assert mine("session", "show", "1", "--json").json["unique_visitors"] == 2
    weeks = mine("report", "retention", "--json").json["rows"]
    assert [row["viewers"] for row in weeks[::-1]][:5] == [1, 1, 1, 2, 1]
    assert lapsed(mine, "--define", "1 of 1 before 2026-01-22") == [("viewer_three", 1)]
    mine("watchlist", "add", "Friends", "viewer_three")
    came = mine("report", "digest", "--json", "--since", "2026-01-21", "--until", "2026-01-21").json["came"]
    assert [row["username"] for row in came] == ["viewer_three"]
    assert regular_in(database, minute(21 * DAY)) == {"viewer_two", "viewer_three"}


def regular_in(db: Database, until: datetime, often: int = 1) -> set[str]:
    with db.read() as conn:
        found = regulars.regulars(conn, Range(None, None, until), Habit(often, 10))
        return set(people.names_by_id(conn, conn.execute(found.alone).scalars()).values())
