"""Asking for public profiles: who is due, and what becomes of a room that the site does not show."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from mhc.clients.biocontext import KeptOutError
from mhc.config import Settings
from mhc.jobs import targets
from mhc.jobs.keeping import Outcome
from mhc.jobs.profile_keeping import note_kept_out
from mhc.jobs.pulling import Pull, Surroundings, Task
from mhc.jobs.questions import of_profile
from mhc.jobs.targets import Filters, Plan, Target
from mhc.store import profiles

if TYPE_CHECKING:
    from sqlalchemy import Connection

# How long an answer is taken for the present one (contract profile 6.3).
OWN: Final = timedelta(hours=24)
OTHERS: Final = timedelta(days=7)


def plan(
    conn: "Connection",
    named: Sequence[Target],
    filters: Filters,
    loaded: Settings,
    *,
    room_ids: Sequence[int] | None,
    now: datetime,
    but: Collection[str] = (),
) -> Plan:
    """Say who is asked about: of the named and the chosen those of whom there is no answer as young as it may be.

    Where `filters` say how old it may be, it is the same for all. Who is chosen, and is not shown to this address, is
    left out, as are those of `but`; who is named is asked about all the same.
    """
    question = of_profile()
    asked = replace(filters, stale=OTHERS) if filters.stale is None else filters
    hidden = profiles.kept_out(conn).union(but)
    if asked.budget is not None:
        asked = replace(asked, budget=asked.budget + len(hidden))
    found = targets.plan(conn, [question], named, asked, room_ids=room_ids, now=now)
    by_hand = {one.username for one in named}
    due = [name for task in found.tasks for name in task.names if name in by_hand or name not in hidden]
    if filters.budget is not None:
        due = due[: max(filters.budget, len(by_hand))]
    if filters.stale is None:
        own = {one.name for one in loaded.rooms}
        again = targets.due(conn, question, [one for one in named if one.username in own], now=now, stale=OWN)
        due = list(dict.fromkeys([*due, *(one.username for one in again)]))
    tasks = [Task(question, tuple(due), frozenset(by_hand))] if due else []
    return Plan(tasks, [one for one in found.fresh if one.username not in due], found.unheard)


def pull(one: Pull, around: Surroundings, tasks: Sequence[Task]) -> Iterator[Outcome]:
    """Ask; give what became of each, as soon as it is stored."""
    for outcome in one.run(tasks):
        if isinstance(outcome.failure, KeptOutError) and outcome.username is not None:
            with around.db.write() as conn:
                note_kept_out(conn, outcome.username, around.now())
        yield outcome
