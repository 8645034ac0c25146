"""What sources said is emptied when nobody has said so for long: readings and figures stay, and what is said again is kept."""

from datetime import datetime, timedelta
from typing import Any

from factories import minute
from folk import known
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import inventory, pruning, runs, series, snapshots
from mhc.store.database import Database
from mhc.store.pruning_text import Job
from mhc.store.snapshots import Asked, Reading

INFO = Asked("statbate.member_info")


def say(db: Database, who: int, *readings: tuple[float, int]) -> None:
    with db.write() as conn:
        for at, tokens in readings:
            body = f'{{"tokens": {tokens}}}'.encode()
            snapshots.add(conn, [Reading(who, INFO, minute(at), body, {"tokens": tokens})])


def prune(db: Database, before: datetime, batch: int = 1) -> dict[str, int]:
    with db.write() as conn:
        run = runs.begin(conn, pruning.JOB, "here", before)
    return dict(pruning.prune(db, {"payloads": Job(before, MERGE_GAP, batch)}, run))


def told(db: Database, who: int) -> list[tuple[Any, bool]]:
    """Give what each reading says, and whether it can still be read as it came."""
    with db.read() as conn:
        (asked,) = series.questions(conn, [who])
        found = [series.said(conn, one.payload_id) for one in series.between(conn, [who], asked.id)]
    return [(one.metrics["tokens"], one.body is not None) for one in found]


def test_what_was_not_said_for_long_goes_and_the_figures_stay(database: Database) -> None:
    with database.write() as conn:
        (who,) = known(conn, "viewer_one")
    say(database, who, *((n, n) for n in range(30)), (100, 3), (101, 99))
    limit = minute(100)
    with database.read() as conn:
        assert pruning.due(conn, "payloads", limit) == (31, 29)
        assert pruning.due(conn, "payloads", None) == (31, 0)
    assert prune(database, limit) == {"payloads": 29}
    assert told(database, who) == [*((n, n == 3) for n in range(30)), (3, True), (99, True)]
    with database.read() as conn:
        assert pruning.due(conn, "payloads", limit) == (2, 0)
    assert prune(database, limit) == {"payloads": 0}


def test_what_is_said_again_is_kept_again(database: Database) -> None:
    with database.write() as conn:
        (who,) = known(conn, "viewer_one")
    say(database, who, (0, 1), (1, 2))
    assert prune(database, minute(5)) == {"payloads": 2}
    say(database, who, (10, 1))
    assert told(database, who) == [(1, True), (2, False), (1, True)]
    assert prune(database, minute(10) + timedelta(seconds=1)) == {"payloads": 1}


def test_db_info_counts_readings_answers_and_what_one_takes(database: Database) -> None:
    assert _counted(database) == (0, 0, None)
    with database.write() as conn:
        (who,) = known(conn, "viewer_one")
    say(database, who, *((n, n % 3) for n in range(300)))
    readings, answers, each = _counted(database)
    assert (readings, answers) == (300, 3)
    assert each is not None
    assert 20 < each < 1000


def _counted(db: Database) -> tuple[int, int, int | None]:
    found = inventory.of(db)
    return found["snapshots"], found["payloads"], found["bytes_a_snapshot"]
