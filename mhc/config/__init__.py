"""The settings of mhc: one table that loads, validates and documents them.

Order, weakest first: default < config.toml < lines of an env-file < environment < option.
"""

from mhc.config.directories import state_dir
from mhc.config.jobs import JOBS, Job, JobSettings
from mhc.config.loading import load
from mhc.config.options import check_option, database_argument
from mhc.config.settings import RoomSettings, Settings
from mhc.config.table import SETTINGS, Setting
from mhc.config.values import Secret, hook_secrets, parse_hook, without_password
from mhc.config.writing import write_default_config

__all__ = [
    "JOBS",
    "SETTINGS",
    "Job",
    "JobSettings",
    "RoomSettings",
    "Secret",
    "Setting",
    "Settings",
    "check_option",
    "database_argument",
    "hook_secrets",
    "load",
    "parse_hook",
    "state_dir",
    "without_password",
    "write_default_config",
]
