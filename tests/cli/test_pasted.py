"""What was pasted beside what was captured: in the inbox, the timeline and a comparison each line stands once.

A line that does not say when it was said has no time, and never one of 1970.
"""

from typing import Any

import pytest

from command import MhcHere
from factories import ROOM, tell_story
from mhc.store.database import Database

# Both were captured, at these very times.
CAPTURED = "[2026-01-01T18:10:00Z] viewer_one: psst\n[2026-01-01T18:11:00Z] example_room: yes?\n"
DATED = "[2025-05-01T20:05:00Z] viewer_one: hi\n[2025-05-01T20:06:00Z] example_room: hello\n"
UNDATED = "viewer_two: nobody knows when\n"


@pytest.fixture
def mhc(cli: MhcHere) -> MhcHere:
    cli.environ["CHATURBATE_USERNAME"] = ROOM
    config = cli.home / "config" / "mhc" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[search]\nmessages = true\n")
    config.chmod(0o600)
    return cli


def captured(database: Database, mhc: MhcHere) -> None:
    tell_story(database)
    assert mhc("db", "check", "--repair").status == 0  # the words of the messages


def paste(mhc: MhcHere, kind: str, text: str, *words: str) -> None:
    run = mhc("import", kind, "-", "--save", *words, stdin=text)
    assert (run.status, run.stderr.startswith("imported")) == (0, True), run.stderr


SHOWN = (
    ("inbox", "list"),
    ("inbox", "show", "viewer_one", "--private"),
    ("inbox", "search", "psst", "--private"),
    ("person", "timeline", "viewer_one", "--private"),
    ("person", "timeline", "viewer_one", "--private", "--sort", "at"),
    ("person", "compare", "viewer_one", "viewer_two"),
    ("event", "list", "--private"),
    ("event", "list", "--person", "viewer_one", "--sort", "happened_at"),
    ("note", "search", "psst", "--private"),
)


def test_what_was_captured_and_pasted_stands_once(database: Database, mhc: MhcHere) -> None:
    captured(database, mhc)
    before = [mhc(*words, "--json").json for words in SHOWN]
    paste(mhc, "pm", CAPTURED, "--with", "viewer_one")
    paste(mhc, "chat", "[2026-01-01T18:03:00Z] viewer_one: hello\n")
    paste(mhc, "tips", "[2026-01-01T18:05:00Z] viewer_one tipped 100 tokens\n")
    assert [mhc(*words, "--json").json for words in SHOWN] == before


def test_what_was_pasted_of_a_time_that_was_captured_but_is_not_in_the_capture_stands(
    database: Database, mhc: MhcHere
) -> None:
    """A listener may have missed a line; and who pastes an old talk without its times wants to read it."""
    captured(database, mhc)
    paste(mhc, "chat", "[2026-01-01T18:03:00Z] viewer_one: something else\n")
    paste(mhc, "pm", "viewer_one: of long ago\nexample_room: it was\n", "--with", "viewer_one")
    kinds = mhc("event", "list", "--private", "--json", "--person", "viewer_one").json
    assert {row["text"] for row in kinds if row["source"] == "paste"} == {
        "something else",
        "of long ago",
        "it was",
    }
    thread = mhc("inbox", "show", "viewer_one", "--private", "--json").json
    assert [row["text"] for row in thread] == ["psst", "yes?", "of long ago", "it was"]
    (partner,) = (row for row in mhc("inbox", "list", "--json").json if row["username"] == "viewer_one")
    assert (partner["received"], partner["sent"]) == (2, 2)
    (found,) = mhc("inbox", "search", "ago", "--private", "--json").json
    assert found["at"] is None


def test_what_may_have_been_captured_stands_not_twice_either(database: Database, mhc: MhcHere) -> None:
    captured(database, mhc)
    before = [mhc(*words, "--json").json for words in SHOWN]
    paste(mhc, "pm", "viewer_one: psst\nexample_room: yes?\n", "--with", "viewer_one")
    assert [mhc(*words, "--json").json for words in SHOWN] == before


def rows(mhc: MhcHere, *words: str) -> list[tuple[Any, ...]]:
    found = mhc(*words, "--json").json
    return [(row.get("username") or row["kind"], row.get("at", row.get("last_at"))) for row in found]


def test_who_wrote_at_an_unknown_time_comes_last_without_one(mhc: MhcHere) -> None:
    paste(mhc, "pm", UNDATED)
    paste(mhc, "pm", DATED, "--with", "viewer_one")
    both = [("viewer_one", "2025-05-01T20:06:00Z"), ("viewer_two", None)]
    for words in ([], ["--sort", "last_at"], ["--sort", "last_at:desc"]):
        assert rows(mhc, "inbox", "list", *words) == both
    assert rows(mhc, "inbox", "list", "--until", "2026-01-01") == both[:1]
    assert rows(mhc, "inbox", "list", "--since", "2025-01-01") == both[:1]
    assert "1970" not in mhc("inbox", "list", MHC_FORCE_TTY="100").stdout


