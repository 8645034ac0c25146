"""`mhc report tags`: figures worked out by hand, on both databases.

The story has two shows: on a Thursday from 18:00 to 18:30 UTC, captured whole, whose subject changes twice, and on the
Friday after from 18:00 to 18:30, of which the first 15 minutes were captured, with a change in the tenth.
"""

import json
from datetime import timedelta
from typing import Any

import pytest

from command import MhcHere
from factories import Item, cover, happening, minute, store, tip
from mhc.domain import rooms
from mhc.store import observations, people, snapshots
from mhc.store.database import Database
from mhc.store.observations import Poll
from mhc.store.snapshots import Asked, Reading

# 100 + 50 in 20 minutes; 100 in 10 and 60 in 5; 10 in 10.
CHILL = {"tag": "chill", "tokens": 160, "hours": 0.25, "per_hour": 640.0, "sessions": 2}
MUSIC = {"tag": "music", "tokens": 150, "hours": 0.33, "per_hour": 450.0, "sessions": 1}
NO_TAG = {"tag": None, "tokens": 10, "hours": 0.17, "per_hour": 60.0, "sessions": 1}
ELSEWHERE = {"models": None, "source": None, "range": None, "captured_at": None}
HERE = dict.fromkeys(("hours", "per_hour", "sessions", "first_on", "last_on"))


def subject(at: float, text: str) -> Item:
    return happening(at, "roomSubjectChange", subject=text)


@pytest.fixture
def mine(cli: MhcHere, database: Database) -> MhcHere:
    with database.write() as conn:
        first = [
            happening(0, "broadcastStart"),
            subject(0, "Hi #Music and #chill, it&#39;s a goal [100 tokens left]"),
            tip(5, "viewer_one", 100),
            subject(8, "Hi #chill and #music [20 tokens left]"),
            subject(10, "Hi #music [50 tokens left]"),
            tip(15, "viewer_two", 50, anonymous=True),
            subject(20, "Hello"),
            tip(25, "viewer_two", 10),
            happening(30, "broadcastStop"),
        ]
        second = [
            happening(1440, "broadcastStart"),
            tip(1445, "viewer_one", 20),
            subject(1450, "#Chill"),
            tip(1452, "viewer_one", 60),
            happening(1470, "broadcastStop"),
        ]
        store(conn, first)
        store(conn, second, page=1)
        cover(conn, -10, 60)
        cover(conn, 1430, 1455)
    cli.environ |= {"CHATURBATE_USERNAME": "example_room", "MHC_TIMEZONE": "Europe/Berlin"}
    return cli


def figures(cli: MhcHere, *words: str) -> list[dict[str, Any]]:
    """Give the rows of the room's report without their days, and without what only a viewer has."""
    left_out = {*ELSEWHERE, "first_on", "last_on"}
    found = cli("report", "tags", "--json", *words).json["rows"]
    return [{name: value for name, value in row.items() if name not in left_out} for row in found]


def read_in_the_feed(
    database: Database, at: float, *tags: str, subject: str | None = "what the feed has"
) -> None:
    one = rooms.Reading("example_room", show=rooms.Show.PUBLIC, viewers=9, subject=subject, tags=tags)
    poll = Poll(minute(at), rooms.Source.AFFILIATE, 1, 1, rooms.Scope.TRACKED, complete=True)
    with database.write() as conn:
        observations.add_poll(conn, poll, [one])


def said_of(
    database: Database,
    who: str,
    source: str,
    length: str,
    days: float,
    rows: list[dict[str, Any]],
    **figures: Any,
) -> None:
    with database.write() as conn:
        number = people.ensure(conn, [who], source="manual", at=minute(0))[who]
        body = json.dumps(rows).encode()
        asked = Asked(f"statbate.{source}", length)
        snapshots.add(conn, [Reading(number, asked, minute(0) + timedelta(days=days), body, figures)])


def test_the_report_is_the_promised_document(mine: MhcHere) -> None:
    assert mine("report", "tags", "--json").json == {
        "range": {"since": None, "until": None},
        "timezone": "Europe/Berlin",
        "room": "example_room",
        "sources": ["events"],
        "coverage": {"since": "2026-01-01T17:50:00Z", "until": "2026-01-02T18:15:00Z", "share": 0.0648},
        "excluded": 0,
        "username": None,
        # 240 in 45 minutes; those of the 10 before the first change of the Friday are of no known subject.
        "tokens": 240,
        "hours": 0.75,
        "per_hour": 320.0,
        "unknown": {"tokens": 20, "hours": 0.17},
        "models": None,
        "rows": [
            CHILL | {"first_on": "2026-01-01", "last_on": "2026-01-02"} | ELSEWHERE,
            MUSIC | {"first_on": "2026-01-01", "last_on": "2026-01-01"} | ELSEWHERE,
            NO_TAG | {"first_on": "2026-01-01", "last_on": "2026-01-01"} | ELSEWHERE,
        ],
    }


