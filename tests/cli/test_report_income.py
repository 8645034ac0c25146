"""`mhc report income`: every token once, by figures that were added up by hand."""

import json
from typing import Any

import pytest

from command import MhcHere
from factories import DAY, ROOM, T0, cover, happening, minute, store, tell_story, tip
from mhc.store import people, snapshots
from mhc.store.database import Database
from mhc.store.snapshots import Asked, Reading

HEADER = "Timestamp,Token change,Token balance,Transaction type,User,Note\n"
Given = tuple[float, int, str, str]
# The story's first show, as the site has it: its tips some seconds off, one that was lost, a private show, a pay-out.
FIRST: list[Given] = [
    (5.01, 100, "Tip received", "viewer_one"),
    (6, 25, "Tip received", "viewer_two"),
    (7.1, 50, "Tip received", "viewer_one"),  # it names who was anonymous
    (8, 10, "Tip received", "viewer_two"),
    (9.1, 30, "Photos/videos sold", "viewer_two"),
    (12, 7, "Tip received", "viewer_lost"),
    (30, 60, "Private show", "viewer_one"),
    (31, 60, "Private show", "viewer_one"),
    (31.5, 6, "Spy on private show", "viewer_two"),
    (37, 60, "Private show", "viewer_one"),
    (38, 200, "Tokens purchased", ""),
    (39, 500, "Fan club membership", "viewer_two"),
    (300, 15, "Tip received", "viewer_two"),  # after the show, when nobody listened
    (600, -1123, "Tokens cashed out", ""),
]
NOTHING = dict.fromkeys(
    ("entries", "shows", "earned", "captured", "matched", "missing", "away", "other", "unexplained", "unchecked",
     "purchased", "paid_out", "spent", "rose", "fell", "earned_usd", "captured_usd")
)  # fmt: skip
LEDGER = dict.fromkeys(
    ("entries", "shows", "earned", "matched", "missing", "away", "other", "purchased", "paid_out", "spent"), 0
)
CAPTURE = dict.fromkeys(("captured", "unexplained", "unchecked"), 0)


@pytest.fixture
def mhc(cli: MhcHere) -> MhcHere:
    cli.environ |= {"CHATURBATE_USERNAME": ROOM, "MHC_TIMEZONE": "Europe/Berlin"}
    return cli


def ledger(rows: list[Given], balance: int = 0) -> str:
    text = HEADER
    for at, change, kind, who in rows:
        balance += change
        text += f"{minute(at):%Y-%m-%d %H:%M:%S.%f},{change},{balance},{kind},{who},\n"
    return text


def bring(mhc: MhcHere, rows: list[Given], balance: int = 0) -> None:
    run = mhc("import", "tokens", "-", "--zone", "utc", "--save", stdin=ledger(rows, balance))
    assert run.status == 0, run.stderr


def report(mhc: MhcHere, *words: str) -> Any:
    run = mhc("report", "income", "--json", *words)
    assert run.status == 0, run.stderr
    return run.json


def figures(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value}


def readings(db: Database, *given: tuple[float, int | None]) -> None:
    with db.write() as conn:
        who = people.ensure(conn, [ROOM], source="manual", at=T0)[ROOM]
        said = [(minute(at), {"token_balance": tokens}) for at, tokens in given]
        snapshots.add(
            conn, [Reading(who, Asked("stats"), at, json.dumps(one).encode(), one) for at, one in said]
        )


