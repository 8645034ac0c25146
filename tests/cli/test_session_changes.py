"""`mhc session add|edit|merge|split`: what a person says of sessions stays as they said it."""

from datetime import timedelta
from typing import Any

import pytest

import factories
from command import MhcHere
from factories import chat, happening, minute, tell_story
from mhc.cli.context import utc_now
from mhc.domain.broadcasts import MERGE_GAP
from mhc.domain.clock import iso_z
from mhc.store import derived, people, schema, session_notes
from mhc.store.database import Database


@pytest.fixture
def mine(cli: MhcHere) -> MhcHere:
    """Give the command as the owner of example_room calls it."""
    cli.environ["CHATURBATE_USERNAME"] = "example_room"
    return cli


def sessions(cli: MhcHere) -> list[dict[str, Any]]:
    """Give the sessions, the earliest first."""
    rows: list[dict[str, Any]] = cli("session", "list", "--json").json[::-1]
    return rows


def times(cli: MhcHere) -> list[tuple[str, str | None, str]]:
    return [
        (row["started_at"][11:16], row["ended_at"] and row["ended_at"][11:16], row["origin"])
        for row in sessions(cli)
    ]


def is_sound(database: Database) -> bool:
    with database.write() as conn:
        return not any(derived.differs(conn, room, MERGE_GAP) for room in derived.rooms(conn))