def test_the_range_cuts_time_and_tokens_and_knows_the_subject_from_before(mine: MhcHere) -> None:
    found = figures(mine, "--since", "2026-01-01T18:12:00Z", "--until", "2026-01-01T18:18:00Z")

    # 50 in 6 minutes.
    assert found == [MUSIC | {"tokens": 50, "hours": 0.1, "per_hour": 500.0}]


def test_a_subject_holds_into_the_next_show_where_the_capture_did_not_break(
    mine: MhcHere, database: Database
) -> None:
    with database.write() as conn:
        cover(conn, 50, 1440)
        store(conn, [subject(100, "dark, but #late")], page=2)
    found = mine("report", "tags", "--json").json

    assert found["unknown"] == {"tokens": 0, "hours": 0.0}
    (late,) = (row for row in found["rows"] if row["tag"] == "late")
    assert (late["tokens"], late["hours"], late["per_hour"]) == (20, 0.17, 120.0)
    assert figures(mine, "--since", "2026-01-02T18:02:00Z", "--until", "2026-01-02T18:08:00Z") == [
        {"tag": "late", "tokens": 20, "hours": 0.1, "per_hour": 200.0, "sessions": 1}
    ]


def test_the_feed_of_rooms_says_the_subject_where_no_change_was_captured(
    mine: MhcHere, database: Database
) -> None:
    read_in_the_feed(database, 1447, "feed", "music")
    read_in_the_feed(database, 1452, "later")  # after a change that was captured
    found = mine("report", "tags", "--json").json

    assert found["sources"] == ["events", "affiliate"]
    assert found["unknown"] == {"tokens": 0, "hours": 0.0}
    rows = {row["tag"]: (row["tokens"], row["hours"], row["sessions"]) for row in found["rows"]}
    assert rows == {
        "chill": (160, 0.25, 2),
        "feed": (20, 0.17, 1),
        "music": (170, 0.5, 2),  # 20 minutes of the one show and 10 of the other
        None: (10, 0.17, 1),
    }


def test_excluded_people_do_not_count_but_for_what_they_gave_unnamed(mine: MhcHere) -> None:
    mine("person", "exclude", "viewer_two")
    run = mine("report", "tags", "--json")

    assert (run.json["excluded"], run.json["tokens"]) == (1, 230)
    assert [row["tokens"] for row in run.json["rows"]] == [160, 150, 0]
    assert "1 excluded" in run.stderr
    assert figures(mine, "--include-excluded") == [CHILL, MUSIC, NO_TAG]


