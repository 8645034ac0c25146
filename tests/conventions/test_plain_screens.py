"""Where the locale or TERM says that a screen shows ASCII alone, pictures and signs are ASCII; what was said stays as it is."""

import pytest

from command import Mhc, MhcHere
from terminal import on_terminal

SIGNS = set("█░▒▓·▁▂▃▄▅▆▇…")
EMPTY: dict[str, str] = {}
PLAIN: list[dict[str, str]] = [
    {"LC_ALL": "C"},
    {"LC_ALL": "POSIX"},
    {"LC_ALL": "", "LANG": "C"},
    {"LC_ALL": ""},  # as in cron
    {"LC_ALL": "C", "LANG": "C.UTF-8"},
    {"LC_ALL": "en_US.ISO-8859-1"},
    {"TERM": "dumb"},
    {"TERM": "dumb", "PYTHONUTF8": "1"},
]
FULL: list[dict[str, str]] = [
    {"LC_ALL": "C.UTF-8"},
    {"LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LANG": "C"},
    {"LC_ALL": "", "LANG": "en_US.utf8"},
    {"LC_ALL": "C", "PYTHONIOENCODING": "utf-8"},
    {"LC_ALL": "C", "PYTHONUTF8": "1"},
]
DRAWN = (
    "report timing --metric messages --plot",
    "report sessions --plot",
    "report retention --plot",
    "report followers --plot",
    "report tippers --plot",
    "report tags",
    "snapshot trend viewer_one all_time_tokens",
    "person show viewer_one",
    "status --short",
    "watchlist show Friends",
    "event list",
)


def shown(mhc: Mhc, environ: dict[str, str]) -> list[str]:
    """Give bars as a terminal gets them, and a pipe that is to get what a terminal does."""
    words = ("report", "tippers", "--plot")
    mhc = Mhc(mhc.home, **mhc.environ | environ)
    runs = [on_terminal(mhc, *words), mhc(*words, MHC_FORCE_TTY="80")]
    assert [run.status for run in runs] == [0, 0], runs[0].stderr
    return [run.stdout for run in runs]


@pytest.mark.parametrize("environ", PLAIN, ids=str)
def test_a_plain_screen_gets_no_sign_that_it_cannot_show(installed: Mhc, environ: dict[str, str]) -> None:
    for text in shown(installed, environ):
        assert "##" in text
        assert not SIGNS & set(text)
        assert "漢字漢字漢字  " in text  # a name is no sign


@pytest.mark.parametrize("environ", FULL, ids=str)
def test_other_screens_get_them(installed: Mhc, environ: dict[str, str]) -> None:
    assert all("██" in text for text in shown(installed, environ))


@pytest.mark.parametrize("environ", [{"LC_ALL": "C"}, {"TERM": "dumb"}], ids=str)
def test_every_picture_and_table_keeps_to_it(reading: MhcHere, environ: dict[str, str]) -> None:
    drawn = ""
    for line in DRAWN:
        full, plain = (reading(*line.split(), MHC_FORCE_TTY="80", **more) for more in (EMPTY, environ))
        assert SIGNS & set(full.stdout + full.stderr), line
        assert not SIGNS & set(plain.stdout + plain.stderr), line
        drawn += full.stdout + full.stderr
    assert set("█▒·▁…") <= set(drawn)


@pytest.mark.parametrize("environ", [{"LC_ALL": "C"}, {"LC_ALL": ""}, {"TERM": "dumb"}], ids=str)
def test_what_goes_to_other_programs_is_the_same_everywhere(installed: Mhc, environ: dict[str, str]) -> None:
    for form in ("tsv", "csv", "ndjson"):
        call = ("person", "list", "-o", form)
        assert installed(*call, **environ).stdout == installed(*call).stdout
    assert "漢字漢字漢字" in installed("person", "list", **environ).stdout
