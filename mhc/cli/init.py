"""`mhc init`: the configuration and the database."""

import os
import secrets
import sys

import click

from mhc.cli.context import database, settings
from mhc.cli.lookups import username
from mhc.cli.options import Command, common_options, record_options, write_options
from mhc.cli.output import Field, Writer
from mhc.config import Secret, write_default_config
from mhc.config.values import parse_secret
from mhc.errors import UsageError

FIELDS = (
    Field("config", "text", "The configuration file.", foreign=False),
    Field("config_written", "bool", "Whether it was written now."),
    Field("database", "text", "The database.", foreign=False),
    Field("schema", "text", "The schema's revision.", foreign=False),
    Field("room", "username", "Your room."),
    Field("token", "bool", "Whether there is a token of the Events API.", secrecy="open"),
)


@click.command(cls=Command, examples=["mhc init", "mhc init --no-input"])
@write_options
@record_options(fields=FIELDS)
@common_options
@click.pass_context
def command(ctx: click.Context, out: Writer, dry_run: bool, yes: bool, no_input: bool) -> None:
    """Write the configuration and create the database.

    Asks for the room and its token on a terminal; otherwise takes them from the environment. What exists is kept, so
    it may be run again.
    """
    loaded = settings(ctx)
    path = loaded.config_path
    write = not path.exists() and not dry_run
    if write:
        asks = sys.stdin.isatty() and sys.stderr.isatty() and not no_input and not yes
        write_default_config(path, _values(loaded.room, loaded.events_token, asks=asks))
        loaded = settings(ctx, fresh=True)
    revision: str | None = None
    if not dry_run:
        revision = _prepare(ctx)
    out.record(
        FIELDS,
        {
            "config": str(path),
            "config_written": write,
            "database": loaded.database_shown,
            "schema": revision,
            "room": loaded.room,
            "token": loaded.events_token is not None,
        },
    )
    if loaded.room is None or loaded.events_token is None:
        out.message(f"Set chaturbate_username and cb_auth_token in {path}, then: mhc listen")


def _values(room: str | None, token: Secret | None, *, asks: bool) -> dict[str, str | Secret]:
    """Give what goes into the file: from the environment, or from answers on the terminal."""
    if asks and room is None:
        said = click.prompt("Your room (empty: later)", default="", show_default=False, err=True)
        room = username(said) if said else None
    if asks and token is None:
        said = click.prompt("Events API token (hidden; empty: later)", default="", hide_input=True, err=True)
        token = _token(said) if said.strip() else None
    values: dict[str, str | Secret] = {"MHC_ERASURE_KEY": Secret(secrets.token_hex(32))}
    if room is not None:
        values["CHATURBATE_USERNAME"] = room
    if token is not None:
        values["CB_AUTH_TOKEN"] = token
    if url := os.environ.get("DATABASE_URL"):
        values["DATABASE_URL"] = Secret(url)  # it may hold a password; the file is ours alone
    return values


def _token(said: str) -> Secret:
    try:
        return parse_secret(said)
    except ValueError as error:
        raise UsageError(
            f"what was given as the token {error}", hint="nothing was written; mhc init"
        ) from None


def _prepare(ctx: click.Context) -> str | None:
    """Make the database, or bring it up to date; give its revision."""
    from mhc.store import migrate

    with database(ctx) as db:
        return (db.create() if db.is_empty() else migrate.upgrade(db))[1]
