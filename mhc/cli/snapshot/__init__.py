"""`mhc snapshot`: what other sources say of people."""

from typing import Final

import click

from mhc.cli.root import LazyGroup, Table

COMMANDS: Final[Table] = {
    "pull": (
        "mhc.cli.snapshot.pull:pull",
        "Ask other sources about people, and keep each answer.",
    ),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def group() -> None:
    """What other sources say of people, each answer kept."""
