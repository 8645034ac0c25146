"""What the commands of `mhc attr` have in common: a key that was typed, as the one that is meant."""

from collections.abc import Mapping

import click

from mhc.cli import complete
from mhc.domain.attributes import Key
from mhc.domain.names import near_matches
from mhc.errors import NotFoundError

name_argument = click.argument(
    "name", metavar="NAME", help="Any name of the person.", shell_complete=complete.people
)


def known_key(known: Mapping[str, Key], key: str) -> Key:
    """Give the key of this name."""
    if key in known:
        return known[key]
    near = near_matches(key, known)
    otherwise = "mhc attr define KEY makes one, mhc attr keys lists those that are there"
    hint = f"did you mean: {', '.join(near)}? or make it: mhc attr define KEY" if near else otherwise
    raise NotFoundError(f"no attribute key {key!r}", hint=hint)
