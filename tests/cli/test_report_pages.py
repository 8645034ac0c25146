"""Reports as pages, in a real browser: nothing is asked for, nothing runs, nothing is wider than the window."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

import browser
import readings
from command import MhcHere
from factories import store, tell_story, tip
from mhc.store.database import Database

PAGES = {
    "tippers": ("report", "tippers"),
    "timing": ("report", "timing"),
    "income": ("report", "income"),
    "tipmenu": ("report", "tipmenu"),
    "followers": ("report", "followers"),
    "one person's spending": ("report", "spending", "viewer_one"),
    "tags": ("report", "tags"),
    "sessions": ("report", "sessions"),
    "weeks": ("report", "sessions", "--by", "week", "--metric", "visitors"),
    "audience": ("report", "audience", "1"),
    "one person's timing": ("report", "timing", "viewer_one", "--metric", "tips"),
}
WIDTHS = (390, 1280)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if browser.program() is None:
        pytest.skip(browser.MISSING)
    with browser.browser() as started:
        yield started


@pytest.fixture
def mine(cli: MhcHere, database: Database) -> MhcHere:
    tell_story(database)
    cli.environ |= {"CHATURBATE_USERNAME": "example_room", "MHC_TIMEZONE": "Europe/Berlin"}
    return cli


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_for_nothing_says_nothing_and_fits(mine: MhcHere, chromium: Browser, name: str) -> None:
    page = mine.home / "page.html"
    run = mine(*PAGES[name], "--html", str(page))
    assert (run.status, run.stdout) == (0, "")
    assert page.stat().st_mode & 0o777 == 0o600

    for width in WIDTHS:
        seen = browser.look(chromium, page, width)
        assert (seen.said, seen.asked, seen.too_wide) == ([], [], 0), width
        assert "example_room" in seen.text


def test_what_hostile_people_call_themselves_is_only_text(
    mine: MhcHere, database: Database, chromium: Browser
) -> None:
    names = [
        "<script>alert(1)</script>",
        "<img/src=x/onerror=alert(2)>",
        '"><svg/onload=alert(3)>',
        "</title><style>*{display:none}</style>",
        "\u202eevil",
        "x" * 300,
    ]
    with database.write() as conn:
        store(conn, [tip(12 + n / 10, name, 5000 + n) for n, name in enumerate(names)], page=9)
    page = mine.home / "page.html"
    mine("report", "tippers", "--html", str(page))

    for width in WIDTHS:
        seen = browser.look(chromium, page, width)
        assert (seen.said, seen.asked, seen.too_wide) == ([], [], 0), width
        assert "<script>alert(1)</script>" in seen.text
        assert "\\u202eevil" in seen.text
        assert "\u202e" not in page.read_text()


def test_the_line_of_a_trend_is_drawn_by_the_style_of_the_page(
    mine: MhcHere, database: Database, chromium: Browser
) -> None:
    readings.tell(database)
    page = mine.home / "page.html"
    mine("snapshot", "trend", "viewer_one", "all_time_tokens", "--html", str(page))

    for width in WIDTHS:
        seen = browser.look(chromium, page, width)
        assert (seen.said, seen.asked, seen.too_wide) == ([], [], 0), width
        assert "all_time_tokens" in seen.text


def test_a_page_of_nothing_says_so(mine: MhcHere, chromium: Browser) -> None:
    page = mine.home / "page.html"
    mine("report", "timing", "--since", "2027-01-01", "--html", str(page))

    assert "no hour of that time was both live and captured" in browser.look(chromium, page, 390).text


def test_a_page_that_cannot_be_written_is_one_clear_line(mine: MhcHere) -> None:
    run = mine("report", "tippers", "--html", "nowhere/page.html")

    assert (run.status, run.stdout) == (74, "")
    assert "cannot write nowhere/page.html" in run.stderr


def test_while_others_see_the_screen_a_page_hides_amounts(mine: MhcHere) -> None:
    page = mine.home / "page.html"
    mine("report", "tippers", "--html", str(page), MHC_SCREEN_SAFE="1")

    assert "120" not in page.read_text()
    assert "<svg" not in page.read_text()