def test_the_report_is_the_promised_document(database: Database, mhc: MhcHere) -> None:
    tell_story(database)
    bring(mhc, FIRST)
    readings(database, (-15, 0), (15, 215), (62, 1108), (299, 1108), (700, 0))
    found = report(mhc, "--by", "session")
    first = NOTHING | LEDGER | CAPTURE | {
        "day": None, "started_at": "2026-01-01T18:00:00Z", "type": None, "entries": 12, "shows": 3, "earned": 908,
        "captured": 215, "matched": 215, "missing": 7, "other": 686, "purchased": 200, "rose": 1108, "fell": 0,
    }  # fmt: skip
    second = NOTHING | CAPTURE | {
        "day": None, "started_at": "2026-01-02T18:00:00Z", "type": None, "captured": 20, "unchecked": 20,
    }  # fmt: skip
    # Somebody listened before the first show, and after it.
    outside = NOTHING | LEDGER | CAPTURE | {
        "day": None, "started_at": None, "type": None, "entries": 2, "earned": 15, "away": 15, "paid_out": 1123,
        "rose": 0, "fell": 1108,
    }  # fmt: skip
    total = NOTHING | LEDGER | CAPTURE | {
        "entries": 14, "shows": 3, "earned": 923, "captured": 235, "matched": 215, "missing": 7, "away": 15,
        "other": 686, "unchecked": 20, "purchased": 200, "paid_out": 1123, "rose": 1108, "fell": 1108,
    }  # fmt: skip
    assert found == {
        "range": {"since": None, "until": None},
        "timezone": "Europe/Berlin",
        "room": ROOM,
        "sources": ["events", "ledger", "stats"],
        "coverage": {"since": "2026-01-01T17:50:00Z", "until": "2026-01-02T18:15:00Z", "share": 0.0717},
        "ledger": {
            "since": "2026-01-01T18:05:00.600Z", "until": "2026-01-02T04:00:00Z", "entries": 14, "missing": []
        },
        "balance": {
            "since": "2026-01-01T17:45:00Z", "until": "2026-01-02T05:40:00Z", "readings": 5, "checked": 2,
            "agree": 2, "differs_at": None,
        },
        "excluded": 0,
        "by": "session",
        "usd_per_token": None,
        "total": total,
        "compared": None,
        "rows": [first, second, outside],
    }  # fmt: skip


def test_what_was_not_earned_is_said_below_and_has_no_row_or_bar_of_its_own(
    database: Database, mhc: MhcHere
) -> None:
    tell_story(database)
    bring(mhc, FIRST)
    words = "report", "income", "--by", "type"
    for more in ((), ("--plot",)):
        run = mhc(*words, *more, MHC_FORCE_TTY="80")
        assert "Private show" in run.stdout
        assert "cashed out" not in run.stdout
        assert "not earned: 1,123 paid out, 200 bought\n" in run.stderr
        assert "not earned" not in mhc(*words, *more, MHC_FORCE_TTY="80", MHC_SCREEN_SAFE="1").stderr
    assert "cashed out" in mhc(*words).stdout, "a pipe has every row"
    assert "1,123" in mhc(*words, "--fields", "row,paid_out", MHC_FORCE_TTY="80").stdout
    page = mhc.home / "page.html"
    assert mhc(*words, "--html", str(page)).status == 0
    assert "cashed out" not in page.read_text()
    assert "1,123 paid out, 200 bought" in page.read_text()


def test_types_come_by_what_they_earned_and_days_are_those_of_the_zone(
    database: Database, mhc: MhcHere
) -> None:
    tell_story(database)
    bring(mhc, FIRST)
    rows = {row["type"]: figures(row) for row in report(mhc, "--by", "type")["rows"]}
    assert list(rows.items()) == [
        ("Fan club membership", {"type": "Fan club membership", "entries": 1, "earned": 500, "other": 500}),
        ("Tip received", {"type": "Tip received", "entries": 6, "earned": 207, "captured": 205, "matched": 185,
                          "missing": 7, "away": 15, "unchecked": 20}),
        ("Private show", {"type": "Private show", "entries": 3, "shows": 2, "earned": 180, "other": 180}),
        ("Photos/videos sold", {"type": "Photos/videos sold", "entries": 1, "earned": 30, "captured": 30,
                                "matched": 30}),
        ("Spy on private show", {"type": "Spy on private show", "entries": 1, "shows": 1, "earned": 6, "other": 6}),
        ("Tokens cashed out", {"type": "Tokens cashed out", "entries": 1, "paid_out": 1123}),
        ("Tokens purchased", {"type": "Tokens purchased", "entries": 1, "purchased": 200}),
    ]  # fmt: skip
    days = [(row["day"], row["earned"], row["captured"]) for row in report(mhc, "--by", "day")["rows"]]
    assert days == [
        ("2026-01-01", 908, 215),
        ("2026-01-02", 15, 20),
    ]  # the pay-out is of the second, in Berlin


