"""`mhc sandbox serve`: what it prints leads everything that mhc asks to it."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from command import Mhc, MhcHere
from mhc.clients import statbate
from mhc.clients.cbstats import StatisticsClient
from mhc.clients.pacing import Pacer
from mhc.clients.statbate import Query, StatbateClient
from mhc.config import Secret


@contextmanager
def serving(run_mhc: Mhc, *words: str) -> Iterator[dict[str, str]]:
    """Run `mhc sandbox serve`, and give the variables that it prints."""
    with run_mhc.start("sandbox", "serve", "--port", "0", *words) as process:
        assert process.stdout is not None
        found: dict[str, str] = {}
        try:
            while "MHC_WAIT_SCALE" not in found:
                (word,) = shlex.split(process.stdout.readline().removeprefix("export "))
                name, _, value = word.partition("=")
                found[name] = value
            yield found
        finally:
            process.terminate()


def test_a_month_is_there_at_once_and_ends_now(run_mhc: Mhc, tmp_path: Path) -> None:
    words = (
        "--start",
        "30d",
        "--speed",
        "0",
        "--length",
        "30m",
        "--naive",
        "--rename",
        "viewer_two=second_viewer",
    )
    with serving(run_mhc, *words) as found:
        assert float(found["MHC_WAIT_SCALE"]) == 0.001
        assert found["MHC_EVENTS_URL"] == found["MHC_CHATURBATE_URL"]
        pacer = Pacer(tmp_path / "state")
        client = StatbateClient(
            found["MHC_STATBATE_URL"], Secret(found["STATBATE_API_TOKEN"]), pacer, wait_scale=0.001
        )
        info = client.fetch(statbate.MEMBER_INFO, Query(name="second_viewer"))
        client.close()
        assert b"T" not in info.payload.split(b'"last_tip_date":')[1][:20]
        tipped = info.one.last_tip_date
        assert tipped is not None
        assert timedelta(0) < datetime.now(UTC) - tipped < timedelta(days=4)
        site = StatisticsClient(
            found["MHC_CHATURBATE_URL"], found["CHATURBATE_USERNAME"], Secret(found["CB_STATS_TOKEN"]), pacer
        )
        last = site.fetch().statistics.last_broadcast
        site.close()
        assert last is not None
        assert timedelta(0) <= datetime.now(UTC) - last < timedelta(days=1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--rename", "viewer_two"), "--rename takes OLD=NEW"),
        (("--start", "someday"), "someday"),
        (("--faults", "nonsense"), "'nonsense' is no fault"),
    ],
)
def test_what_it_does_not_take(tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    run = MhcHere(tmp_path)("sandbox", "serve", "--port", "0", *words)
    assert run.status == 2
    assert sentence in run.stderr
