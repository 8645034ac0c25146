"""Every option that takes a time takes the whole grammar; what is no time is refused with what would be one.

What each form means is proved in tests/domain/test_times.py, and against systemd in test_times_laws.py.
"""

import pytest

from calls import call_of
from command import MhcHere
from conventions_ready import Ready
from docs_tree import Leaf, leaves

RANGES = [leaf for leaf in leaves() if "Range" in leaf.sets]
INSTANTS = [
    (leaf, option.opts[0])
    for leaf in leaves()
    for option in leaf.command.params
    if option.metavar == "TIME" and option.opts[0] == "--at"
]
LENGTHS = [
    (leaf, option.opts[0])
    for leaf in leaves()
    for option in leaf.command.params
    if option.metavar == "TIME" and option.opts[0] in {"--for", "--length"}
]
PAST = (
    "now", "today", "yesterday", "2d", "36h", "1h30m", "1.5h", "3 days", "2 days ago", "-2d", "2w ago", "6mo", "1y",
    "2026-03-01", "2026-03-01 10:00", "2026-03-01T10:00:00Z", "2026-03-01T10:00+02:00", "2026-03-01 10:00 Europe/Berlin",
    "00:00", "monday", "mon 00:00", "@1767225600",
)  # fmt: skip
ANCHORS = ("session", "session:1", "last-session", "last-run", "last-run:db-backup")
WRONG = ("03/04/2026", "20260301", "march", "2026-02-30", "25:00", "10 parsecs", "", "last-run:nothing")


@pytest.mark.parametrize("leaf", RANGES, ids=lambda leaf: leaf.path)
def test_a_range_takes_every_form(reading: MhcHere, leaf: Leaf) -> None:
    few = ["-o", "ndjson", "-L", "1"] if leaf.is_list else []
    call = [*leaf.path.split(), *call_of(leaf).split, *few]
    every = 1 if leaf is RANGES[0] else len(RANGES)  # one parser reads them for all
    for text in (*PAST[::every], *ANCHORS):
        run = reading(*call, f"--since={text}")
        assert run.status == 0, (text, run.stderr)
    for text in PAST[:: len(RANGES)]:
        run = reading(*call, "--since=10y", f"--until={text}")
        assert run.status == 0, (text, run.stderr)
    for text in WRONG:
        for option in ("--since", "--until"):
            run = reading(*call, f"{option}={text}")
            assert (run.status, run.stdout) == (2, ""), (option, text)
    assert reading(*call, "--since", "now", "--until", "2d").status == 2


@pytest.mark.parametrize(
    ("leaf", "option"), INSTANTS, ids=lambda one: one if isinstance(one, str) else one.path
)
def test_an_instant_takes_every_form(ready: Ready, leaf: Leaf, option: str) -> None:
    mhc = ready(leaf, MhcHere)
    call = [*leaf.path.split(), *call_of(leaf).split, *(["-n"] if "Writing" in leaf.sets else [])]
    for text in PAST:
        run = mhc(*call, f"{option}={text}")
        # Where another session is in the way, the time was understood.
        assert run.status == 0 or run.stderr.startswith("mhc: session "), (text, run.stderr)
    for text in (*WRONG, "tomorrow"):
        run = mhc(*call, f"{option}={text}")
        assert (run.status, run.stdout) == (2, ""), text


@pytest.mark.parametrize(
    ("leaf", "option"), LENGTHS, ids=lambda one: one if isinstance(one, str) else one.path
)
def test_a_length_is_a_length(reading: MhcHere, leaf: Leaf, option: str) -> None:
    for text in ("soon", "yesterday", "2026-03-01"):
        run = reading(*leaf.path.split(), f"{option}={text}", CB_AUTH_TOKEN="x")
        assert (run.status, run.stdout) == (2, ""), text
        assert option in run.stderr