def test_of_a_day_on_which_somebody_listened_is_known_that_nothing_was_captured(
    database: Database, mhc: MhcHere
) -> None:
    with database.write() as conn:
        store(conn, [happening(2 * DAY, "broadcastStart"), happening(2 * DAY + 60, "broadcastStop")])
        cover(conn, DAY - 600, DAY - 300)  # 08:00 to 13:00 in UTC, and only in the morning of that day
        cover(
            conn, 3 * DAY + 300, 3 * DAY + 480
        )  # from the last hour of the 4th in UTC, which is the 5th in Berlin, on
    bring(mhc, [(at * DAY, 60, "Private show", "viewer_one") for at in (1, 2, 3, 4)])

    def captured(*words: str) -> list[tuple[str, int | None]]:
        return [
            (row["day"] or row["started_at"] or "", row["captured"]) for row in report(mhc, *words)["rows"]
        ]

    one_day = "--by", "day", "--since", "2026-01-02", "--until", "2026-01-02"
    assert captured(*one_day) == [("2026-01-02", 0)]
    assert report(mhc, *one_day)["total"]["captured"] == 0
    assert captured("--by", "day") == [
        ("2026-01-02", 0),
        ("2026-01-03", None),
        ("2026-01-04", None),
        ("2026-01-05", 0),
    ]
    assert captured("--by", "session") == [("2026-01-03T18:00:00Z", None), ("", 0)]
    assert captured("--by", "day", "--since", "2026-01-02T15:00Z") == [
        ("2026-01-02", None), *captured("--by", "day")[1:]
    ]  # fmt: skip
    assert captured("--by", "type") == [("", None)]


def test_what_was_captured_and_is_not_in_a_whole_ledger_is_unexplained(
    database: Database, mhc: MhcHere
) -> None:
    tell_story(database)
    bring(mhc, [one for one in FIRST if one[1] != 25])
    total = report(mhc)["total"]
    assert (total["matched"], total["unexplained"], total["unchecked"]) == (190, 25, 20)
    assert report(mhc)["ledger"]["missing"] == []


def test_a_ledger_in_a_wrong_zone_is_suspected(database: Database, mhc: MhcHere) -> None:
    tell_story(database)
    later = [(at - 60, change, kind, who) for at, change, kind, who in FIRST]
    bring(mhc, later)
    run = mhc("report", "income", "--json")
    assert run.json["total"]["unexplained"] == 215
    said = (
        "warning: nothing that was captured is in the ledger: mhc import tokens FILE says which zone fits\n"
    )
    assert said in run.stderr


def test_a_table_shows_what_is_unchecked_and_how_far_the_ledger_reaches(
    database: Database, mhc: MhcHere
) -> None:
    tell_story(database)
    bring(mhc, FIRST)
    reaches = "the ledger reaches from 2026-01-01 19:05 to 2026-01-02 05:00: what was captured beyond is unchecked\n"
    run = mhc("report", "income", "--by", "type", MHC_FORCE_TTY="120")
    header, *rows = (line.split() for line in run.stdout.splitlines())
    assert header[-2:] == ["UNEXPLAINED", "UNCHECKED"]
    # Tips: 205 were captured, 185 of them in the ledger; the 20 of the second show came after its end.
    assert next(row for row in rows if row[0] == "Tip")[2:] == [
        *("207", "205", "185"), *("7", "15", "0"), *("0", "20")
    ]  # fmt: skip
    assert reaches in run.stderr

    # What the ledger does not reach at all, and what programs read, has the columns of always.
    for words in (["--until", "2026-01-01T19:00Z"], ["--since", "2026-01-02T18:00Z"], ["-o", "tsv"]):
        run = mhc("report", "income", *words, MHC_FORCE_TTY="120")
        assert "unchecked" not in (run.stdout + run.stderr).lower()


