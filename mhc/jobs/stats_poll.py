"""`stats-poll`: reads the statistics and the affiliate earnings of each own room that has a token."""

from typing import Final

from mhc.clients.pacing import PacedError
from mhc.errors import AccessError
from mhc.jobs.keeping import Outcome
from mhc.jobs.pulling import Pull, Surroundings, Task
from mhc.jobs.questions import APISTATS, STATS, More, find
from mhc.jobs.statbate_refresh import counted, finish
from mhc.jobs.work import Work

SOURCES: Final = (STATS, APISTATS)


def run(work: Work) -> None:
    """Read both of each room; one that any process read within five minutes is left for the next run."""
    loaded = work.settings
    rooms = [one.name for one in loaded.rooms if one.stats_token is not None]
    if not rooms:
        raise AccessError(
            "no room has a statistics token", hint="set CB_STATS_TOKEN, or stats_token in [rooms.NAME]"
        )
    pull = Pull(Surroundings(work.db, loaded, work.now, work.stop))
    told: list[Outcome] = []
    for outcome in pull.run([Task(find(source, More()), tuple(rooms)) for source in SOURCES]):
        if isinstance(outcome.failure, PacedError):
            work.counts["not_due"] += 1
        else:
            told += counted(work, [outcome])
    finish(work, told, pull)
