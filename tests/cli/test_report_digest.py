"""`mhc report digest`: a story of nine evenings, its figures worked out by hand, on both databases."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from command import MhcHere
from factories import DAY, ROOM, chat, cover, happening, media, minute, private, show, store, tip
from mhc.store import coverage, identity, people, runs, streams
from mhc.store.database import Database
from mhc.store.streams import Kind

# Who comes on which of the evenings 0 to 8; the digest is that of the last one.
EVENINGS = {
    "steady_one": range(9),
    "back_one": (0, 1, 2, 8),  # three of ten, then five missed
    "soon_back": (0, 1, 3, 8),  # only four missed
    "gone_one": (0, 1, 3),  # the fifth that they miss is the last one
    "gone_before": (0, 1, 2),  # theirs was the one before
    "almost_gone": (2, 3, 4),  # missed four by then
    "seldom_one": (0, 1, 8),  # was no regular
    "new_one": (8,),
}
LAST = 8 * DAY  # its first minute, 2026-01-09 18:00


def evening(day: int) -> list[Any]:
    return show(day, *(who for who, days in EVENINGS.items() if day in days), minutes=30)


@pytest.fixture
def mine(cli: MhcHere, database: Database) -> MhcHere:
    paid = [
        tip(LAST + 5, "steady_one", 700),  # big before, too
        tip(LAST + 6, "new_one", 450),
        media(LAST + 7, "new_one", 60),
        tip(LAST + 8, "back_one", 40),
        tip(LAST + 9, "seldom_one", 5000, anonymous=True),
        tip(LAST + 10, "seldom_one", 30),
        happening(LAST + 11, "follow", "new_one"),
        happening(LAST + 12, "follow", "back_one"),
        happening(LAST + 13, "unfollow", "seldom_one"),
        private(LAST + 14, "new_one", ROOM, "psst, a secret"),
        chat(LAST + 15, "new_one", "words of chat"),
    ]
    first = [tip(10, "steady_one", 600), tip(11, "seldom_one", 20, anonymous=True)]
    more = {0: first, 8: paid}
    with database.write() as conn:
        for day in range(9):
            *begin, stop = evening(day)
            store(conn, [*begin, *more.get(day, []), stop], page=day)
            cover(conn, day * DAY - 10, day * DAY + 70)
    cli.environ |= {"CHATURBATE_USERNAME": ROOM, "MHC_TIMEZONE": "Europe/Berlin"}
    return cli


def digest(cli: MhcHere, *words: str) -> dict[str, Any]:
    run = cli("report", "digest", "--json", *words)
    assert run.status == 0, run.stderr
    found: dict[str, Any] = run.json
    return found


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["username"] for row in rows]


def test_the_last_session_comes_first(mine: MhcHere) -> None:
    found = digest(mine)

    assert found["range"] == {"since": "2026-01-09T18:00:00Z", "until": None}
    assert (found["room"], found["timezone"], found["excluded"], found["sessions"]) == (
        ROOM,
        "Europe/Berlin",
        0,
        1,
    )
    # 700 + 450 + 60 + 40 + 5000 + 30 tokens; five tips, by name of four people. Who paid most openly is named.
    assert found["session"] == {
        "room": ROOM,
        "state": "closed",
        "started_at": "2026-01-09T18:00:00Z",
        "ended_at": "2026-01-09T18:30:00Z",
        "tokens": 6280,
        "tips": 5,
        "tippers": 4,
        "best_tipper": "steady_one",
        "best_tokens": 700,
        "unique_visitors": 5,
        "new_followers": 2,
        "coverage": 1.0,
    }
    assert found["followers"] == {"follows": 2, "unfollows": 1, "net": 1}


def test_a_regular_who_missed_five_sessions_is_told_of_once(mine: MhcHere) -> None:
    found = digest(mine)

    assert found["returned"] == [
        {"username": "back_one", "missed": 5, "last_session_at": "2026-01-03T18:00:00Z"}
    ]
    assert found["missing"] == [
        {"username": "gone_one", "missed": 5, "last_session_at": "2026-01-04T18:00:00Z"}
    ]
    evening_before = digest(mine, "--since", "2026-01-08", "--until", "2026-01-08")
    assert (evening_before["returned"], names(evening_before["missing"])) == ([], ["back_one", "gone_before"])


def test_who_was_seen_only_to_leave_was_there(mine: MhcHere, database: Database) -> None:
    mine("watchlist", "add", "Friends", "gone_one")
    with database.write() as conn:
        store(conn, [happening(LAST + 20, "userLeave", "gone_one")], page=30)
    found = digest(mine)

    assert names(found["missing"]) == []
    assert names(found["came"]) == ["gone_one"]


def test_over_a_longer_time_who_is_back_is_not_missing(mine: MhcHere) -> None:
    found = digest(mine, "--since", "2026-01-01")

    assert names(found["returned"]) == ["back_one"]
    assert [(one["username"], one["missed"]) for one in found["missing"]] == [
        ("gone_before", 6),
        ("gone_one", 5),
    ]


def test_nobody_misses_a_session_at_which_nobody_was_seen(mine: MhcHere) -> None:
    for day in range(10, 15):
        begin = f"2026-01-{day}T18:00:00Z"
        assert mine("session", "add", "--from", begin, "--to", begin.replace("18", "19")).status == 0

    assert digest(mine, "--since", "2026-01-10")["missing"] == []


def test_who_comes_back_after_a_long_time_was_a_regular_then(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        for day in range(9, 40):
            seldom = ["rare_one"] if day in {10, 21, 33, 39} else []  # three times, but not of ten in a row
            store(
                conn,
                show(day, "steady_one", *seldom, *(["gone_one"] if day == 39 else [])),
                page=day + 100,
            )

    assert [(one["username"], one["missed"]) for one in digest(mine)["returned"]] == [("gone_one", 35)]


def test_a_session_that_goes_on_is_missed_by_nobody_yet(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:  # it would be the fifth that almost_gone misses
        store(conn, show(9, "steady_one")[:2], page=50)
    found = digest(mine)

    assert found["session"]["ended_at"] is None
    assert found["missing"] == []
    text = mine("report", "digest", "--format", "text").stdout
    assert "  2026-01-10 19:00: it goes on\n" in text


def test_new_big_tippers_paid_so_much_for_the_first_time(mine: MhcHere) -> None:
    # steady_one had paid 600 before; whoever hid behind 5,000 is nobody.
    assert digest(mine)["big_tippers"] == [{"username": "new_one", "tokens": 510}]
    assert digest(mine, "--big", "511")["big_tippers"] == []
    assert names(digest(mine, "--big", "700")["big_tippers"]) == ["steady_one"]
    first = digest(mine, "--since", "2026-01-01", "--until", "2026-01-01")  # what came later is not before
    assert first["big_tippers"] == [{"username": "steady_one", "tokens": 600}]
    everything = digest(mine, "--since", "2026-01-01", "--until", "2026-01-09T18:06:00Z")
    assert everything["big_tippers"] == [{"username": "steady_one", "tokens": 1300}]


def test_a_first_tip_is_the_first_by_name(mine: MhcHere) -> None:
    assert digest(mine)["first_tips"] == [
        {"username": "new_one", "tokens": 510, "at": "2026-01-09T18:06:00Z"},
        {"username": "back_one", "tokens": 40, "at": "2026-01-09T18:08:00Z"},
        {"username": "seldom_one", "tokens": 30, "at": "2026-01-09T18:10:00Z"},
    ]


def test_a_tip_of_a_merged_person_is_no_first_one(mine: MhcHere) -> None:
    assert mine("person", "merge", "steady_one", "new_one", "-y").status == 0
    found = digest(mine)

    assert names(found["first_tips"]) == ["back_one", "seldom_one"]
    assert found["big_tippers"] == []


def test_renames_are_told_and_former_names_are_not(mine: MhcHere, database: Database) -> None:
    assert mine("person", "rename", "new_one", "newer_one").status == 0
    assert mine("person", "rename", "newer_one", "newest_one").status == 0
    assert mine("alias", "add", "back_one", "once_called", "--former").status == 0
    now = datetime.now(UTC)
    with database.write() as conn:  # the same number under a name that was a person already
        identity.note_ids(conn, "steady_one", did=77, source="statbate", at=now - timedelta(minutes=2))
        identity.note_ids(conn, "gone_one", did=77, source="statbate", at=now - timedelta(minutes=1))

    assert [(one["old"], one["new"], one["source"]) for one in digest(mine)["renames"]] == [
        ("steady_one", "gone_one", "did"),
        ("new_one", "newer_one", "manual"),
        ("newer_one", "newest_one", "manual"),
    ]


def test_lists_say_who_moved_and_who_of_them_was_there(mine: MhcHere) -> None:
    for who in ("new_one", "back_one", "gone_one"):
        mine("watchlist", "add", "Friends", who)
    mine("watchlist", "create", "Night Owls")
    mine("watchlist", "add", "Night Owls", "new_one")
    mine("watchlist", "remove", "Friends", "back_one")
    found = digest(mine)

    assert [(one["list"], one["username"]) for one in found["added"]] == [
        ("Friends", "new_one"),
        ("Friends", "back_one"),
        ("Friends", "gone_one"),
        ("Night Owls", "new_one"),
    ]
    assert [(one["list"], one["username"]) for one in found["removed"]] == [("Friends", "back_one")]
    assert found["came"] == [{"username": "new_one", "watchlists": ["Friends", "Night Owls"], "tokens": 510}]


def test_jobs_that_failed_are_told_once_each(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        for day, state in (
            (1, runs.State.FAILED),
            (9, runs.State.FAILED),
            (10, runs.State.FAILED),
            (11, runs.State.OK),
        ):
            run = runs.begin(conn, "db-prune", "testhost", minute(day * DAY))
            runs.end(conn, run, minute(day * DAY + 1), state, "disk full" if day == 10 else None)

    assert digest(mine)["failed_jobs"] == [
        {
            "job": "db-prune",
            "times": 2,
            "last_at": "2026-01-11T18:00:00Z",
            "state": "failed",
            "error": "disk full",
        }
    ]
    said = mine("report", "digest", "--format", "text").stdout
    assert "  db-prune: 2 times, the last at 2026-01-11 19:00, failed: disk full\n" in said
    said = mine(
        "report", "digest", "--since", "2026-01-01", "--until", "2026-01-05", "--format", "text"
    ).stdout
    assert "  db-prune: once, the last at 2026-01-02 19:00, failed\n" in said


def test_gaps_that_reach_into_the_time_are_told(mine: MhcHere, database: Database) -> None:
    with database.write() as conn:
        source = streams.ensure(conn, ROOM, Kind.LIVE, "testserver", minute(0))
        coverage.add_gap(conn, source.id, None, minute(LAST + 3), cause="first start", certain=False)
        coverage.add_gap(conn, source.id, minute(DAY), minute(LAST), cause="before", certain=True)
        coverage.add_gap(conn, source.id, minute(LAST - 5), minute(LAST + 5), cause="away", certain=False)

    assert digest(mine)["gaps"] == [
        {
            "room": ROOM,
            "from_at": "2026-01-09T17:55:00Z",
            "to_at": "2026-01-09T18:05:00Z",
            "cause": "away",
            "certainty": "possible",
        }
    ]


def test_excluded_people_are_nowhere_and_counted(mine: MhcHere) -> None:
    for who in ("new_one", "gone_one", "back_one"):
        mine("watchlist", "add", "Friends", who)
        mine("person", "exclude", who)
    mine("person", "rename", "new_one", "newer_one")
    run = mine("report", "digest", "--json")

    assert run.json["excluded"] == 3
    assert not {"new_one", "newer_one", "gone_one", "back_one"} & set(run.stdout.replace('"', " ").split())
    assert run.json["session"]["tokens"] == 6280 - 450 - 60 - 40
    assert names(digest(mine, "--include-excluded")["returned"]) == ["back_one"]


TEXT = """\
Digest of example_room
time: 2026-01-09 19:00 to now
zone: Europe/Berlin
captured: 0.1%

