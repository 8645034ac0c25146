"""Sessions to which nobody listened: what is not known of them is unknown, and not 0, and is in no rate."""

from typing import Any

import pytest

from command import MhcHere
from factories import ROOM, cover, happening, store, tell_story
from mhc.store.database import Database

TOLD = ("tokens", "tips", "tippers", "messages")  # by pasted lines, too
HEARD = ("unique_visitors", "new_followers")
TOTALS = (*TOLD, *HEARD, "tokens_per_hour", "unfollows", "net_followers")
FIGURES = (
    "media",
    "media_tokens",
    "fanclub_joins",
    "chatters",
    "known_peak",
    "known_mean",
    "visits",
    "quick_visits",
)
DARK = "--since", "2026-02-01", "--until", "2026-02-01"


@pytest.fixture
def mine(cli: MhcHere, database: Database) -> MhcHere:
    """Two shows that were captured, and one of two hours by hand, a month later, to which nobody listened."""
    tell_story(database)
    cli.environ |= {"CHATURBATE_USERNAME": ROOM, "MHC_TIMEZONE": "UTC"}
    by_hand(cli, "2026-02-01 20:00Z", "2026-02-01 22:00Z")
    return cli


def by_hand(cli: MhcHere, begin: str, end: str) -> None:
    assert cli("session", "add", "--from", begin, "--to", end).status == 0


def asked(cli: MhcHere, *words: str) -> Any:
    run = cli(*words, "--json")
    assert run.status == 0, run.stderr
    return run.json


def values(row: dict[str, Any], *names: str) -> list[Any]:
    return [row[name] for name in names]


def test_what_nobody_heard_is_null(mine: MhcHere) -> None:
    assert set(values(asked(mine, "session", "list")[0], *TOLD, *HEARD)) == {None}
    whole = asked(mine, "session", "show")
    assert set(values(whole, *TOTALS, *FIGURES)) == {None}
    assert (whole["live"], whole["top_tippers"], whole["coverage"]) == (7200, [], 0.0)


def test_tables_have_a_dash_for_it(mine: MhcHere) -> None:
    table = mine(
        "session", "list", "-L", "1", "-o", "table", "--fields", "tokens,tips,unique_visitors"
    ).stdout
    assert table.splitlines()[-1].split() == ["-", "-", "-"]
    report = mine("report", "sessions", *DARK, "-o", "table", "--fields", "tokens,tokens_per_hour,chatters")
    assert report.stdout.splitlines()[-1].split() == ["-", "-", "-"]
    assert "all: 1 session, 2h 00m live\n" in report.stderr
    by_tokens = "report", "sessions", "--sort", "tokens", "-o", "tsv", "--no-headers", "--fields", "tokens"
    assert mine(*by_tokens).stdout.splitlines() == ["20", "215", ""]
    drawn = mine("report", "sessions", "--plot").stdout
    assert "2026-01-02" in drawn
    assert "2026-02-01" not in drawn  # what is unknown has no bar


def test_a_summary_says_that_it_is_unknown(mine: MhcHere) -> None:
    text = mine("session", "summary").stdout
    assert "- Total: Unknown\n- Tips: Unknown in Unknown tips; Unknown people tipped by name\n" in text
    assert "- Media: Unknown for Unknown\n- Fan club: Unknown joined\n- An hour live: Unknown\n" in text
    assert "- New: Unknown\n- Gone: Unknown\n- Net: Unknown\n" in text
    assert "- People: Unknown, Unknown of them for the first time\n- Visits: Unknown, Unknown of" in text
    assert "- Chat: Unknown lines by Unknown people\n" in text
    assert "## Tippers\n\n- Unknown\n" in text
    assert "## Highlights\n\n- Unknown\n" in text


def test_a_digest_says_nothing_of_it(mine: MhcHere) -> None:
    head = asked(mine, "report", "digest")["session"]
    assert set(values(head, *TOLD[:3], *HEARD, "best_tipper")) == {None}
    text = mine("report", "digest", "--format", "text").stdout
    assert "Session\n  2026-02-01 20:00: 2h 00m\n  nobody listened\n" in text


