"""Whom a source does not know is asked about later and later; to be found ends that."""

from datetime import timedelta

import pytest

from factories import minute
from mhc.store import misses
from mhc.store.database import Database

INFO, RANK = "statbate.member_info", "statbate.model_rank"


@pytest.mark.parametrize(
    ("times", "days"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 30), (99, 30), (10**6, 30)]
)
def test_the_pause_grows_to_thirty_days(times: int, days: int) -> None:
    assert misses.pause(times) == timedelta(days=days)


def test_each_answer_that_knows_nobody_makes_the_pause_longer(database: Database) -> None:
    with database.write() as conn:
        for number in range(3):
            misses.note(conn, INFO, ["viewer_one", "viewer_two"], at=minute(number))
        misses.note(conn, RANK, ["viewer_one"], at=minute(0))
        of_one = misses.of_name(conn, "viewer_one")
        assert [(one.source, one.times, one.next_try_at - one.last_at) for one in of_one] == [
            (INFO, 3, timedelta(days=4)), (RANK, 1, timedelta(days=1)),
        ]  # fmt: skip
        due = minute(2) + timedelta(days=4)
        names = ["viewer_one", "viewer_two", "viewer_three"]
        before = due - timedelta(milliseconds=1)
        assert misses.waiting(conn, INFO, names, at=before) == {"viewer_one", "viewer_two"}
        assert misses.waiting(conn, INFO, names, at=due) == set()


def test_who_is_found_begins_anew(database: Database) -> None:
    with database.write() as conn:
        for _ in range(4):
            misses.note(conn, INFO, ["viewer_one"], at=minute(0))
        misses.clear(conn, INFO, ["viewer_one", "viewer_two"])
        assert misses.of_name(conn, "viewer_one") == []
        misses.note(conn, INFO, ["viewer_one"], at=minute(1))
        assert [one.times for one in misses.of_name(conn, "viewer_one")] == [1]
        misses.note(conn, INFO, [], at=minute(1))
