"""What a command needs of its surroundings: the settings, read once a call."""

import os

import click

from mhc.cli.options import Shared
from mhc.config import Settings, load
from mhc.log import setup

_KEY = "mhc.settings"


def settings(ctx: click.Context) -> Settings:
    """Give the settings of this call: the first time they are loaded, and logging is set up by them."""
    if _KEY not in ctx.meta:
        shared = ctx.ensure_object(Shared)
        setup(shared.verbose, shared.quiet, ())
        loaded = load(config_file=shared.config, env_file=shared.env_file, db=shared.db, environ=os.environ)
        setup(shared.verbose, shared.quiet, loaded.secrets())
        ctx.meta[_KEY] = loaded
    found = ctx.meta[_KEY]
    assert isinstance(found, Settings)
    return found
