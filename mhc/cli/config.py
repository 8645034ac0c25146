"""`mhc config`: the settings as this call has them, and where everything lies."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from mhc.cli.context import settings
from mhc.cli.help import Group
from mhc.cli.options import Command, common_options, output_options, record_options
from mhc.cli.output import Field, Writer

if TYPE_CHECKING:
    from mhc.config import Setting, Settings

SETTINGS = (
    Field("name", "text", "The setting: an environment variable, in lower case a line of config.toml."),
    Field("value", "text", "Its value; a secret is ***, null is not set."),
    Field(
        "origin",
        "text",
        "default, file, env-file, environment, option, or the variable NAME_FILE.",
        foreign=False,
    ),
    Field("meaning", "text", "What it means.", foreign=False),
)
PATHS = (
    Field("config", "text", "The configuration file, whether it is there or not."),
    Field("data", "text", "The directory of the default database."),
    Field(
        "state",
        "text",
        "The spool, which may hold events that are nowhere else; locks, heartbeats, crash files, the audit log.",
    ),
    Field("database", "text", "The database, without its password."),
)
_SHOWN = "***"


@click.group(cls=Group, examples=["mhc config list", "mhc config path"])
def group() -> None:
    """The settings, and where they come from."""


@group.command("list", cls=Command, examples=["mhc config list", "mhc config list --fields name,origin"])
@output_options(fields=SETTINGS)
@common_options
@click.pass_context
def list_settings(ctx: click.Context, out: Writer) -> None:
    """List every setting: its value, where that came from, what it means. Secrets are ***.

    Order, weakest first: default, config.toml, env-file, environment, option.
    """
    out.rows(SETTINGS, out.ordered(SETTINGS, list(_rows(settings(ctx)))))


def _rows(loaded: "Settings") -> Iterator[dict[str, str | None]]:
    from mhc.config import SETTINGS as TABLE
    from mhc.config.shown import value_text

    for one in TABLE:
        value = loaded.database_shown if one.kind == "database" else getattr(loaded, one.attribute)
        shown = _SHOWN if one.secret and value is not None else value_text(one.kind, value)
        row = {"name": one.name, "value": shown, "origin": loaded.origin(one.name), "meaning": one.help}
        yield row
    yield from _room_rows(loaded, [one for one in TABLE if one.per_room])
    yield from _alert_rows(loaded)
    yield from _job_rows(loaded)


def _room_rows(loaded: "Settings", per_room: "Sequence[Setting]") -> Iterator[dict[str, str | None]]:
    """List what the tables [rooms.NAME] may say; of the main room a single setting wins over its table."""
    tables = {key.strip().lower() for key in loaded.tables.get("rooms", {})}
    for room in loaded.rooms:
        for one in per_room if room.name in tables else ():
            value = getattr(room, one.attribute)
            single = room.name == loaded.room and value == getattr(loaded, one.attribute)
            origin = "default" if value is None else loaded.origin(one.name) if single else "file"
            row = {"name": f"rooms.{room.name}.{one.key}", "value": value and _SHOWN}
            yield row | {"origin": origin, "meaning": one.help}


def _alert_rows(loaded: "Settings") -> Iterator[dict[str, str | None]]:
    """List what the rules [alerts.NAME] say, as it stands there."""
    for name, rule in loaded.tables.get("alerts", {}).items():
        for key, value in rule.items() if isinstance(rule, dict) else ():
            row: dict[str, str | None] = {"name": f"alerts.{name}.{key}", "value": _of_alert(key, value)}
            yield row | {"origin": "file", "meaning": "Of an alert."}


def _job_rows(loaded: "Settings") -> Iterator[dict[str, str | None]]:
    """List what holds of each job."""
    from mhc.config import JOBS
    from mhc.config.shown import value_text

    for job in JOBS:
        for one in job.settings:
            value = loaded.jobs[job.name].value(one.line)
            shown = _SHOWN if one.secret and value is not None else value_text(one.kind, value)
            row = {"name": one.name, "value": shown, "origin": loaded.origin(one.name), "meaning": one.help}
            yield row


def _of_alert(key: str, value: object) -> str:
    """Show a line of a rule, but not what may let one in: a url, a program's arguments."""
    if key == "url":
        return _SHOWN
    if key == "command" and isinstance(value, list):
        value = [*value[:1], *(_SHOWN for _ in value[1:2])]
    return value if isinstance(value, str) else json.dumps(value, default=str)


@group.command(
    "path", cls=Command, examples=["mhc config path", "mhc config path --fields config --no-headers"]
)
@record_options(fields=PATHS)
@common_options
@click.pass_context
def path(ctx: click.Context, out: Writer) -> None:
    """Show where the configuration, the data, the state and the database lie. Creates none of them."""
    loaded = settings(ctx)
    database = loaded.database_shown.removeprefix("sqlite:///")
    out.record(
        PATHS,
        {
            "config": str(loaded.config_path),
            "data": str(loaded.data_dir),
            "state": str(loaded.state_dir),
            "database": database,
        },
    )
