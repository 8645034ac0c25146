"""What takes out, brings in or shows more than is shown by itself leaves a line in the audit log, whatever command does it."""

import json
from pathlib import Path
from typing import Any

import pytest

from calls import call_of
from command import Mhc, MhcHere
from conventions_ready import Ready
from docs_tree import Leaf, flags, leaves

UNMASKING = ("--private", "--reveal")
# The last word of commands that take out, bring in or take away.
ACTS = {"export", "backup", "restore", "copy", "forget", "prune"}
CALLED = [leaf for leaf in leaves() if not call_of(leaf).apart]


SHOWING = [(leaf, option) for leaf in CALLED for option in UNMASKING if option in flags(leaf)]
ACTING = [leaf for leaf in CALLED if leaf.path.split()[-1] in ACTS or leaf.path == "capture import"]


def lines(home: Path) -> list[dict[str, Any]]:
    path = home / "state" / "audit.log"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.parametrize(
    ("leaf", "option"), SHOWING, ids=lambda one: one.path if isinstance(one, Leaf) else str(one)
)
def test_what_shows_more_says_so(ready: Ready, feed: dict[str, str], leaf: Leaf, option: str) -> None:
    call = call_of(leaf)
    mhc = ready(leaf, Mhc if call.endless else MhcHere)
    mhc.environ |= feed if call.feed else {}
    words = [*leaf.path.split(), *(word for word in call.split if word not in UNMASKING), option]
    if call.endless:
        with mhc.start(*words) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.terminate()
    else:
        assert mhc(*words).status == 0
    found = [line for line in lines(mhc.home) if line["act"] == leaf.path]
    assert [line["shown"] for line in found if "shown" in line] == [[option.removeprefix("--")]]


@pytest.mark.parametrize("leaf", ACTING, ids=lambda leaf: leaf.path)
def test_what_moves_data_says_so(ready: Ready, leaf: Leaf) -> None:
    mhc = ready(leaf, MhcHere)
    before = len(lines(mhc.home))
    assert mhc(*leaf.path.split(), *call_of(leaf).split).status == 0
    found = lines(mhc.home)[before:]
    assert [line["act"] for line in found][-1] == leaf.path
    assert all({"at", "act", "who"} <= line.keys() for line in found)


@pytest.mark.parametrize("leaf", ACTING, ids=lambda leaf: leaf.path)
def test_a_dry_run_is_no_act(ready: Ready, leaf: Leaf) -> None:
    if "Writing" in leaf.sets:
        mhc = ready(leaf, MhcHere)
        before = lines(mhc.home)
        assert mhc(*leaf.path.split(), *call_of(leaf).split, "-n").status == 0
        assert lines(mhc.home) == before
