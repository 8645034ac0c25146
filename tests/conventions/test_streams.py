"""The installed command in pipes: rows alone on stdout, a reader that goes away is quiet, a full disk is told."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from calls import call_of
from command import Cold, Mhc, MhcHere
from conventions_ready import Ready
from docs_tree import Leaf, groups, leaves
from terminal import into, on_terminal

HERE = [leaf for leaf in leaves() if not call_of(leaf).apart]
SPEAKING = [leaf for leaf in HERE if leaf.fields is not None or call_of(leaf).prints]
SILENT = [leaf for leaf in HERE if leaf not in SPEAKING]
# Another way to go on until stopped.
MORE = {"status": ("--watch", "--interval", "0.2")}
FULL = Path("/dev/full")
BUFFERING: tuple[dict[str, str], ...] = ({}, {"PYTHONUNBUFFERED": "1"})
# With and without a buffer where much may be printed, in turns elsewhere: a start is a third of a second.
CLOSED = [
    (leaf, unbuffered, Cold if turn == place % 2 else Mhc)
    for place, leaf in enumerate(SPEAKING)
    for turn, unbuffered in enumerate(BUFFERING)
    if leaf.is_list or turn == place % 2
]
each_speaking = pytest.mark.parametrize("leaf", SPEAKING, ids=lambda leaf: leaf.path)


def words(leaf: Leaf) -> list[str]:
    """Give a call that says nothing on stderr but errors, and writes nothing."""
    return [*leaf.path.split(), *call_of(leaf).split, "-q", *(["-n"] if "Writing" in leaf.sets else [])]


def mhc_for(leaf: Leaf, ready: Ready, feed: Mapping[str, str], kind: type[Mhc] = Mhc) -> Mhc:
    mhc = ready(leaf, kind)
    mhc.environ |= feed if call_of(leaf).feed else {}
    return mhc


@pytest.mark.parametrize(
    ("leaf", "unbuffered", "kind"), CLOSED, ids=lambda one: one.path if isinstance(one, Leaf) else None
)
def test_a_closed_pipe_ends_quietly(
    ready: Ready, feed: Mapping[str, str], leaf: Leaf, unbuffered: dict[str, str], kind: type[Mhc]
) -> None:
    run = into(None, mhc_for(leaf, ready, feed, kind), *words(leaf), **unbuffered)
    assert (run.status, run.stderr) == (141, "")


@each_speaking
@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
def test_a_full_disk_is_one_line(ready: Ready, feed: Mapping[str, str], leaf: Leaf) -> None:
    run = into(FULL, mhc_for(leaf, ready, feed), *words(leaf))
    assert (run.status, run.stderr) == (74, "mhc: write error: No space left on device\n")


@pytest.mark.parametrize("leaf", SILENT, ids=lambda leaf: leaf.path)
def test_who_prints_no_rows_says_it_on_stderr(ready: Ready, leaf: Leaf) -> None:
    call = [word for word in words(leaf) if word != "-q"]
    run = ready(leaf, MhcHere)(*call)
    assert (run.status, run.stdout) == (0, "")
    assert run.stderr
    quiet = ready(leaf, MhcHere)(*call, "-q")
    assert (quiet.status, quiet.stdout, quiet.stderr) == (0, "", "")


@pytest.mark.parametrize("path", ["", *groups(), *(leaf.path for leaf in leaves()[::5])])
def test_help_into_a_closed_pipe_ends_quietly(installed: Mhc, path: str) -> None:
    run = into(None, installed, *path.split(), "--help")
    assert (run.status, run.stderr) == (141, "")


@pytest.mark.parametrize("unbuffered", BUFFERING)
@pytest.mark.parametrize("path", list(MORE))
def test_another_way_to_go_on_ends_with_its_reader(
    installed: Mhc, path: str, unbuffered: dict[str, str]
) -> None:
    run = into(None, installed, *path.split(), *MORE[path], **unbuffered)
    assert (run.status, run.stderr) == (141, "")


@pytest.mark.parametrize("unbuffered", BUFFERING)
@pytest.mark.parametrize(
    "call", [["event", "list", "-o", "json"], ["event", "list"], ["person", "list", "-L", "1"]]
)
def test_a_pipe_that_is_closed_after_a_line(
    installed: Mhc, call: list[str], unbuffered: dict[str, str]
) -> None:
    with installed.start(*call, **unbuffered) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode in {0, 141}  # 0 where all was written before


def test_bare_mhc_fits_a_narrow_terminal(installed: Mhc) -> None:
    run = on_terminal(installed, columns=40)
    assert (run.status, run.stderr) == (0, "")
    assert "Go on with:" in run.stdout
    assert max(map(len, run.stdout.splitlines())) <= 40
