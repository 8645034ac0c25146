"""What a command needs of its surroundings: the settings, read once a call."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from mhc.cli.options import Shared
from mhc.config import Settings, load
from mhc.log import setup

if TYPE_CHECKING:
    from mhc.store.database import Database

_KEY = "mhc.settings"


def settings(ctx: click.Context, *, fresh: bool = False) -> Settings:
    """Give the settings of this call: the first time they are loaded, and logging is set up by them.

    `fresh` reads them again, for who runs long; bad ones raise, and those of before stay.
    """
    if fresh or _KEY not in ctx.meta:
        shared = ctx.ensure_object(Shared)
        setup(shared.verbose, shared.quiet, ())
        loaded = load(config_file=shared.config, env_file=shared.env_file, db=shared.db, environ=os.environ)
        setup(shared.verbose, shared.quiet, loaded.secrets())
        ctx.meta[_KEY] = loaded
    found = ctx.meta[_KEY]
    assert isinstance(found, Settings)
    return found


@contextmanager
def database(ctx: click.Context, *, busy_ms: int | None = None) -> Iterator["Database"]:
    """Give the database of this call, closed at its end."""
    from mhc.store.database import Database

    loaded = settings(ctx)
    waits = {} if busy_ms is None else {"busy_ms": busy_ms}
    db = Database(
        loaded.database_url,
        **waits,
        erasure_key=loaded.erasure_key,
        index_messages=loaded.search_messages,
    )
    try:
        yield db
    finally:
        db.close()


def utc_now() -> datetime:
    """Give the time: the one clock of the command line."""
    return datetime.now(UTC)