Session
  2026-01-09 19:00: 30m 00s
  6,280 tokens, 5 tips, 4 tippers
  best tipper: steady_one, 700 tokens
  5 visitors, 2 new followers

Regulars who came back (1)
  back_one: missed 5 sessions, last at that of 2026-01-03 19:00

Regulars who went missing (1)
  gone_one: missed 5 sessions, last at that of 2026-01-04 19:00

New big tippers (1)
  new_one: 510 tokens

First tips (3)
  new_one: 510 tokens
  back_one: 40 tokens
  seldom_one: 30 tokens

Followers
  2 began to follow, 1 ceased: +1
"""


def test_as_text(mine: MhcHere) -> None:
    run = mine("report", "digest", "--format", "text")

    assert (run.status, run.stdout, run.stderr) == (0, TEXT, "")
    assert mine("report", "digest", MHC_FORCE_TTY="80").stdout == TEXT


def test_as_markdown(mine: MhcHere) -> None:
    lines = mine("report", "digest", "--format", "markdown").stdout.splitlines()

    assert lines[:8] == [
        "# Digest of example\\_room",
        "",
        "- time: 2026-01-09 19:00 to now",
        "- zone: Europe/Berlin",
        "- captured: 0.1%",
        "",
        "## Session",
        "",
    ]
    assert "## Regulars who came back (1)" in lines
    assert "- new\\_one: 510 tokens" in lines


def test_as_a_page(mine: MhcHere) -> None:
    text = mine("report", "digest", "--format", "html").stdout
    run = mine("report", "digest", "--html", "page.html")

    assert text.startswith("<!doctype html>")
    assert "<li><bdi>new_one</bdi>: 510 tokens</li>" in text
    assert (run.stdout, run.stderr) == ("", "wrote page.html\n")
    assert (mine.home / "page.html").read_text() == text
    assert (mine.home / "page.html").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_nothing_that_somebody_wrote_or_hid_is_in_it(mine: MhcHere, form: str) -> None:
    mine("person", "name", "new_one", "--private", "Real Name")
    mine("watchlist", "add", "Friends", "new_one", "--note", "a note of mine")
    text = mine("report", "digest", "--format", form).stdout + mine("report", "digest", "--json").stdout

    for hidden in ("psst", "words of chat", "Real Name", "a note of mine", "5,000", "5000"):
        assert hidden not in text


HOSTILE = "<script>alert(1)</script> *x* [a](http://b) \x1b[2J\u202eevil"


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_hostile_names_are_only_text(mine: MhcHere, database: Database, form: str) -> None:
    with database.write() as conn:
        store(conn, [tip(LAST + 20, HOSTILE, 900)], page=60)
        run = runs.begin(conn, "db-prune", "testhost", minute(LAST + 1))
        runs.end(conn, run, minute(LAST + 2), runs.State.FAILED, f"broke: {HOSTILE}")
    mine("watchlist", "create", "# <b>mine</b>")
    with database.read() as conn:
        name = next(one for one in people.usernames(conn) if "script" in one)
        (number,) = people.ids_of(conn, [name]).values()
    assert mine("watchlist", "add", "# <b>mine</b>", f"id:{number}").status == 0
    text = mine("report", "digest", "--format", form).stdout

    assert "script" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    if form == "html":
        assert "<script" not in text
        assert "<b>" not in text
    if form == "markdown":
        assert "\\<script\\>alert\\(1\\)\\</script\\> \\*x\\* \\[a\\]\\(http\\://b\\)" in text
        assert "- \\# \\<b\\>mine\\</b\\>: " in text


def test_while_others_see_the_screen_it_names_no_amount(mine: MhcHere) -> None:
    for words in (["--format", "text"], ["--format", "markdown"], ["--format", "html"], ["--json"], []):
        text = mine("report", "digest", *words, MHC_SCREEN_SAFE="1").stdout
        assert "steady" in text
        assert not [amount for amount in ("6,280", "6280", "700", "510") if amount in text]


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_where_nothing_was_captured_one_line_says_so_and_cron_hears_of_it(mine: MhcHere, form: str) -> None:
    words = ("report", "digest", "--since", "2026-02-01", "--until", "2026-02-01", "--format", form)
    run = mine(*words)

    assert (run.status, run.stdout) == (0, "")
    unknown = "nothing happened that is known, and nothing was captured, from"
    assert run.stderr == f"example_room: {unknown} 2026-02-01 00:00 to 2026-02-02 00:00\n"
    quiet = mine("-q", *words)
    assert quiet == run, "a listener that is dead is not a quiet day"
    assert mine(*words[:-2]).stdout.startswith("range.since\t"), "a program gets the empty digest whole"
    mine(*words[:-2], "--html", "page.html")
    assert "nothing happened" in (mine.home / "page.html").read_text()


def test_without_any_session_it_is_of_all_there_is(cli: MhcHere) -> None:
    found = digest(cli)

    assert found["range"] == {"since": None, "until": None}
    assert (found["session"], found["coverage"], found["returned"]) == (None, None, [])
    run = cli("report", "digest", "--format", "text")
    assert (run.status, run.stdout, run.stderr) == (
        0,
        "",
        "every room: nothing happened that is known, and nothing was captured, from the beginning to now\n",
    )


def test_of_a_time_that_was_not_captured_no_zero_is_said(mine: MhcHere) -> None:
    dark = ("--since", "2026-02-01", "--until", "2026-02-01")
    found = digest(mine, *dark)

    assert (found["coverage"], found["sessions"]) == (None, None)
    assert found["followers"] == {"follows": None, "unfollows": None, "net": None}
    assert "nothing was captured in that time" in mine("report", "digest", *dark, "--json").stderr
    added = mine("session", "add", "--from", "2026-02-01T18:00:00Z", "--to", "2026-02-01T19:00:00Z")
    assert (added.status, digest(mine, *dark)["sessions"]) == (0, 1), "one made by hand is known"
    for form in ("text", "markdown", "html"):
        said = mine("report", "digest", *dark, "--format", form).stdout
        assert "captured: nothing" in said or "<dt>captured</dt><dd><bdi>nothing</bdi>" in said


def test_where_it_was_captured_nothing_is_a_zero(mine: MhcHere) -> None:
    dark = ("--since", "2026-01-01T17:50:00Z", "--until", "2026-01-01T18:00:00Z")  # before the first show
    found = digest(mine, *dark)

    assert (found["coverage"]["share"], found["sessions"]) == (1.0, 0)
    assert found["followers"] == {"follows": 0, "unfollows": 0, "net": 0}
    said = mine("report", "digest", *dark, "--format", "text").stderr
    assert said == "example_room: nothing happened from 2026-01-01 18:50 to 2026-01-01 19:00\n"
    quiet = mine("-q", "report", "digest", *dark, "--format", "text")
    assert (quiet.status, quiet.stdout, quiet.stderr) == (0, "", ""), "cron mails nothing"


def test_of_a_time_to_come_it_says_that(mine: MhcHere) -> None:
    later = ("report", "digest", "--since", "2100-01-01", "--format", "text")
    run = mine(*later)
    assert (run.status, run.stdout) == (0, "")
    assert (
        run.stderr
        == "example_room: nothing happened yet: the time from 2100-01-01 00:00 on lies in the future\n"
    )
    assert mine("-q", *later).stderr == ""
    mine(*later[:-2], "--until", "2100-01-01", "--html", "page.html")
    page = (mine.home / "page.html").read_text()
    assert "the time from 2100-01-01 00:00 to 2100-01-02 00:00 lies in the future" in page


def test_a_page_is_in_no_other_form(mine: MhcHere) -> None:
    run = mine("report", "digest", "--format", "text", "--html", "page.html")
    assert (run.status, run.stderr) == (2, "mhc: --format text and --html contradict each other\n")
    assert not (mine.home / "page.html").exists()
    whole = mine("report", "digest", "--html", "-")
    assert whole.stdout == mine("report", "digest", "--format", "html").stdout
    assert (whole.stderr, (mine.home / "-").exists()) == ("", False)


def test_captured_is_of_the_whole_time_that_was_asked_for(mine: MhcHere) -> None:
    # 1 hour 20 of the two days that begin at 18:50 of the 8th in Berlin, 80 of 2,880 minutes.
    days = ("--since", "2026-01-08T17:50:00Z", "--until", "2026-01-10T17:50:00Z")
    one = ("--since", "2026-01-09T17:50:00Z", "--until", "2026-01-09T19:10:00Z")

    assert "captured: 5.6%\n" in mine("report", "digest", *days, "--format", "text").stdout
    assert digest(mine, *days)["coverage"]["share"] == 0.0556
    assert "captured: 100%\n" in mine("report", "digest", *one, "--format", "text").stdout


def test_a_time_to_come_is_empty(mine: MhcHere) -> None:
    assert mine("report", "digest", "--since", "2030-01-01", "--format", "text").stdout == ""


def test_a_digest_of_several_sessions_says_how_many(mine: MhcHere) -> None:
    text = mine("report", "digest", "--since", "2026-01-07", "--format", "text").stdout

    assert "  the last of 3 sessions in that time\n" in text


def test_of_only_anonymous_tips_nobody_is_named(cli: MhcHere, database: Database) -> None:
    with database.write() as conn:
        start, stop = show(0, minutes=30)
        store(conn, [start, tip(5, "hidden_one", 900, anonymous=True), stop])
    run = cli("report", "digest", "--json")

    session = run.json["session"]
    assert (session["tokens"], session["tippers"], session["best_tipper"]) == (900, 0, None)
    assert run.json["session"]["coverage"] is None
    assert (run.json["big_tippers"], run.json["first_tips"]) == ([], [])
    assert "hidden_one" not in run.stdout
    assert "  900 tokens, 1 tip, 0 tippers\n" in cli("report", "digest", "--format", "text").stdout


def test_what_a_program_reads_has_no_words_for_people(mine: MhcHere) -> None:
    run = mine("report", "digest", "--format", "text", "-o", "json")

    assert (run.status, run.stdout) == (2, "")
    assert json.loads(run.stderr)["error"]["message"] == "--format text and -o json contradict each other"


def test_a_digest_of_what_is_not_complete_says_so_by_its_status(mine: MhcHere) -> None:
    assert mine("report", "digest", "--until", "2026-01-09T19:00:00Z", "--require-complete").status == 0
    run = mine("report", "digest", "--require-complete")

    assert run.status == 4
    assert run.stdout
