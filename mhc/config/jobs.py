"""The table of jobs: what there is, when each runs where nothing else is said, and what [jobs.NAME] may say of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any, Final

from mhc.config.table import Setting
from mhc.config.values import Secret


@dataclass(frozen=True)
class Job:
    """One job; each setting is of its own table, and `needs` names the variable without which it is off."""

    name: str
    about: str
    function: str  # module:function, loaded when it runs; it takes the run's `Work`
    settings: tuple[Setting, ...]  # those of every job, then its options
    options: tuple[Setting, ...]  # what the function gets; an option of `mhc job run`, too
    needs: str | None = None


@dataclass(frozen=True)
class JobSettings:
    """What [jobs.NAME] says, with what is not set as it is by default."""

    enabled: bool
    every: timedelta | None
    at: tuple[time, ...]  # of the display zone
    jitter: timedelta
    quiet: tuple[time, time] | None
    time_limit: timedelta
    max_age: timedelta | None
    ping_url: Secret | None
    options: Mapping[str, Any]
    lacks: str | None = None  # the variable that is not set, though the job needs it

    def value(self, key: str) -> Any:
        """Give the value of a line of [jobs.NAME]."""
        return self.options[key] if key in self.options else getattr(self, key)


def _setting(name: str, default: str | None, help_: str, kind: str, **more: Any) -> Setting:
    return Setting(name, name.rpartition(".")[2], kind, help_, default, **more)


# Whom a job asks about, in the order in which they come; a job has those of them that mean something to it.
_WHOM = (
    ("list", "list", "People on these lists, who come first.", True),
    ("live", "flag", "Those who are in the own rooms now, who come next; affiliate-poll: every room.", False),
    ("segment", "segment", "Those who are tippers, followers or models. Without list, live and segment: everyone.", True),
    ("min_followers", "whole", "Only rooms with so many followers at least.", False),
    ("gender", "gender", "Only rooms of these genders: f, m, t or c.", True),
    ("tag", "tag", "Only rooms with all of these tags.", True),
    ("stale", "span", "Only those whose last reading is older, such as 6h.", False),
    ("budget", "budget", "How many it asks about in a run, at most; affiliate-poll: keeps.", False),
    ("tracked", "flag", "Rooms of who is tracked, whatever else is asked.", False),
    ("min_viewers", "whole", "Only rooms with so many viewers at least.", False),
    ("backfill", "whole", "Of how many rooms it also asks, each run, what was seen of them in the past.", False),
)  # fmt: skip


def _job(
    name: str,
    about: str,
    function: str,
    *,
    every: str | None = None,
    at: str | None = None,
    jitter: str = "0m",
    limit: str = "10m",
    needs: str | None = None,
    whom: Mapping[str, str | None] | None = None,
    on: bool = True,
) -> Job:
    """Give a job with the settings of all, and those that say whom it asks about, with their defaults."""
    here = f"jobs.{name}"
    enabled = f"true where {needs} is set" if needs else ""
    common = (
        _setting(f"{here}.enabled", None if needs else "true" if on else "false", "Whether it runs at all.", "flag", otherwise=enabled),
        _setting(f"{here}.every", every, "How often it runs. Or a time of day: at.", "span"),
        _setting(f"{here}.at", at, "At what time of the display zone it runs each day.", "clock", many=True),
        _setting(f"{here}.jitter", jitter, "By how much its runs are put off at most, always the same on a host.", "duration"),
        _setting(f"{here}.quiet", None, "Hours in which it does not run, such as 23:00-08:00; what was due runs after them.", "hours"),
        _setting(f"{here}.time_limit", limit, "After how long a run is ended, as failed.", "duration"),
        _setting(f"{here}.max_age", None, "How long ago it may have gone well, before mhc job status --check says no.",
                 "span", otherwise="until the second run in a row is missing"),
        _setting(f"{here}.ping_url", None, "A health check that each run pings: /start, the URL itself, /fail.", "hook", secret=True),
    )  # fmt: skip
    given = whom or {}
    options = tuple(
        _setting(f"{here}.{key}", given[key], meaning, kind, many=many)
        for key, kind, meaning, many in _WHOM
        if key in given
    )
    return Job(name, about, function, (*common, *options), options, needs)


# A reading is some minutes younger than the run that brought it: what is to be read at each run is stale a bit earlier.
_ROOMS: Final = {
    "tracked": "true", "list": None, "live": "false", "min_followers": None, "min_viewers": None, "gender": None,
    "tag": None, "budget": None,
}  # fmt: skip
_PEOPLE: Final = {"list": None, "live": "false", "segment": None, "stale": "5h", "budget": "500"}
_HOURS: Final = {
    "list": None,
    "live": "false",
    "segment": None,
    "stale": None,
    "budget": "500",
    "backfill": "0",
}
JOBS: Final = (
    _job("statbate-refresh", "Ask Statbate about the people who are due.", "mhc.jobs.statbate_refresh:run",
         every="6h", jitter="10m", limit="30m", needs="STATBATE_API_TOKEN", whom=_PEOPLE),
    _job("stats-poll", "Read the own account's statistics.", "mhc.jobs.stats_poll:run",
         every="15m", needs="CB_STATS_TOKEN"),
    _job("sessions-close", "End the live sessions whose stop never came.", "mhc.jobs.sessions_close:run", every="10m"),
    _job("db-backup", "Make a backup of the database, and verify it.", "mhc.jobs.db_backup:run", at="04:15", limit="2h"),
    _job("db-prune", "Take away what is older than [retention] keeps it.", "mhc.jobs.db_prune:run", at="05:15", limit="1h"),
    _job("affiliate-poll", "Read the public feed of rooms, and keep those that are tracked.", "mhc.jobs.affiliate_poll:run",
         every="5m", limit="4m", needs="MHC_AFFILIATE_WM", whom=_ROOMS),
    _job("profile-refresh", "Ask for the public profiles that are due, slowly.", "mhc.jobs.profile_refresh:run",
         at="06:45", jitter="30m", limit="30m", needs="profiles.enabled",
         whom={"list": "Known Streamers", "live": "false", "segment": None, "stale": "7d", "budget": "50"}),
    _job("cbhours-poll", "Ask CBHours how rooms are, and what it saw of them before.", "mhc.jobs.cbhours_poll:run",
         every="10m", jitter="2m", whom=_HOURS, on=False),
)  # fmt: skip
BY_NAME: Final = {one.name: one for one in JOBS}