def test_where_a_row_is_missing_nothing_is_unexplained_and_the_place_is_told(
    database: Database, mhc: MhcHere
) -> None:
    tell_story(database)
    before, after = FIRST[:1], FIRST[2:]
    bring(mhc, before)
    bring(mhc, after, 125)
    found = mhc("report", "income", "--json")
    assert found.json["ledger"]["missing"] == [
        {"after": "2026-01-01T18:05:00.600Z", "before": "2026-01-01T18:07:06Z", "tokens": 25}
    ]
    assert (found.json["total"]["unexplained"], found.json["total"]["unchecked"]) == (0, 45)
    assert "rows of the ledger are missing at 1 place: another file may have them\n" in found.stderr


def test_a_range_is_half_open_and_a_pair_counts_when_it_was_captured(
    database: Database, mhc: MhcHere
) -> None:
    tell_story(database)
    bring(mhc, FIRST)
    words = ("--since", "2026-01-01T18:06Z", "--until", "2026-01-01T18:09Z", "--by", "type")
    total = report(mhc, *words)["total"]
    assert (total["earned"], total["captured"], total["matched"]) == (85, 85, 85)
    halves = [
        report(mhc, "--until", "2026-01-01T18:07Z")["total"], report(mhc, "--since", "2026-01-01T18:07Z")["total"]
    ]  # fmt: skip
    whole = report(mhc)["total"]
    for name in ("earned", "captured", "matched", "missing", "away", "other", "purchased", "paid_out"):
        assert sum(half[name] or 0 for half in halves) == whole[name], name


def test_without_a_ledger_there_is_what_was_captured_and_how_the_balance_rose(
    database: Database, mhc: MhcHere
) -> None:
    tell_story(database)
    readings(database, (-1, 1000), (15, 1215), (16, None), (41, 1300), (42, 0), (43, 12))
    run = mhc("report", "income", "--json")
    assert run.json["ledger"] is None
    assert run.json["sources"] == ["events", "stats"]
    assert figures(run.json["rows"][0]) == {
        "started_at": "2026-01-01T18:00:00Z", "captured": 215, "unchecked": 215, "rose": 300
    }  # fmt: skip
    assert run.json["rows"][0]["earned"] is None
    assert (run.json["total"]["rose"], run.json["total"]["fell"]) == (312, 1300)
    assert run.json["balance"]["checked"] == 0
    assert "no ledger of that time: mhc import tokens\n" in run.stderr


def test_a_balance_that_the_ledger_does_not_bear_out_is_told(database: Database, mhc: MhcHere) -> None:
    tell_story(database)
    bring(mhc, FIRST)
    readings(database, (20, 222), (25, 223), (33, 222), (34, 348))
    run = mhc("report", "income", "--json")
    balance = run.json["balance"]
    assert (balance["checked"], balance["agree"], balance["differs_at"]) == (4, 3, "2026-01-01T18:25:00Z")
    assert "the ledger does not bear out 1 of 4 balances" in run.stderr


def test_dollars_come_only_by_your_own_setting_and_are_labelled(database: Database, mhc: MhcHere) -> None:
    tell_story(database)
    bring(mhc, FIRST)
    (mhc.home / "money.toml").write_text("[money]\nusd_per_token = 0.05\n")
    run = mhc("report", "income", "--json", "--config", "money.toml")
    total = run.json["total"]
    assert (run.json["usd_per_token"], total["earned_usd"], total["captured_usd"]) == (0.05, 46.15, 11.75)
    assert "earned 46.15 USD, captured 11.75 USD at 0.05 USD a token (your own setting)" in run.stderr
    assert "USD" not in mhc("report", "income").stderr
    (mhc.home / "money.toml").write_text("[money]\nusd_per_token = 5\n")
    assert mhc("report", "income", "--config", "money.toml").status == 78
    written = mhc("init", "--no-input", XDG_CONFIG_HOME=str(mhc.home / "new"))
    assert written.status == 0, written.stderr
    assert "# usd_per_token = 0.05\n" in (mhc.home / "new" / "mhc" / "config.toml").read_text()