def test_a_message_of_unknown_time_has_none(mhc: MhcHere) -> None:
    paste(mhc, "pm", UNDATED)
    assert rows(mhc, "inbox", "show", "viewer_two") == [("viewer_two", None)]
    assert rows(mhc, "inbox", "search", "knows", "--private") == [("viewer_two", None)]
    paste(mhc, "pm", DATED.replace("viewer_one", "viewer_two"), "--with", "viewer_two")
    for words in ([], ["--sort", "at"], ["--sort", "at:desc"], ["-L", "3"]):
        assert [at for _who, at in rows(mhc, "inbox", "show", "viewer_two", *words)][2:] == [None]
    assert rows(mhc, "inbox", "show", "viewer_two", "-L", "1") == [("viewer_two", "2025-05-01T20:06:00Z")]
    assert len(rows(mhc, "inbox", "show", "viewer_two", "--until", "2026-01-01")) == 2
    assert rows(mhc, "inbox", "search", "knows", "--private", "--until", "2026-01-01") == []


def test_what_has_no_time_is_the_last_of_a_timeline(mhc: MhcHere) -> None:
    paste(mhc, "chat", "viewer_one: nobody knows when\n[2025-05-01T20:05:00Z] viewer_one: hi\n")
    paste(mhc, "tips", "viewer_one tipped 25 tokens\n")
    dated = ("chat", "2025-05-01T20:05:00Z")
    found = rows(mhc, "person", "timeline", "viewer_one")
    assert found[0] == dated
    assert sorted(found[1:]) == [("chat", None), ("tip", None)]
    upwards = rows(mhc, "person", "timeline", "viewer_one", "--sort", "at")
    assert upwards == [dated, *found[:0:-1]]
    for limit in ("1", "2", "3"):
        assert rows(mhc, "person", "timeline", "viewer_one", "-L", limit) == found[: int(limit)]
        assert (
            rows(mhc, "person", "timeline", "viewer_one", "--sort", "at", "-L", limit)
            == upwards[: int(limit)]
        )
    assert rows(mhc, "person", "timeline", "viewer_one", "--until", "2026-01-01") == [dated]
    assert "1970" not in mhc("person", "timeline", "viewer_one", MHC_FORCE_TTY="100").stdout


def test_hours_are_made_of_known_times(mhc: MhcHere) -> None:
    said = "".join(f"[2025-05-01T20:{minute:02d}:00Z] viewer_one: line {minute}\n" for minute in range(30))
    paste(mhc, "chat", said + "".join(f"viewer_one: {word}\n" for word in ("a", "b", "c")) + UNDATED)
    one, two = mhc("person", "compare", "viewer_one", "viewer_two", "--json").json
    assert one["messages"] == 33
    assert (one["usual_hours"]["begin"], one["usual_hours"]["counted"]) == (20, 30)
    assert (two["messages"], two["usual_hours"], two["last_seen_at"]) == (1, None, None)


def test_a_list_of_events_ends_with_those_of_unknown_time(mhc: MhcHere) -> None:
    said = "".join(f"[2025-05-01T20:00:00Z] viewer_one: {number}\n" for number in range(1500))
    paste(mhc, "chat", said + "".join(f"viewer_one: {word}\n" for word in "abc"))
    for words in ([], ["--sort", "happened_at"], ["--sort", "happened_at:desc"], ["--person", "viewer_one"]):
        times = [row["happened_at"] for row in mhc("event", "list", "--json", *words).json]
        assert times == ["2025-05-01T20:00:00Z"] * 1500 + [None] * 3


@pytest.mark.parametrize("report", ["tippers", "income", "spending viewer_one", "tipmenu"])
def test_a_tip_of_unknown_time_is_in_no_range(mhc: MhcHere, report: str) -> None:
    paste(mhc, "chat", "viewer_one tipped 25 tokens\n")
    paste(mhc, "tipmenu", "25 - a song\n30 - a dance\n")

    assert paid(mhc, report) == 25
    for words in (["--until", "2026-02-01"], ["--since", "2025-01-01"], ["--since", "1970-01-01"]):
        assert paid(mhc, report, *words) == 0


def paid(mhc: MhcHere, report: str, *words: str) -> int:
    """Give what all rows of a report come to."""
    run = mhc("report", *report.split(), "--json", *words)
    assert run.status == 0, run.stderr
    return sum(row.get("tokens") or row.get("captured") or 0 for row in run.json["rows"])