def test_it_is_in_no_total_and_no_rate(mine: MhcHere) -> None:
    found = asked(mine, "report", "sessions")
    # 215 and 20 tokens in 40 and 30 minutes, and not in three hours and ten minutes.
    assert values(found["totals"], "sessions", "live", "tokens", "tokens_per_hour") == [
        3,
        11_400,
        235,
        201.43,
    ]
    assert values(found["totals"], "tippers", "unique_visitors", "new_followers") == [2, 2, 1]
    assert [row["tokens"] for row in found["weeks"]] == [None, 235]
    assert [row["tokens_per_hour"] for row in found["months"]] == [None, 201.43]
    alone = asked(mine, "report", "sessions", *DARK)["totals"]
    assert alone["sessions"] == 1
    assert set(values(alone, *TOTALS)) == {None}


def test_of_no_session_at_all_the_totals_are_nothing(mine: MhcHere) -> None:
    totals = asked(mine, "report", "sessions", "--since", "2026-01-01", "--until", "2026-01-01T17:55Z")[
        "totals"
    ]
    assert values(totals, "sessions", *TOLD, *HEARD, "net_followers") == [0] * 8


def test_what_pasted_lines_tell_of_it_is_known(mine: MhcHere) -> None:
    by_hand(mine, "2026-02-02 20:00Z", "2026-02-02 21:00Z")
    lines = "[2026-02-02T20:05:00Z] viewer_one: hello\n[2026-02-02T20:10:00Z] viewer_two: hi\n"
    lines += "[2026-02-02T20:20:00Z] viewer_two tipped 25 tokens\n"
    assert mine("import", "chat", "-", "--save", stdin=lines).status == 0
    whole = asked(mine, "session", "show")
    assert values(whole, *TOLD, "tokens_per_hour", "chatters", "media") == [25, 1, 1, 2, 25.0, 2, 0]
    # viewer_two was there from their line to their tip: ten minutes of sixty.
    assert values(whole, *HEARD, "visits", "known_peak", "known_mean") == [None, None, None, 1, 0.17]
    assert values(asked(mine, "session", "list")[0], *TOLD, *HEARD) == [25, 1, 1, 2, None, None]
    found = asked(mine, "report", "sessions", "--since", "2026-02-01")
    assert values(found["totals"], *TOLD, *HEARD, "tokens_per_hour") == [25, 1, 1, 2, None, None, 25.0]
    head = asked(mine, "report", "digest")["session"]
    assert values(head, *TOLD[:3], "best_tipper") == [25, 1, 1, "viewer_two"]
    text = mine("session", "summary").stdout
    assert "- Chat: 2 lines by 2 people\n" in text
    assert "- People: 2, 0 of them for the first time\n- Visits: Unknown, Unknown of" in text


def test_a_show_of_an_instant_was_captured_where_that_was(database: Database, cli: MhcHere) -> None:
    with database.write() as conn:
        store(conn, [happening(0, "broadcastStart"), happening(0, "broadcastStop")])
    assert asked(cli, "session", "list")[0]["coverage"] is None
    with database.write() as conn:
        cover(conn, -10, 60)
    (row,) = asked(cli, "session", "list")
    assert (row["tokens"], row["coverage"], asked(cli, "session", "show")["coverage"]) == (0, 1.0, 1.0)
    assert asked(cli, "report", "sessions")["rows"][0]["coverage"] == 1.0


def test_a_show_that_was_captured_whole_and_had_no_highlight_says_so(
    database: Database, cli: MhcHere
) -> None:
    with database.write() as conn:
        store(conn, [happening(0, "broadcastStart"), happening(20, "broadcastStop")])
        cover(conn, -10, 10)
    assert "## Highlights\n\n- Unknown\n" in cli("session", "summary").stdout
    with database.write() as conn:
        cover(conn, 5, 60)
    text = cli("session", "summary").stdout
    assert "## Highlights\n\n- None\n" in text
    assert "## Tippers\n\n- Nobody\n" in text
