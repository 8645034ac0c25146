"""A command that is forked says, and ends, as one that is started."""

import subprocess
from pathlib import Path

import pytest

import terminal
import warm
from command import Cold, Mhc, MhcHere

CALLS = [
    ("--version",),
    ("config", "path"),
    ("person", "add", "viewer_two", "-v"),
    ("person", "show", "nobody_at_all", "-o", "json"),
    ("person", "lst"),
    ("note", "add", "viewer_one", "-"),
    ("watchlist", "delete", "Quiet Ones"),
]


@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_a_fork_says_what_a_start_says(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = []
    for kind in (Mhc, Cold):
        mhc = kind(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/mhc.db")
        here = MhcHere(tmp_path, **mhc.environ)
        assert here("person", "add", "viewer_one").status == 0
        assert here("watchlist", "create", "Quiet Ones").status == 0
        on_screen = terminal.on_terminal(mhc, *words, columns=50, typed="no\n\x04")
        said.append([on_screen, mhc(*words, stdin="likes 漢字\n")])
        (tmp_path / "mhc.db").unlink()
    assert said[0] == said[1]
    assert any(run.stdout or run.stderr for run in said[0])


def test_a_fork_has_the_surroundings_it_is_given(tmp_path: Path) -> None:
    for zone, hour in (("UTC", "12:00"), ("Asia/Tokyo", "21:00")):
        mhc = Mhc(tmp_path, TZ=zone, CHATURBATE_USERNAME="example_room")
        mhc("session", "start", "--at", "2026-01-01T12:00:00Z")
        shown = mhc("session", "list", MHC_FORCE_TTY="200")
        assert hour in shown.stdout, shown
    assert str(tmp_path) in Mhc(tmp_path)("config", "path").stdout


def test_who_tells_python_how_to_start_starts_it(tmp_path: Path) -> None:
    assert warm.suits(Mhc(tmp_path).environ)
    assert warm.suits(Mhc(tmp_path, PYTHONUNBUFFERED="1").environ)
    assert not warm.suits(Mhc(tmp_path, PYTHONUTF8="1").environ)
    assert not warm.suits(Mhc(tmp_path, LC_ALL="C").environ)


def test_a_fork_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    mhc = Mhc(tmp_path)
    call = [str(mhc.program), "sandbox", "serve", "--port", "0"]
    with (tmp_path / "said").open("w+") as said, pytest.raises(subprocess.TimeoutExpired):
        warm.process().run(call, mhc.environ, tmp_path, [said.fileno()] * 3, 1.5)
    assert mhc("--version").status == 0