def test_excluded_people_are_left_out_on_both_sides_and_said_so(database: Database, mhc: MhcHere) -> None:
    tell_story(database)
    bring(mhc, FIRST)
    mhc("person", "exclude", "viewer_two")
    run = mhc("report", "income", "--json")
    assert run.json["excluded"] == 1
    assert "1 excluded\n" in run.stderr
    total = run.json["total"]
    assert (total["earned"], total["captured"], total["matched"]) == (923 - 65 - 6 - 500 - 15, 170, 150)
    mhc("person", "include", "viewer_two")
    mhc("person", "exclude", "viewer_one")
    total = report(mhc)["total"]
    assert (total["captured"], total["matched"]) == (65 + 50, 65 + 50)  # what was anonymous counts
    assert report(mhc, "--include-excluded")["excluded"] == 0


def test_people_who_were_renamed_or_merged_are_one_on_both_sides(database: Database, mhc: MhcHere) -> None:
    tell_story(database)
    mhc("person", "rename", "viewer_one", "viewer_uno")
    bring(mhc, [(at, n, kind, "viewer_zwei" if who == "viewer_two" else who) for at, n, kind, who in FIRST])
    assert report(mhc)["total"]["matched"] == 150
    assert mhc("person", "merge", "viewer_two", "viewer_zwei").status == 0
    assert report(mhc)["total"]["matched"] == 215


def test_who_tipped_anonymously_is_told_nowhere(database: Database, mhc: MhcHere) -> None:
    with database.write() as conn:
        store(conn, [happening(0, "broadcastStart"), tip(5, "viewer_shy", 50, anonymous=True)])
    bring(mhc, [(5, 50, "Tip received", "viewer_shy"), (6, 5, "Tip received", "viewer_coy")])
    for by in ("session", "day", "type"):
        for output in ("table", "tsv", "csv", "json"):
            run = mhc("report", "income", "--by", by, "-o", output)
            assert "viewer_" not in run.stdout + run.stderr
    assert report(mhc)["total"]["matched"] == 50
    shown = mhc("person", "show", "viewer_shy", "--json").json
    assert (shown["here"]["tokens"], shown["role"]) == (0, "unknown")
    export = mhc("person", "export", "viewer_shy").stdout + mhc("person", "export", "viewer_coy").stdout
    assert "Tip received" not in export
    assert "Tip received" in mhc("person", "export", "viewer_shy", "--reveal").stdout


def test_amounts_are_hidden_while_others_see_the_screen(database: Database, mhc: MhcHere) -> None:
    tell_story(database)
    bring(mhc, FIRST)
    readings(database, (62, 1108))
    (mhc.home / "money.toml").write_text("[money]\nusd_per_token = 0.05\n")
    for output in ("table", "tsv", "json"):
        run = mhc("report", "income", "-o", output, "--config", "money.toml", MHC_SCREEN_SAFE="1")
        assert run.status == 0
        assert not any(
            number in run.stdout + run.stderr for number in ("908", "215", "46.15", "1108", "1,108")
        )


def test_there_must_be_a_room(mhc: MhcHere) -> None:
    run = mhc("report", "income", CHATURBATE_USERNAME="")
    assert (run.status, "which room?" in run.stderr) == (2, True)
    assert "The room (default: the own one)." in mhc("report", "income", "--help").stdout
    empty = report(mhc)
    assert (empty["rows"], empty["ledger"], empty["balance"], empty["coverage"]) == ([], None, None, None)


def test_a_page_has_the_figures_and_on_stream_none_of_them(database: Database, mhc: MhcHere) -> None:
    tell_story(database)
    bring(mhc, [*FIRST, (610, 8, "<b>New & unheard of</b>", "viewer_one")])
    assert mhc("report", "income", "--by", "type", "--html", "types.html").status == 0
    page = (mhc.home / "types.html").read_text()
    assert "&lt;b&gt;New &amp; unheard of&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "207" in page
    assert mhc("report", "income", "--html", "hidden.html", MHC_SCREEN_SAFE="1").status == 0
    page = (mhc.home / "hidden.html").read_text()
    assert not any(number in page for number in ("908", "215", "686"))