def test_a_subject_whose_words_are_not_kept_is_not_known(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(conn, [happening(22, "roomSubjectChange")], page=3)

    found = mine("report", "tags", "--json").json
    assert found["unknown"] == {"tokens": 30, "hours": 0.3}  # 8 + 10 minutes


@pytest.mark.parametrize("since", ["2027-01-01", "2026-01-01T19:00Z"])
def test_a_time_of_which_nothing_is_known_is_empty(mine: MhcHere, since: str) -> None:
    words = ("--since", since, "--until", "2026-01-01T20:00Z") if since < "2027" else ("--since", since)
    run = mine("report", "tags", *words, "--json")

    found = run.json
    dark = found["coverage"] is None  # the other one is an hour captured, of which the room was live in none
    figures = (None, None) if dark else (0, 0.0)
    assert (found["tokens"], found["hours"], found["per_hour"], found["rows"]) == (*figures, None, [])
    assert found["unknown"] == dict(zip(("tokens", "hours"), figures, strict=True))
    told = mine("report", "tags", *words, MHC_FORCE_TTY="80")
    assert "no subject is known of that time" in told.stderr
    assert len(told.stdout.splitlines()) == 1, "nothing but the header"


def test_without_any_capture_there_is_nothing_to_say(cli: MhcHere, database: Database) -> None:
    with database.write() as conn:
        store(conn, [happening(0, "broadcastStart"), subject(1, "#music"), happening(9, "broadcastStop")])

    found = cli("report", "tags", "--json").json
    assert (found["coverage"], found["rows"], found["hours"]) == (None, [], None)


def test_the_table_has_bars_and_says_what_is_usual(mine: MhcHere) -> None:
    run = mine("report", "tags", MHC_FORCE_TTY="80", LC_ALL="C.UTF-8")
    lines = run.stdout.splitlines()

    assert [line.count("█") for line in lines[1:]] == [10, 7, 1]  # 640, 450 and 60
    assert all(len(line) <= 80 for line in lines)
    assert "450 ███████···" in lines[2]
    assert "█" not in mine("report", "tags", MHC_FORCE_TTY="60", LC_ALL="C.UTF-8").stdout, "no room for them"
    assert "the whole room: 320.00 tokens an hour, in 0.75 hours live" in run.stderr
    assert "of 0.17 hours the subject is not known" in run.stderr


def test_while_others_see_the_screen_nothing_tells_amounts(mine: MhcHere) -> None:
    page = mine.home / "page.html"
    run = mine("report", "tags", MHC_FORCE_TTY="80", MHC_SCREEN_SAFE="1")
    mine("report", "tags", "--html", str(page), MHC_SCREEN_SAFE="1")

    assert "music" in run.stdout
    assert "music" in page.read_text()
    for text in (run.stdout, run.stderr, page.read_text()):
        assert not any(figure in text for figure in ("640", "450", "320", "240", "█"))
    hidden = mine("report", "tags", "--json", MHC_SCREEN_SAFE="1").json
    assert (hidden["tokens"], hidden["per_hour"], hidden["unknown"]["tokens"]) == (None, None, None)


def test_a_viewer_is_told_by_source_and_range_and_nothing_is_added_up(
    mine: MhcHere, database: Database
) -> None:
    def spent(*tags: tuple[str, int]) -> list[dict[str, Any]]:
        return [{"tag": tag, "total_tokens": tokens, "models_count": 2} for tag, tokens in tags]

    said_of(database, "viewer_one", "member_tag_spending", "30d", 1, spent(("old", 9)))
    said_of(database, "viewer_one", "member_tag_spending", "30d", 2, spent(("music", 30), ("art", 200)))
    said_of(database, "viewer_one", "member_tag_spending", "7d", 1, spent(("music", 5)))
    models = [
        {"name": name, "total_tokens": tokens}
        for name, tokens in (("example_room", 70), ("other_room", 40), ("third_room", 1))
    ]
    said_of(database, "viewer_one", "member_top_models", "30d", 3, models)
    read_in_the_feed(database, 1000, "music", "calm")
    with database.write() as conn:
        one = rooms.Reading("other_room", show=rooms.Show.PUBLIC, subject="hello", tags=("music",))
        poll = Poll(minute(1200), rooms.Source.AFFILIATE, 1, 1, rooms.Scope.TRACKED, complete=True)
        observations.add_poll(conn, poll, [one])
    found = mine("report", "tags", "viewer_one", "--json").json

    by_tag = {"source": "statbate.member_tag_spending", "range": "30d", "captured_at": "2026-01-03T18:00:00Z"}
    by_model = {"source": "statbate.member_top_models", "range": "30d", "captured_at": "2026-01-04T18:00:00Z"}
    assert found["rows"] == [
        HERE | {"tag": "art", "tokens": 200, "models": 2} | by_tag,
        HERE | {"tag": "music", "tokens": 30, "models": 2} | by_tag,
        HERE | {"tag": "music", "tokens": 5, "models": 2}
        | by_tag | {"range": "7d", "captured_at": "2026-01-02T18:00:00Z"},
        HERE | {"tag": "music", "tokens": 110, "models": 2} | by_model,  # 70 + 40
        HERE | {"tag": "calm", "tokens": 70, "models": 1} | by_model,
    ]  # fmt: skip
    assert found["sources"] == ["statbate.member_tag_spending", "statbate.member_top_models", "affiliate"]
    assert found["models"] == [
        {"range": "30d", "captured_at": "2026-01-04T18:00:00Z", "models": 3, "with_known_tags": 2}
    ]
    assert (found["username"], found["tokens"], found["unknown"]) == ("viewer_one", None, None)
    page = mine.home / "page.html"
    mine("report", "tags", "viewer_one", "--html", str(page))
    assert page.read_text().count("<svg") == 3, "one for each source and range"
    assert "tokens by tag: statbate.member_top_models 30d" in page.read_text()
    until = mine("report", "tags", "viewer_one", "--until", "2026-01-02T20:00Z", "--json").json
    assert [(row["tag"], row["range"]) for row in until["rows"]] == [("old", "30d"), ("music", "7d")]


def test_of_a_reading_whose_words_are_gone_the_tags_are_left(mine: MhcHere, database: Database) -> None:
    said_of(database, "viewer_one", "member_tag_spending", "30d", 1, {}, tags_list=["music", "art"])  # type: ignore[arg-type]

    found = mine("report", "tags", "viewer_one", "--json").json["rows"]
    assert [(row["tag"], row["tokens"]) for row in found] == [("art", None), ("music", None)]


def test_of_a_viewer_whom_no_source_knows_it_says_how_to_ask(mine: MhcHere) -> None:
    run = mine("report", "tags", "viewer_two", MHC_FORCE_TTY="80")

    assert "mhc snapshot pull viewer_two --source statbate.member_tag_spending" in run.stderr
    assert mine("report", "tags", "viewer_two", "--json").json["rows"] == []


def test_on_a_page_the_figures_of_the_whole_room_are_written_as_in_the_table(
    mine: MhcHere, database: Database
) -> None:
    with database.write() as conn:
        store(conn, [tip(6, "viewer_one", 9_760)], page=2)
    page = mine.home / "page.html"
    mine("report", "tags", "--html", str(page))

    assert "<dt>tokens</dt><dd><bdi>10,000</bdi>" in page.read_text()
    assert "<dt>per hour</dt><dd><bdi>13,333.33</bdi>" in page.read_text()
