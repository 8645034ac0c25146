"""Every report where there is little or nothing to say: it says so, knows what it does not know, and writes nothing."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import seed
from command import MhcHere, Run
from docs_tree import leaves
from factories import (
    FIRST_SHOW,
    ROOM,
    SECOND_SHOW,
    T0,
    Item,
    chat,
    cover,
    happening,
    media,
    private,
    store,
    tell_story,
    tip,
)
from mhc.cli.report import COMMANDS
from mhc.store.database import Database
from reporting import REPORTS, calls

HEAD = {"range", "timezone", "room", "sources", "coverage", "excluded"}
WHO = "viewer_one"
LEAVES = {leaf.path: leaf for leaf in leaves()}
ELSEWHERE = list(calls(WHO, "elsewhere"))
OF_SESSION = list(calls(WHO, "of_session"))
NAMED = [call for call in calls(WHO) if WHO in call]
LISTS = {"watchlists": None}  # on which to exclude somebody puts them
TIME = {"period", "started_at", "ended_at", "complete"}
# All that one person can do, in a show that was captured whole.
SHOW = [happening(0, "broadcastStart"), happening(40, "broadcastStop")]
DEEDS = [
    happening(1, "userEnter", WHO),
    happening(2, "follow", WHO),
    chat(3, WHO),
    tip(5, WHO, 100),
    media(6, WHO, 30),
    private(7, WHO, ROOM, "psst"),
    happening(8, "unfollow", WHO),
    happening(9, "userLeave", WHO),
]


@pytest.fixture
def mine(cli: MhcHere) -> MhcHere:
    cli.environ |= {"CHATURBATE_USERNAME": ROOM, "MHC_TIMEZONE": "Europe/Berlin"}
    return cli


def keep(db: Database, items: Sequence[Item], *, captured: bool = True) -> None:
    with db.write() as conn:
        store(conn, items)
        if captured:
            cover(conn, -10, 70)


def asked(mhc: MhcHere, call: Sequence[str], *more: str) -> Any:
    """Ask a report, and give its document, which has the shape that it always has."""
    run = mhc(*call, *more, "-o", "json")
    assert (run.status, "Traceback" in run.stderr) == (0, False), (call, run.stderr)
    body = run.json
    assert set(body) >= HEAD, call
    leaf = LEAVES[" ".join(call[:2])]
    names = [field.name for field in leaf.fields or () if field.json]
    rows = body["rows"] if leaf.is_list else [body]
    assert all(list(row) == names for row in rows), call
    assert not [key for key in keys(body) if key == "id" or key.endswith("_id")], call
    return body


def rows_of(body: Any) -> list[dict[str, Any]]:
    """Give the rows of a report; one that is no table has none."""
    rows: list[dict[str, Any]] = body.get("rows", [])
    return rows


def figures(row: dict[str, Any]) -> dict[str, Any]:
    """Give what is known in a row, but of which time it is, and whether that is over."""
    return {name: value for name, value in row.items() if name not in TIME and value is not None}


def keys(body: Any) -> Iterator[str]:
    """Give every key of a document."""
    if isinstance(body, dict):
        yield from body
    for one in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        yield from keys(one)


def on_terminal(mhc: MhcHere, call: Sequence[str], *more: str) -> Run:
    return mhc(*call, *more, MHC_FORCE_TTY="100")


def says_nothing(mhc: MhcHere, call: Sequence[str], *more: str) -> None:
    """Check that a report has no rows, for programs and for people, and says why; a period may be there, all unknown."""
    rows = rows_of(asked(mhc, call, *more))
    assert not [row for row in rows if figures(row)], call
    run = on_terminal(mhc, call, *more)
    if rows:
        assert run.status == 0, call
        return
    assert (run.status, len(run.stdout.splitlines()) < 2) == (0, True), call
    assert REPORTS[call[1]].nothing in run.stderr, call


def test_every_report_has_a_line_by_which_it_is_tried() -> None:
    assert set(REPORTS) == set(COMMANDS), "tests/reporting.py: a line each"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_it_is_for_with_examples(mine: MhcHere, name: str) -> None:
    run = mine("report", name, "--help")
    assert run.status == 0
    before, _, examples = " ".join(run.stdout.split()).partition("Examples:")
    assert COMMANDS[name][1].rstrip(".") in before
    assert f"mhc report {name}" in examples


def test_an_empty_database_has_nothing_to_report(mine: MhcHere) -> None:
    for call in (*calls(WHO), *OF_SESSION):
        if call in NAMED or call in OF_SESSION:
            run = mine(*call, "--json")
            assert (run.status, run.stdout) == (3, ""), call
        else:
            says_nothing(mine, call)
            assert asked(mine, call)["coverage"] is None, call


def test_no_database_is_an_empty_one_and_is_not_made(mine: MhcHere) -> None:
    mine.environ["DATABASE_URL"] = f"sqlite:///{mine.home / 'nowhere.db'}"
    for call in calls(WHO):
        if call not in NAMED:
            assert rows_of(asked(mine, call)) == [], call
    assert not (mine.home / "nowhere.db").exists()


@pytest.mark.parametrize(
    "span",
    [("--since", "2026-02-01", "--until", "2026-02-02"), ("--since", "2100-01-01")],
    ids=["a quiet day", "the future"],
)
def test_a_time_of_which_nothing_is_known(database: Database, mine: MhcHere, span: tuple[str, ...]) -> None:
    tell_story(database)
    for call in calls(WHO, "ways", "ranged"):
        says_nothing(mine, call, *span)
        body = asked(mine, call, *span)
        assert (body["coverage"], body["excluded"]) == (None, 0), call


@pytest.mark.parametrize(
    "one", [tip(5, WHO, 100), chat(5, WHO), happening(5, "follow", WHO)], ids=lambda one: one[1]
)
def test_one_event_is_enough(database: Database, mine: MhcHere, one: Item) -> None:
    keep(database, [one])
    for call in calls(WHO):
        body = asked(mine, call)
        assert body["coverage"] == {
            "since": "2026-01-01T17:50:00Z",
            "until": "2026-01-01T19:10:00Z",
            "share": 1,
        }
        assert on_terminal(mine, call).status == 0


def test_anonymous_tips_alone_name_nobody(database: Database, mine: MhcHere) -> None:
    keep(database, [*SHOW, *(tip(5 + n, WHO, 100 + n, anonymous=True) for n in range(3))])
    for call in (*calls(WHO), *OF_SESSION):
        if call in NAMED:
            asked(mine, call)
        else:
            run = mine(*call, "-o", "json")
            assert (run.status, WHO in run.stdout) == (0, False), call
            asked(mine, call)


def test_excluded_people_alone_are_in_no_figure(database: Database, mine: MhcHere) -> None:
    keep(database, [*SHOW, *DEEDS])
    before = {call: rows_of(asked(mine, call)) for call in (*calls(WHO), *OF_SESSION)}
    assert mine("person", "exclude", WHO).status == 0
    for call in before:
        body = asked(mine, call)
        again = rows_of(asked(mine, call, "--include-excluded"))
        assert [row | LISTS for row in again] == [row | LISTS for row in before[call]], call
        if call not in NAMED:
            assert WHO not in str(body), call
            assert set(amounts(rows_of(body))) <= {0, None}, call
            assert body["excluded"] == 1, call


def amounts(rows: Sequence[dict[str, Any]]) -> Iterator[Any]:
    for row in rows:
        yield from (row[name] for name in ("tokens", "tips", "amount", "captured", "follows") if name in row)


def test_what_nobody_else_said_is_empty(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    for call in ELSEWHERE:
        assert asked(mine, call)["rows"] == [], call
        assert on_terminal(mine, call).status == 0, call


def test_without_coverage_it_is_unknown(database: Database, mine: MhcHere) -> None:
    keep(database, [*FIRST_SHOW, *SECOND_SHOW], captured=False)
    for call in (*calls(WHO), *OF_SESSION):
        assert asked(mine, call)["coverage"] is None, call


BEFORE = ("--since", "2026-01-01T16:30:00Z")  # 80 minutes before the first instant that is captured, of 80


@pytest.mark.parametrize(
    ("span", "share", "said", "status"),
    [
        ((*BEFORE, "--until", "2026-01-01T19:10:00Z"), 0.5, "50.0%", 4),
        ((*BEFORE, "--until", "2026-01-01T21:50:00Z"), 0.25, "25.0%", 4),
        (("--until", "2026-01-01T21:50:00Z"), 0.3333, "33.3%", 4),
        (("--since", "2026-01-01T18:00:00Z", "--until", "2026-01-01T19:00:00Z"), 1, "100%", 0),
        (BEFORE, 0.5, "0.1%", 4),  # of JSON the end is the last captured instant, to people it is now
        (("--since", "2020-01-01"), 0.0001, "0.1%", 4),  # little is not nothing
    ],
    ids=["begins before", "ends after, too", "ends after", "whole", "open to now", "years"],
)
def test_what_was_captured_is_a_part_of_the_time_that_was_asked_for(
    database: Database, mine: MhcHere, span: tuple[str, ...], share: float, said: str, status: int
) -> None:
    keep(database, [*SHOW, tip(5, WHO, 100), happening(8, "unfollow", WHO)])
    for call in calls(WHO):
        if call[1] == "digest" and "--since" not in span:
            continue  # it begins with the last session
        found = asked(mine, call, *span)["coverage"]
        assert found["share"] == share, call
        run = on_terminal(mine, call, *span, "--html", "page.html", "--require-complete")
        page = (mine.home / "page.html").read_text()
        assert f"<dt>captured</dt><dd><bdi>{said}</bdi>" in page, call
        assert run.status == status, call
        missed = "of the time was not captured" in run.stderr or "up to now was not captured" in run.stderr
        assert missed == (status == 4 and call[1] != "digest"), (
            call,
            run.stderr,
        )  # a digest has it in its text


def test_of_a_time_that_goes_on_the_last_poll_is_now(database: Database, mine: MhcHere) -> None:
    now = (datetime.now(UTC) - T0).total_seconds() / 60
    with database.write() as conn:
        store(conn, [happening(now - 30, "follow", WHO)])
        cover(conn, now - 60, now - 0.5)
    for span in (("--since", "55min"), ("--since", "55min", "--until", "2100-01-01")):
        for call in calls(WHO):
            assert asked(mine, call, *span)["coverage"]["share"] == 1, call
            assert "was not captured" not in mine(*call, *span, "--require-complete").stderr, call


def test_of_a_time_that_was_not_captured_every_report_says_so(database: Database, mine: MhcHere) -> None:
    keep(database, [*SHOW, *DEEDS])
    dark = ("--since", "2026-02-01", "--until", "2026-02-02")
    for call in calls(WHO):
        run = on_terminal(mine, call, *dark)
        assert "nothing was captured" in run.stderr, call
        assert mine(*call, *dark, "--html", "page.html").status == 0, call
        page = (mine.home / "page.html").read_text()
        assert "<dt>captured</dt><dd><bdi>nothing</bdi>" in page, call


def test_no_report_writes(sqlite_database: Database, tmp_path: Path) -> None:
    url = sqlite_database.url.render_as_string(hide_password=False)
    mhc = MhcHere(tmp_path, DATABASE_URL=url, CHATURBATE_USERNAME=ROOM)
    seed.fill(sqlite_database, mhc, datetime.now(UTC))
    sqlite_database.close()
    file = sqlite_database.path
    assert file is not None
    before = hashlib.sha256(file.read_bytes()).digest()
    beside = sorted(file.parent.glob("*.db*"))
    for call in (*calls(WHO), *OF_SESSION, *ELSEWHERE):
        assert call in ELSEWHERE or asked(mhc, call).get("rows") != [], call
        assert mhc(*call, "--html", "page.html").status == 0, call
    assert hashlib.sha256(file.read_bytes()).digest() == before
    assert sorted(file.parent.glob("*.db*")) == beside


def test_of_a_time_to_come_every_report_says_so(database: Database, mine: MhcHere) -> None:
    keep(database, [*SHOW, *DEEDS])
    for call in calls(WHO, "ways", "ranged"):
        run = on_terminal(mine, call, "--since", "2100-01-01")
        assert ("in the future" in run.stderr, "nothing was captured in that time" in run.stderr) == (
            True,
            False,
        ), call
        page = mine(*call, "--since", "2100-01-01", "--html", "-")
        assert (page.status, "<bdi>2100-01-01 00:00 on</bdi>" in page.stdout) == (0, True), call
        assert not (mine.home / "-").exists()


def test_where_a_table_stands_in_the_place_of_a_picture_it_says_why(cli: MhcHere, database: Database) -> None:
    tell_story(database)
    cli.environ |= {"CHATURBATE_USERNAME": "example_room"}
    for plot in ("timing", "sessions", "tippers", "followers", "retention"):
        hidden = cli("report", plot, "--plot", MHC_FORCE_TTY="80", MHC_SCREEN_SAFE="1")
        drawn = cli("report", plot, "--plot", MHC_FORCE_TTY="80")
        none = cli(
            "report", plot, "--plot", "--since", "2025-01-01", "--until", "2025-01-02", MHC_FORCE_TTY="80"
        )
        if plot in {"timing", "sessions", "tippers"}:  # the others tell no amounts
            assert "others see the screen (MHC_SCREEN_SAFE): no picture\n" in hidden.stderr, plot
        assert "no picture" not in drawn.stderr
        assert "nothing to draw" not in drawn.stderr
        assert "there is nothing to draw\n" in none.stderr, plot
