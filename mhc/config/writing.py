"""The config.toml that `mhc init` writes: every setting with its comment, what is known filled in."""

import json
import os
import textwrap
from collections.abc import Mapping
from pathlib import Path

from mhc.config.jobs import JOBS, Job
from mhc.config.table import SETTINGS, Setting
from mhc.config.values import Secret
from mhc.errors import ConfigError, OutputError

_HEAD = """\
# Settings of mhc. An environment variable of the same name in capitals wins over a line here.
# This file may hold secrets: keep it readable by you alone (chmod 600), or mhc refuses it.
# A secret may stand in a file of its own: cb_auth_token_file = "/path" instead of cb_auth_token.
"""
_ROOMS = """
# A further room of yours, with its own tokens.
# [rooms.example_room]
# cb_auth_token = ""
# cb_stats_token = ""
"""
_ALERTS = """
# What `mhc listen` does when something happens: every condition of a rule must hold. The command gets JSON on its
# standard input; a url gets it posted. docs/operations.md has every key.
# [alerts.big_tip]
# events = ["tip"]
# min_tokens = 100
# cooldown = "1m"
# command = ["/usr/local/bin/on-big-tip"]
#
# [alerts.friend_returns]
# watchlist = "Friends"
# returns_after = "30d"
# url = "https://example.org/hook"
#
# After each show, a digest in place of the JSON: markdown, text or html.
# [alerts.after_show]
# events = ["stop"]
# digest = "markdown"
# url = "https://example.org/topic"
"""

_JOBS = """
# What `mhc job tick` runs, and when: every, or at a time of day. Every job takes enabled, jitter, quiet, time_limit,
# max_age and ping_url, too. docs/jobs.md says what each does.
"""


def write_default_config(path: Path, values: Mapping[str, str | Secret]) -> None:
    """Write a commented config.toml (0600, directories 0700) with the values given by setting name.

    Raise ConfigError when the file is there already, OutputError when it cannot be written.
    """
    text = render_config(values)
    try:
        _make_private_directory(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise ConfigError(f"{path} is already there; mhc does not overwrite it") from None
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or error}") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise OutputError(f"{path}: {error.strerror or error}") from None


def render_config(values: Mapping[str, str | Secret]) -> str:
    """Give the text of a config.toml; a setting without a value is a comment."""
    single = [_lines(s, values.get(s.name)) for s in SETTINGS if s.variable]
    tables = dict.fromkeys(s.table for s in SETTINGS if s.table)
    parts = [_HEAD, *single]
    for table in tables:
        parts += [f"[{table}]", *(_lines(s, values.get(s.name)) for s in SETTINGS if s.table == table)]
    return "\n".join(parts) + _ROOMS + _ALERTS + _JOBS + "#\n".join(map(_job, JOBS))


def _job(job: Job) -> str:
    """Give a job's table with what holds by default, as a comment."""
    lines = [f"{one.line} = {_written(one, one.default)}" for one in job.settings if one.default]
    return "".join(f"# {line}\n" for line in (job.about, f"[jobs.{job.name}]", *lines))


def _lines(setting: Setting, value: str | Secret | None) -> str:
    """Give a setting's comment and its line."""
    plain = value.reveal() if isinstance(value, Secret) else value
    default = setting.otherwise or setting.default
    comment = setting.help + (f" Default: {default}." if default else "")
    written = plain or setting.default or setting.suggestion
    line = f"{'' if plain else '# '}{setting.line} = {_written(setting, written)}"
    return "\n".join([*(f"# {part}" for part in textwrap.wrap(comment, 96)), line, ""])


def _written(setting: Setting, text: str) -> str:
    return text if setting.kind in {"flag", "budget", "rate"} else _quoted(text)


def _quoted(text: str) -> str:
    """Give TOML's basic string, which is JSON's but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _make_private_directory(path: Path) -> None:
    """Make a directory and its parents, each for us alone."""
    if path.is_dir():
        return
    _make_private_directory(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
