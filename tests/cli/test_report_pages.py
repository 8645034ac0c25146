"""Reports as pages, in a real browser: nothing is asked for, nothing runs, nothing is wider than the window."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

import browser
import readings
from command import MhcHere
from factories import DAY, ROOM, chat, cover, happening, minute, store, tip
from mhc.cli.report import COMMANDS
from mhc.store import people
from mhc.store.database import Database

PAGES = {
    "tippers": ("report", "tippers"),
    "timing": ("report", "timing"),
    "arrivals": ("report", "timing", "--metric", "arrivals"),
    "income": ("report", "income"),
    "income by day": ("report", "income", "--by", "day"),
    "income by type": ("report", "income", "--by", "type"),
    "tipmenu": ("report", "tipmenu"),
    "followers": ("report", "followers"),
    "one person's spending": ("report", "spending", "viewer_one"),
    "tags": ("report", "tags"),
    "sessions": ("report", "sessions"),
    "weeks": ("report", "sessions", "--by", "week", "--metric", "visitors"),
    "audience": ("report", "audience"),
    "retention": ("report", "retention"),
    "digest": ("report", "digest", "--since", "2026-01-01"),
    "one person's timing": ("report", "timing", "viewer_one", "--metric", "tips"),
}
WIDTHS = (390, 1280)
SCRIPT = "<script>alert(1)</script>"
HOSTILE = (
    SCRIPT,
    "<img/src=x/onerror=alert(2)>",
    '"><svg/onload=alert(3)>',
    "</title><style>*{display:none}</style>",
    "\u202eevil",
    "x" * 300,
)
# The pages on which some of that is to be read, as text; `viewer_one` in the words of others is one of the hostile.
READ = {
    "audience",
    "sessions",
    "tippers",
    "tipmenu",
    "income by type",
    "one person's timing",
    "one person's spending",
}
LEDGER = "Timestamp,Token change,Token balance,Transaction type,User,Note"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if browser.program() is None:
        pytest.skip(browser.MISSING)
    with browser.browser() as started:
        yield started


@pytest.fixture
def mine(on_sqlite: MhcHere) -> MhcHere:
    """Give the command on a database whose pages have something on them."""
    on_sqlite.environ |= {"CHATURBATE_USERNAME": ROOM, "MHC_TIMEZONE": "Europe/Berlin"}
    lines = [
        f"{minute(day * DAY + 30):%Y-%m-%d %H:%M:%S},10,{day * 10},Tip received,viewer_one,"
        for day in range(1, 40)
    ]
    bring(
        on_sqlite,
        "tipmenu",
        "100 - a song\n25 - an item with a long name that goes on and on and does not end",
    )
    bring(on_sqlite, "tokens", "\n".join([LEDGER, *lines]), "--zone", "utc")
    return on_sqlite


def bring(mhc: MhcHere, kind: str, text: str, *more: str) -> None:
    run = mhc("import", kind, "-", "--save", *more, stdin=text)
    assert run.status == 0, run.stderr


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


@pytest.fixture
def hostile(mine: MhcHere, sqlite_database: Database) -> MhcHere:
    """Give a show in which all that others, and the owner, may write is hostile."""
    items = [happening(3 * DAY, "broadcastStart"), happening(3 * DAY + 60, "broadcastStop")]
    items.append(happening(3 * DAY + 1, "roomSubjectChange", subject=f"{SCRIPT} #{HOSTILE[1]}"))
    for place, name in enumerate(HOSTILE):
        at = 3 * DAY + 5 + place
        items += [
            happening(at, "userEnter", name),
            happening(at + 0.1, "follow", name),
            chat(at + 0.2, name, SCRIPT),
        ]
        items += [tip(at + 0.3, name, 5000 + place), happening(at + 0.4, "unfollow", name)]
    with sqlite_database.write() as conn:
        store(conn, sorted(items, key=lambda item: item[0]), page=9)
        cover(conn, 3 * DAY - 1, 3 * DAY + 61)
        number = people.ids_of(conn, [SCRIPT])[SCRIPT]
    bring(mine, "tipmenu", "".join(f"{5000 + place} - {text}\n" for place, text in enumerate(HOSTILE)))
    paid = f"{minute(3 * DAY + 9):%Y-%m-%d %H:%M:%S},50,50,{SCRIPT},{SCRIPT},{HOSTILE[1]}"
    bring(mine, "tokens", f"{LEDGER}\n{paid}", "--zone", "utc")
    assert mine("session", "edit", "3", "--title", SCRIPT).status == 0
    mine.environ["WHO"] = f"id:{number}"
    return mine


@pytest.mark.parametrize("name", PAGES)
def test_what_hostile_people_write_is_only_text(hostile: MhcHere, chromium: Browser, name: str) -> None:
    page = hostile.home / "page.html"
    run = hostile(
        *(hostile.environ["WHO"] if word == "viewer_one" else word for word in PAGES[name]),
        "--html",
        str(page),
    )
    assert run.status == 0, run.stderr
    source = page.read_text()
    assert not [one for one in ("<script", "<img", "<svg/", "</title><style", "\u202e") if one in source]

    for width in WIDTHS:
        seen = browser.look(chromium, page, width)
        assert (seen.said, seen.asked, seen.too_wide) == ([], [], 0), width
        if name in READ:
            assert SCRIPT in seen.text


def test_every_report_has_a_page_that_is_looked_at() -> None:
    assert {words[1] for words in PAGES.values()} == set(COMMANDS)


def test_the_line_of_a_trend_is_drawn_by_the_style_of_the_page(
    mine: MhcHere, sqlite_database: Database, chromium: Browser
) -> None:
    readings.tell(sqlite_database)
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


def test_a_page_has_the_first_rows_and_says_how_many_there_are(
    mine: MhcHere, sqlite_database: Database
) -> None:
    with sqlite_database.write() as conn:
        store(conn, [tip(12, f"viewer_{n:03}", 5) for n in range(600)], page=9)
    page = mine.home / "page.html"

    mine("report", "tippers", "--html", str(page))
    assert page.read_text().count("<tr>") == 1 + 500
    assert "500 of 603; -L 0 for all" in page.read_text()
    mine("report", "tippers", "--html", str(page), "-L", "0")
    assert page.read_text().count("<tr>") == 1 + 603


def test_on_a_telephone_and_on_paper_no_figure_is_cut(
    mine: MhcHere, chromium: Browser, sqlite_database: Database
) -> None:
    with sqlite_database.write() as conn:
        store(conn, [tip(12, "w" * 60, 12_345)], page=9)
    page = mine.home / "page.html"
    mine("report", "tippers", "--html", str(page))
    window = chromium.new_page(viewport={"width": 390, "height": 900})
    window.goto(page.as_uri())
    ends = "[...document.querySelectorAll('td bdi')].map(one => one.getBoundingClientRect().right)"
    assert max(window.evaluate(ends)) <= 390

    window.set_viewport_size({"width": 700, "height": 900})
    window.emulate_media(media="print")
    assert (
        window.evaluate("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"
    )
    assert max(window.evaluate(ends)) <= 700
    window.close()


@pytest.mark.parametrize(
    "words",
    [("followers", "--compare", "previous", "--since", "2026-01-01"), ("audience",), ("sessions",)],
    ids=lambda words: words[0],
)
def test_a_day_or_a_figure_is_never_broken_over_two_lines(
    mine: MhcHere, chromium: Browser, words: tuple[str, ...]
) -> None:
    page = mine.home / "page.html"
    mine("report", *words, "--html", str(page))
    window = chromium.new_page(viewport={"width": 760, "height": 900})
    window.goto(page.as_uri())
    lines = "[...document.querySelectorAll('td.t bdi, td.n bdi')].map(one => one.getClientRects().length)"
    assert set(window.evaluate(lines)) == {1}
    window.close()


def test_names_before_bars_are_inside_the_picture_in_any_letters(
    mine: MhcHere, chromium: Browser, sqlite_database: Database
) -> None:
    with sqlite_database.write() as conn:
        store(conn, [tip(12, letter * 30, 5_000) for letter in "wmi_8"], page=9)
    page = mine.home / "page.html"
    mine("report", "tippers", "--html", str(page))
    window = chromium.new_page(viewport={"width": 1280, "height": 900})
    window.goto(page.as_uri())
    starts = "[...document.querySelectorAll('svg text')].map(one => one.getBBox().x)"
    assert min(window.evaluate(starts)) >= 0
    assert "tokens, of the first 8" in window.inner_text("figcaption")
    window.close()


def test_a_page_says_of_which_tippers_it_is(mine: MhcHere) -> None:
    page = mine.home / "page.html"
    mine("report", "tippers", "--since", "2026-01-20", "--segment", "new", "--html", str(page))

    assert "<h1>Who tipped for the first time</h1>" in page.read_text()
    assert "nobody tipped for the first time in that time" in page.read_text()
