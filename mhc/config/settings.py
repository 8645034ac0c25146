"""The settings, read and checked: what the rest of mhc works with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mhc.config.jobs import JobSettings
from mhc.config.sources import hook_urls
from mhc.config.table import SETTINGS
from mhc.config.values import Secret, hook_secrets, passwords_in, without_password


@dataclass(frozen=True)
class RoomSettings:
    """A room of ours and its tokens."""

    name: str
    events_token: Secret | None = None
    stats_token: Secret | None = None


@dataclass(frozen=True)
class Settings:
    """Every setting, read and checked; what is None is not set."""

    database_url: str = field(repr=False)  # may hold a password: show `database_shown`
    room: str | None
    rooms: tuple[RoomSettings, ...]  # the main room first
    events_token: Secret | None
    stats_token: Secret | None
    statbate_token: Secret | None
    affiliate_wm: Secret | None
    timezone: ZoneInfo
    site_timezone: ZoneInfo
    week_start: int  # 0: Monday
    events_url: str
    chaturbate_url: str
    statbate_url: str
    cbhours_url: str
    erasure_key: Secret | None
    state_dir: Path
    data_dir: Path
    config_path: Path  # the file that was read, or would have been
    wait_scale: float
    screen_safe: bool
    merge_gap: timedelta
    live_for: timedelta
    spool_max: int  # bytes
    ping_url: Secret | None
    metrics_dir: Path | None
    backup_dir: Path
    backup_hourly: int
    backup_daily: int
    backup_weekly: int
    backup_monthly: int
    keep_private_text: timedelta | None
    keep_chat: timedelta | None
    keep_presence: timedelta | None
    keep_observations: timedelta | None
    keep_payloads: timedelta | None
    keep_runs: timedelta | None
    search_messages: bool
    usd_per_token: float | None
    profiles_enabled: bool
    jobs: Mapping[str, JobSettings]  # each job's, by its name
    tables: Mapping[str, Mapping[str, Any]] = field(repr=False)  # of the file, as they stand there
    origins: Mapping[str, str] = field(repr=False)

    @property
    def database_shown(self) -> str:
        """The database's URL without its password."""
        return without_password(self.database_url)

    @property
    def database_file(self) -> Path | None:
        """The file of a SQLite database; None for a server."""
        scheme, _, path = self.database_url.partition("///")
        return Path(path.partition("?")[0]) if scheme == "sqlite:" else None

    def origin(self, name: str) -> str:
        """Say where a setting's value came from, by the setting's name.

        default, file, environment, env-file, option, or the variable NAME_FILE.
        """
        return self.origins[name]

    def secrets(self) -> tuple[str, ...]:
        """List every value that may not be shown, for the log's redaction."""
        tokens = [token for room in self.rooms for token in (room.events_token, room.stats_token)]
        tokens += [getattr(self, one.attribute) for one in SETTINGS if one.kind == "secret"]
        found = [t.reveal() for t in tokens if t] + passwords_in(self.database_url)
        pinged = [self.ping_url, *(job.ping_url for job in self.jobs.values())]
        hooks = hook_urls(self.tables) + [url.reveal() for url in pinged if url]
        return tuple(dict.fromkeys([*found, *(part for url in hooks for part in hook_secrets(url))]))