def test_a_session_of_the_past_is_added(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    span = ["--from", "2026-01-01 20:00Z", "--to", "2026-01-01 22:00Z"]
    words = ["--title", "Late", "--theme", "lights", "--tags", "#Blue, toys,blue"]
    assert mine("session", "add", *span, *words, "-n").stderr == (
        "would add a session of example_room, 2026-01-01T20:00:00Z to 2026-01-01T22:00:00Z\n"
    )
    assert len(sessions(mine)) == 2
    run = mine("session", "add", *span, *words)
    assert (run.status, run.stdout) == (0, "")
    assert run.stderr.startswith("added session ")
    (_first, late, _second) = sessions(mine)
    assert (late["title"], late["origin"], late["tokens"], late["state"]) == (
        "Late",
        "manual",
        None,
        "closed",
    )
    whole = mine("session", "show", str(late["id"]), "--json").json
    assert (whole["theme"], whole["tags"], whole["live"]) == ("lights", ["blue", "toys"], 7200)


@pytest.mark.parametrize(
    ("begin", "end", "said"),
    [
        ("2026-01-01 18:10Z", "2026-01-01 18:20Z", "lasts from 2026-01-01T18:00:00Z to 2026-01-01T18:40:00Z"),
        ("2026-01-01 17:00Z", "2026-01-01 18:00:01Z", "lasts from 2026-01-01T18:00:00Z"),
        ("2026-01-01 17:00Z", "2026-01-01 17:00Z", "would end at 2026-01-01T17:00:00Z, and begin at"),
        ("2026-01-01 17:00Z", "2999-01-01", "is in the future"),
    ],
)
def test_overlaps_and_impossible_times_are_refused(
    database: Database, mine: MhcHere, begin: str, end: str, said: str
) -> None:
    tell_story(database)
    for words in (["-n"], []):
        run = mine("session", "add", "--from", begin, "--to", end, *words)
        assert run.status == 2
        assert said in run.stderr
    assert len(sessions(mine)) == 2


def test_where_one_session_ends_another_may_begin(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    assert mine("session", "add", "--from", "2026-01-01 17:00Z", "--to", "2026-01-01 18:00Z").status == 0
    assert mine("session", "add", "--from", "2026-01-01 18:40Z", "--to", "2026-01-01 19:00Z").status == 0
    assert times(mine)[:3] == [
        ("17:00", "18:00", "manual"),
        ("18:00", "18:40", "events"),
        ("18:40", "19:00", "manual"),
    ]
    assert is_sound(database)


def test_a_title_leaves_the_times_to_the_events(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    first = str(sessions(mine)[0]["id"])
    assert (
        mine("session", "edit", first, "--title", "First night", "--theme", "lights", "--tags", "a,b").status
        == 0
    )
    row = mine("session", "show", first, "--json").json
    assert (row["title"], row["theme"], row["tags"], row["origin"]) == (
        "First night",
        "lights",
        ["a", "b"],
        "events",
    )
    assert (
        mine("session", "edit", first, "--title", "First night").stderr == f"session {first} stays as it is\n"
    )
    assert mine("session", "edit", first, "--theme", "none", "--tags", "none").status == 0
    row = mine("session", "show", first, "--json").json
    assert (row["title"], row["theme"], row["tags"]) == ("First night", None, [])
    with database.write() as conn:  # it goes on
        factories.store(conn, [happening(50, "broadcastStart"), happening(60, "broadcastStop")], page=7)
    assert sessions(mine)[0]["ended_at"] == "2026-01-01T19:00:00Z"
    assert sessions(mine)[0]["title"] == "First night"


def test_times_that_were_changed_stay_and_move_visits_and_figures(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    first = str(sessions(mine)[0]["id"])
    dry = mine("session", "edit", first, "--to", "2026-01-01 18:10Z", "-n")
    assert dry.stderr.startswith(
        f"would change session {first} of example_room, 2026-01-01T18:00:00Z to 2026-01-01T18:10"
    )
    assert mine("session", "edit", first, "--to", "2026-01-01 18:10Z").status == 0
    assert times(mine)[0] == ("18:00", "18:10", "manual")
    assert (sessions(mine)[0]["tokens"], sessions(mine)[0]["messages"]) == (215, 1)
    with database.write() as conn:
        left = conn.execute(schema.visit.select().order_by(schema.visit.c.id)).all()
        assert {row.left_at for row in left} == {minute(10), minute(20), minute(1460)}
        factories.store(conn, [chat(15, "viewer_two")], page=7)
    assert times(mine)[0] == ("18:00", "18:10", "manual")
    assert is_sound(database)
    assert mine("session", "edit", first, "--to", "2026-01-02 18:10Z").status == 2  # the second is there
    assert mine("session", "edit", first).status == 2
    assert mine("session", "edit", "999", "--title", "x").status == 3
    assert mine("session", "edit", str(10**30), "--title", "x").status == 3


def test_two_sessions_become_one_and_are_parted_again(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    first, second = (str(row["id"]) for row in sessions(mine))
    mine("session", "edit", first, "--tags", "a,b")
    mine("session", "edit", second, "--title", "Second night", "--tags", "b,c")
    asked = mine("session", "merge", first, second)
    assert asked.status == 2
    assert "Nobody is here to answer" in asked.stderr
    assert mine("session", "merge", first, second, "-n").stderr.startswith(
        f"session {second} would become part"
    )
    assert len(sessions(mine)) == 2
    assert mine("session", "merge", first, second, "-y").status == 0
    (whole,) = sessions(mine)
    assert (str(whole["id"]), whole["title"], whole["tokens"]) == (first, "Second night", 235)
    assert (whole["started_at"], whole["ended_at"]) == ("2026-01-01T18:00:00Z", "2026-01-02T18:30:00Z")
    shown = mine("session", "show", first, "--json").json
    assert (shown["tags"], shown["broadcasts"], shown["live"]) == (["a", "b", "c"], 2, 70 * 60)
    assert is_sound(database)
    assert mine("session", "split", first, "--at", "2026-01-02 18:00Z", "--title", "Again").status == 0
    assert times(mine) == [("18:00", "18:00", "manual"), ("18:00", "18:30", "manual")]
    assert [row["title"] for row in sessions(mine)] == ["Second night", "Again"]
    assert [row["tokens"] for row in sessions(mine)] == [215, 20]
    assert is_sound(database)


def test_what_cannot_be_one_or_two(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    mine("session", "start", "--room", "other_room", "--at", "2026-01-05")
    mine("session", "add", "--from", "2026-01-02 02:00Z", "--to", "2026-01-02 03:00Z")
    first, between, second, other = (
        str(row["id"]) for row in mine("session", "list", "--json", CHATURBATE_USERNAME="").json[::-1]
    )
    for words, said in (
        ([first, first], "is one already"),
        ([first, other], "of other_room"),
        ([first, second], f"session {between} lasts from"),
        ([second, first], f"it lies between them: mhc session merge {second} {between} first"),
    ):
        run = mine("session", "merge", *words, "-y")
        assert run.status == 2
        assert said in run.stderr
    assert mine("session", "merge", first, "999", "-y").status == 3
    for at in ("2026-01-01 18:00Z", "2026-01-01 18:40Z"):
        run = mine("session", "split", first, "--at", at)
        assert run.status == 2
        assert "choose a time inside it" in run.stderr


def test_a_live_session_is_split_and_goes_on(database: Database, mine: MhcHere) -> None:
    with database.write() as conn:
        factories.store(
            conn,
            [happening(0, "broadcastStart"), happening(1, "userEnter", "viewer_one"), chat(20, "viewer_one")],
        )
    (one,) = sessions(mine)
    run = mine("session", "split", str(one["id"]), "--at", "2026-01-01 18:10Z")
    assert run.status == 0
    assert "is live until you end it: mhc session stop" in run.stderr
    assert times(mine) == [("18:00", "18:10", "manual"), ("18:10", None, "manual")]
    assert [row["messages"] for row in sessions(mine)] == [0, 1]
    assert is_sound(database)
    assert mine("session", "merge", str(one["id"]), str(sessions(mine)[1]["id"]), "-y").status == 0
    assert times(mine) == [("18:00", None, "manual")]


def test_notes_go_with_their_session(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    first = str(sessions(mine)[0]["id"])
    with database.write() as conn:
        room = people.ids_of(conn, ["example_room"])["example_room"]
        session_notes.add(conn, room, "at the start", at=minute(0), now=minute(5000))
        session_notes.add(conn, room, "near the end", at=minute(35), now=minute(5000))

    def noted(number: str) -> list[tuple[str, str]]:
        return [
            (one["at"][11:16], one["body"]) for one in mine("session", "show", number, "--json").json["notes"]
        ]

    assert (
        mine("session", "edit", first, "--from", "2026-01-01 18:05Z", "--to", "2026-01-01 18:30Z").status == 0
    )
    assert noted(first) == [("18:05", "at the start"), ("18:05", "near the end")]
    assert (
        mine("session", "edit", first, "--from", "2026-01-01 17:00Z", "--to", "2026-01-01 18:40Z").status == 0
    )
    assert noted(first) == [("18:05", "at the start"), ("18:05", "near the end")]
    assert mine("session", "split", first, "--at", "2026-01-01 18:02Z").status == 0
    assert noted(first) == []
    assert len(noted(str(sessions(mine)[1]["id"]))) == 2


def test_a_time_of_day_is_one_of_that_session(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    first, second = (str(row["id"]) for row in sessions(mine))
    mine.environ["MHC_TIMEZONE"] = "Europe/Berlin"  # 19:00 to 19:40, and the next evening to 19:30
    assert mine("session", "split", first, "--at", "19:20", "-n").stderr.endswith("at 2026-01-01T18:20:00Z\n")
    assert mine("session", "note", first, "well", "--at", "19:30", "--json").json[0]["at"] == (
        "2026-01-01T18:30:00Z"
    )
    assert mine("session", "note", first, "well", "--at", "20:00").status == 2
    assert mine("session", "edit", first, "--from", "18:50", "--to", "00:10").status == 0
    assert mine("session", "edit", second, "--from", "18:50:30", "--to", "19:45").status == 0
    assert [row["started_at"] for row in sessions(mine)] == ["2026-01-01T17:50:00Z", "2026-01-02T17:50:30Z"]
    assert [row["ended_at"] for row in sessions(mine)] == ["2026-01-01T23:10:00Z", "2026-01-02T18:45:00Z"]
    assert mine("session", "split", first, "--at", "00:05").status == 0  # past midnight
    assert sessions(mine)[1]["started_at"] == "2026-01-01T23:05:00Z"


def test_a_session_that_lasts_ends_at_the_time_of_day_nearest_to_now(
    database: Database, mine: MhcHere
) -> None:
    with database.write() as conn:
        factories.store(conn, [happening(0, "broadcastStart"), chat(20, "viewer_one")])
    (one,) = sessions(mine)
    at = utc_now().replace(second=0, microsecond=0) - timedelta(minutes=7)
    assert mine("session", "edit", str(one["id"]), "--to", f"{at:%H:%M}").status == 0
    assert sessions(mine)[0]["ended_at"] == iso_z(at)


def test_on_a_terminal_times_are_those_of_the_zone_as_in_tables(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    first, second = (str(row["id"]) for row in sessions(mine))
    mine.environ |= {"MHC_TIMEZONE": "Europe/Berlin", "MHC_FORCE_TTY": "80"}
    lasts = "2026-01-01 19:00 to 2026-01-01 19:40"
    for words, said in (
        (["start", "--at", "2026-01-01 19:10"], f"session {first} lasts from {lasts}"),
        (
            ["add", "--from", "2026-01-01 19:10", "--to", "2026-01-01 19:20"],
            f"session {first} lasts from {lasts}",
        ),
        (["edit", second, "--from", "2026-01-01 19:10"], f"session {first} lasts from {lasts}"),
        (["edit", first, "--to", "18:30"], "it would end at 2026-01-01 18:30, and begin at 2026-01-01 19:00"),
        (["split", first, "--at", "19:50"], f"session {first} lasts from {lasts}"),
        (["note", first, "well", "--at", "19:50"], f"session {first} lasts from {lasts}"),
        (["add", "--from", "2026-01-03 19:00", "--to", "2999-01-01"], "2999-01-01 00:00 is in the future"),
        (
            ["list", "--since", "2026-11-20", "--until", "2026-11-10"],
            "the range begins (2026-11-20 00:00) after it ends (2026-11-11 00:00)",
        ),
    ):
        run = mine("session", *words)
        assert (run.status, said in run.stderr) == (2, True), (words, run.stderr)
    assert mine("session", "edit", first, "--to", "19:30", "-n").stderr.endswith(
        "2026-01-01 19:00 to 2026-01-01 19:30\n"
    )
    assert mine("session", "start", "--at", "2026-01-09 20:00").stderr.endswith("at 2026-01-09 20:00\n")
    assert "is live since 2026-01-09 20:00" in mine("session", "start").stderr
    assert mine("session", "stop", "--at", "2026-01-09 21:00").stderr.endswith("at 2026-01-09 21:00\n")
    # For programs they are UTC.
    backwards = ["--since", "2026-11-20", "--until", "2026-11-10"]
    assert "(2026-11-19T23:00:00Z)" in mine("session", "list", "--json", *backwards).error["message"]
    assert "(2026-11-19T23:00:00Z)" in mine("session", "list", *backwards, MHC_FORCE_TTY="").stderr
