"""The table of settings: what there is, what it means, what holds when nothing is said."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Setting:
    """One setting: an environment variable, the same name in lower case in config.toml.

    A name with a dot stands in a table of the file only, and has no variable.
    """

    name: str
    attribute: str  # of Settings
    kind: str  # a key of values.PARSERS
    help: str
    default: str | None = None
    otherwise: str = ""  # says what holds where there is no fixed default
    secret: bool = False
    per_room: bool = False  # may stand in [rooms.NAME], too
    many: bool = False  # may be a list of such values
    suggestion: str = ""  # what `mhc init` writes into the comment of one without a default

    @property
    def key(self) -> str:
        """The name in config.toml."""
        return self.name.lower()

    @property
    def table(self) -> str:
        """The table of config.toml that it stands in; empty for none."""
        return self.key.rpartition(".")[0]

    @property
    def line(self) -> str:
        """The name in config.toml, inside its table."""
        return self.key.rpartition(".")[2]

    @property
    def variable(self) -> str | None:
        """The environment variable, if it has one."""
        return None if "." in self.name else self.name

    @property
    def may_be_file(self) -> bool:
        """Whether NAME_FILE may name a file that holds the value."""
        return self.secret or self.kind == "database"


SETTINGS: Final = (
    Setting(
        "DATABASE_URL",
        "database_url",
        "database",
        "Where everything is kept: sqlite:///path, postgresql://user@host/name, or the path of a SQLite file.",
        otherwise="mhc.db in the XDG data directory",
    ),
    Setting("CHATURBATE_USERNAME", "room", "room", "Your own room. More rooms: [rooms.NAME]."),
    Setting(
        "CB_AUTH_TOKEN",
        "events_token",
        "secret",
        "Events API token of the room (scope Events API).",
        secret=True,
        per_room=True,
    ),
    Setting(
        "CB_STATS_TOKEN", "stats_token", "secret", "Statistics token of the room.", secret=True, per_room=True
    ),
    Setting("STATBATE_API_TOKEN", "statbate_token", "secret", "Statbate Premium token.", secret=True),
    Setting(
        "MHC_AFFILIATE_WM",
        "affiliate_wm",
        "secret",
        "Affiliate code for the public feed of rooms.",
        secret=True,
    ),
    Setting(
        "MHC_TIMEZONE",
        "timezone",
        "zone",
        "Time zone in which times are read and shown, such as Europe/Berlin.",
        otherwise="the system's",
    ),
    Setting(
        "MHC_SITE_TIMEZONE",
        "site_timezone",
        "zone",
        "Time zone of what the site writes without one: its statistics and its token CSV.",
        "America/Los_Angeles",
    ),
    Setting(
        "MHC_WEEK_START",
        "week_start",
        "weekday",
        "The day with which a week begins, such as sunday.",
        "monday",
    ),
    Setting(
        "MHC_EVENTS_URL",
        "events_url",
        "origin",
        "Server of the Events API: scheme, host and port.",
        "https://eventsapi.chaturbate.com",
    ),
    Setting(
        "MHC_CHATURBATE_URL",
        "chaturbate_url",
        "origin",
        "Server of the site's public feeds: scheme, host and port.",
        "https://chaturbate.com",
    ),
    Setting(
        "MHC_STATBATE_URL",
        "statbate_url",
        "url",
        "Base of Statbate's API, to which /models and /members are appended.",
        "https://plus.statbate.com/api",
    ),
    Setting(
        "MHC_CBHOURS_URL", "cbhours_url", "url", "Address of CBHours' API.", "https://www.cbhours.com/api.php"
    ),
    Setting(
        "MHC_ERASURE_KEY",
        "erasure_key",
        "secret",
        "Keys the hashes of erased names; the same on every host. `mhc init` makes it.",
        secret=True,
    ),
    Setting(
        "MHC_STATE_DIR",
        "state_dir",
        "directory",
        "Spool, locks, pacing, heartbeat, crash files and the audit log.",
        otherwise="$STATE_DIRECTORY, else mhc in the XDG state directory",
    ),
    Setting(
        "MHC_SCREEN_SAFE",
        "screen_safe",
        "flag",
        "1 while the terminal is on stream: hides notes, private names, amounts and messages, whatever a command is asked.",
        "0",
    ),
    Setting(
        "MHC_WAIT_SCALE",
        "wait_scale",
        "number",
        "Multiplies every back-off; rehearsals use less than 1.",
        "1",
    ),
    Setting(
        "sessions.merge_gap",
        "merge_gap",
        "duration",
        "A break of this length at most does not end a session.",
        "30m",
    ),
    Setting(
        "feed.live_for",
        "live_for",
        "duration",
        "A room is taken for live for so long after its last reading in the public feed.",
        "15m",
    ),
    Setting(
        "listen.spool_max",
        "spool_max",
        "size",
        "The most that a room's spool takes on disk while the database is away; 5 % of the disk stay free.",
        "1GiB",
    ),
    Setting(
        "listen.ping_url",
        "ping_url",
        "hook",
        "A health check that `mhc listen` pings: /start, the URL itself while polls go well, /fail.",
        secret=True,
    ),
    Setting(
        "listen.metrics_dir",
        "metrics_dir",
        "directory",
        "Where `mhc listen` and jobs write their metrics, a file a room and a job, for node-exporter's textfile collector.",
    ),
    Setting(
        "backup.dir",
        "backup_dir",
        "directory",
        "Where `mhc db backup` writes, and keeps what it wrote.",
        otherwise="backups in the data directory",
    ),
    Setting("backup.hourly", "backup_hourly", "count", "Hours that keep their newest backup.", "24"),
    Setting("backup.daily", "backup_daily", "count", "Days that keep their newest backup.", "7"),
    Setting("backup.weekly", "backup_weekly", "count", "Weeks that keep their newest backup.", "4"),
    Setting("backup.monthly", "backup_monthly", "count", "Months that keep their newest backup.", "12"),
    Setting(
        "retention.private_text",
        "keep_private_text",
        "age",
        "How long private messages keep their words, such as 365d: `mhc db prune` takes what is older.",
        otherwise="for ever",
    ),
    Setting(
        "retention.chat",
        "keep_chat",
        "age",
        "How long public chat lines keep their words.",
        otherwise="for ever",
    ),
    Setting(
        "retention.presence",
        "keep_presence",
        "age",
        "How long it is kept who came and left when, visits included.",
        otherwise="for ever",
    ),
    Setting(
        "retention.observations",
        "keep_observations",
        "age",
        "How long readings of the public feed of rooms are kept.",
        otherwise="for ever",
    ),
    Setting(
        "retention.payloads",
        "keep_payloads",
        "age",
        "How long the answers of other sources are kept as they came, and what profiles said before they said something else.",
        otherwise="for ever",
    ),
    Setting(
        "retention.runs",
        "keep_runs",
        "age",
        "How long it is kept which job ran when; of each job the last run stays.",
        "1y",
    ),
    Setting(
        "search.messages",
        "search_messages",
        "flag",
        "Whether `mhc note search WORDS --private` finds chat lines and private messages: their words are kept, which takes"
        " disk. `mhc db check --repair` adds those of before, or, where it is false again, takes them away.",
        "false",
    ),
    Setting(
        "money.usd_per_token",
        "usd_per_token",
        "rate",
        "What a token earns in US dollars: `mhc report income` then has dollars, too.",
        otherwise="no figure in dollars",
        suggestion="0.05",
    ),
    Setting(
        "profiles.enabled",
        "profiles_enabled",
        "flag",
        "Whether public profiles are asked for, one room in 5 seconds: an address that the site does not document.",
        "false",
    ),
)

# Tables of config.toml; what reads one says what may stand in it.
TABLES: Final = (
    "rooms",
    "sessions",
    "feed",
    "listen",
    "backup",
    "jobs",
    "alerts",
    "retention",
    "search",
    "money",
    "profiles",
)
