"""Row J2 of the fault catalogue: what a job makes of a source that is down, slows down, is empty, zero or of another form."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from command import Mhc
from mhc.store import runs
from mhc.store.database import Database
from mhc.store.schema import lookup_miss, payload, snapshot
from world import World

STATBATE, STATS = "statbate-refresh", "stats-poll"


@pytest.fixture
def mhc(run_mhc: Mhc, database_url: str) -> Mhc:
    run_mhc.environ |= {"DATABASE_URL": database_url, "MHC_WAIT_SCALE": "0.001"}
    return run_mhc


@contextmanager
def world_of(mhc: Mhc, folder: Path, faults: dict[str, str], *, told: bool = True) -> Iterator[World]:
    """Play a world whose month ends now, and lead the command there; its people are those of the room."""
    world = World(folder, begin=datetime.now(UTC) - timedelta(days=30), faults=faults)
    with world.sandbox:
        world.pass_time(days=30)
        mhc.environ |= {**world.sandbox.environment, "MHC_WAIT_SCALE": "0.001"}
        if told:
            assert mhc("person", "add", "viewer_one", "viewer_two", "viewer_three").status == 0
        yield world


def kept(db: Database) -> tuple[int, ...]:
    with db.read() as conn:
        tables = (snapshot, payload, lookup_miss)
        return tuple(conn.execute(select(func.count()).select_from(one)).scalar_one() for one in tables)


def figures(db: Database) -> list[str]:
    with db.read() as conn:
        return list(conn.execute(select(payload.c.metrics).order_by(payload.c.id)).scalars())


def last(db: Database, job: str) -> runs.Entry:
    with db.read() as conn:
        return runs.history(conn, [job])[0]


@pytest.mark.parametrize(
    ("word", "status", "sentence"),
    [
        ("99*502", 69, "Statbate is not working (502)"),
        ("99*reset", 69, "Statbate cannot be reached"),
        ("99*429", 75, "Statbate asks to slow down (429)"),
        ("99*403:html", 69, "blocks mhc"),
        ("99*401", 77, "Statbate refuses the token (401)"),
        ("99*bad-json", 65, "is no JSON"),
        ("99*changed", 65, "has no data of the documented form"),
    ],
)
def test_fault_j2_a_source_that_does_not_answer_fails_the_run_and_stores_nothing(
    mhc: Mhc, database: Database, tmp_path: Path, word: str, status: int, sentence: str
) -> None:
    with world_of(mhc, tmp_path / "one", {"statbate": word}):
        run = mhc("job", "run", STATBATE)
    assert (run.status, run.stdout) == (status, ""), run.stderr
    assert sentence in run.stderr
    assert kept(database) == (0, 0, 0)
    assert (last(database, STATBATE).state, sentence in str(last(database, STATBATE).error)) == (
        "failed",
        True,
    )
    assert mhc("job", "status", "--check").status == 4


@pytest.mark.parametrize("word", ["99*zeros", "99*empty"])
def test_fault_j2_zeros_where_figures_stood_are_no_reading(
    mhc: Mhc, database: Database, tmp_path: Path, word: str
) -> None:
    with world_of(mhc, tmp_path / "one", {}):
        assert mhc("job", "run", STATBATE).status == 0
        assert mhc("job", "run", STATS).status == 0
    before, misses = figures(database), kept(database)[2]
    with world_of(mhc, tmp_path / "two", {"statbate": word, "stats": word, "apistats": word}, told=False):
        made = [mhc("snapshot", "pull", "viewer_one", "viewer_two", "viewer_three"), mhc("job", "run", STATS)]
    assert all(run.status != 0 for run in made), [run.stderr for run in made]
    assert kept(database)[2] == misses  # nobody became unknown
    for text in figures(database)[len(before) :]:
        assert '"all_time_tokens":0' not in text
        assert '"num_followers":0' not in text


def test_fault_j2_once_it_answers_again_the_next_run_has_it_all(
    mhc: Mhc, database: Database, tmp_path: Path
) -> None:
    with world_of(mhc, tmp_path / "one", {"statbate": "99*502"}):
        assert mhc("job", "run", STATBATE).status == 69
    with world_of(mhc, tmp_path / "two", {}, told=False):
        run = mhc("job", "run", STATBATE)
    assert (run.status, run.stdout, run.stderr) == (0, "", "")
    assert kept(database)[0] >= 3 + 4  # the people, and what is asked of an own room
    assert last(database, STATBATE).state == "ok"
