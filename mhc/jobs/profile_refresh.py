"""`profile-refresh`: asks for the profiles of the own rooms, and of the rooms that are due."""

from typing import TYPE_CHECKING

from mhc.clients.biocontext import KeptOutError
from mhc.jobs import profile_asking, targets
from mhc.jobs.keeping import Outcome
from mhc.jobs.pulling import Pull, Surroundings
from mhc.jobs.statbate_refresh import counted, filters_of, finish
from mhc.jobs.targets import Filters, Plan
from mhc.jobs.work import SkippedError, Work

if TYPE_CHECKING:
    from sqlalchemy import Connection


def _plans(conn: "Connection", work: Work) -> list[Plan]:
    """Plan the own rooms, then the others."""
    rooms = targets.of_rooms(conn, work.settings)
    ids, now = targets.own_rooms(conn, work.settings), work.now()
    filters = filters_of(conn, work, "profile-refresh")
    own = [profile_asking.plan(conn, rooms, Filters(), work.settings, room_ids=ids, now=now)] if rooms else []
    done = {name for plan in own for task in plan.tasks for name in task.names}
    rest = profile_asking.plan(conn, [], filters, work.settings, room_ids=ids, now=now, but=done)
    return [*own, rest]


def run(work: Work) -> None:
    """Ask about each own room once a day, and about whom the options choose; a room that is not shown is no failure."""
    if not work.settings.profiles_enabled:
        raise SkippedError("[profiles] enabled is not true")
    around = Surroundings(work.db, work.settings, work.now, work.stop)
    one = Pull(around)
    with work.db.read() as conn:
        plans = _plans(conn, work)
    tasks = [task for plan in plans for task in plan.tasks]
    told: list[Outcome] = []
    for outcome in profile_asking.pull(one, around, tasks):
        if isinstance(outcome.failure, KeptOutError):
            work.counts["kept_out"] += 1
        else:
            told += counted(work, [outcome])
    finish(work, told, one)
