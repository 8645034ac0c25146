"""What the commands of `mhc watchlist` have in common: their arguments, and the names of lists."""

import click

from mhc.cli import complete
from mhc.domain.text import clean
from mhc.errors import UsageError

_LONGEST = 64

list_argument = click.argument(
    "name", metavar="LIST", help="The list's name, in any case.", shell_complete=complete.watchlists
)
people_argument = click.argument(
    "names",
    metavar="NAME…",
    nargs=-1,
    required=True,
    help="A name, @name or room URL; - reads names from stdin.",
    shell_complete=complete.people,
)


def title(name: str) -> str:
    """Give the name of a list as it is kept."""
    found = clean(" ".join(name.split()))
    if not found or len(found) > _LONGEST:
        raise UsageError(f"a list's name has 1 to {_LONGEST} characters")
    return found
