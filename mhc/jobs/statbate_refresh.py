"""`statbate-refresh`: asks Statbate about the own rooms, and about the people who are due."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mhc.config import Settings
from mhc.domain.windows import parse
from mhc.errors import CheckError, ConfigError, NotFoundError
from mhc.jobs import questions, targets
from mhc.jobs.keeping import FOUND, Outcome, State
from mhc.jobs.pulling import Pull, Surroundings, Task
from mhc.jobs.questions import STATBATE, USUAL_RANGE, More
from mhc.jobs.targets import Filters
from mhc.jobs.work import Work
from mhc.store import watchlists

if TYPE_CHECKING:
    from sqlalchemy import Connection

# What is asked about an own room: its numbers, its ranks, its sessions, its tippers.
OF_ROOMS: Final = ("model_info", "model_rank", "model_activity", "model_members")
_NOT_HERE: Final = ("min_followers", "gender", "tag")  # of the public feed, not of people


def run(work: Work) -> None:
    """Ask about each own room, then about whom the options choose: on lists first, then the others in their order."""
    pull = Pull(Surroundings(work.db, work.settings, work.now, work.stop))
    with work.db.read() as conn:
        filters = filters_of(conn, work)
        rooms = _of_rooms(conn, work.settings, filters, work)
    told = list(counted(work, pull.run(rooms)))
    with work.db.read() as conn:
        ids = targets.own_rooms(conn, work.settings)
        plan = targets.plan(conn, questions.usual(), [], filters, room_ids=ids, now=work.now())
    rest = [one for task in plan.tasks if (one := _without(task, rooms)).names]
    told += counted(work, pull.run(rest))
    finish(work, told, pull)


def filters_of(conn: "Connection", work: Work, job: str = "statbate-refresh") -> Filters:
    """Give whom the options of a job choose. Raises NotFoundError for a list that is not there."""
    given = work.options
    wrong = [name for name in _NOT_HERE if given.get(name)]
    if wrong:
        raise ConfigError(f"[jobs.{job}]: {wrong[0]} chooses nobody here", hint="take it out")
    ids = []
    for name in given.get("list") or ():
        found = watchlists.find(conn, name)
        if found is None:
            raise NotFoundError(f"no watchlist named {name!r}", hint=f"list in [jobs.{job}]")
        ids.append(found.id)
    return Filters(
        list_ids=tuple(ids),
        live=bool(given.get("live")),
        segments=tuple(given.get("segment") or ()),
        stale=given.get("stale"),
        budget=given.get("budget"),
    )


def _of_rooms(conn: "Connection", loaded: Settings, filters: Filters, work: Work) -> list[Task]:
    rooms = targets.of_rooms(conn, loaded)
    more = More(window=parse(USUAL_RANGE))
    found = []
    for operation in OF_ROOMS:
        question = questions.find(f"{STATBATE}.{operation}", more)
        names = targets.due(conn, question, rooms, now=work.now(), stale=filters.stale)
        if names:
            found.append(Task(question, tuple(one.username for one in names)))
    return found


def _without(task: Task, done: Sequence[Task]) -> Task:
    """Leave out whom this was just asked about."""
    names = {name for one in done if one.question.asked == task.question.asked for name in one.names}
    return replace(task, names=tuple(name for name in task.names if name not in names))


def counted(work: Work, told: Iterable[Outcome]) -> Iterator[Outcome]:
    """Count what became of each question as soon as it did: whatever ends the run, what it did before is known."""
    for one in told:
        work.counts[str(one.state)] += 1
        yield one


def finish(work: Work, outcomes: Sequence[Outcome], pull: Pull) -> None:
    """Raise what ended the pull, or the gravest failure where nothing came; else note the failures."""
    failures = [one.failure for one in outcomes if one.failure is not None]
    doubts = [one for one in pull.ended if isinstance(one, CheckError)]
    if doubts:
        raise doubts[0]
    failures = [*pull.ended, *failures]
    if failures and not any(one.state in (*FOUND, State.UNKNOWN) for one in outcomes):
        raise max(failures, key=lambda one: one.status)
    work.complaints.extend(dict.fromkeys(one.message for one in failures))
