"""`mhc snapshot`: what other sources say of people, kept as history."""

from typing import Final

import click

from mhc.cli.root import LazyGroup, Table

COMMANDS: Final[Table] = {
    "pull": ("mhc.cli.snapshot.pull:pull", "Ask other sources about people, and keep each answer."),
    "list": ("mhc.cli.snapshot.looking:list_snapshots", "List what other sources said, the newest first."),
    "show": ("mhc.cli.snapshot.showing:show", "Show one reading: each figure with its unit and where it comes from."),
    "diff": ("mhc.cli.snapshot.comparing:diff", "Show what changed between two readings of a person."),
    "trend": ("mhc.cli.snapshot.trending:trend", "Show how figures of a person went."),
}  # fmt: skip


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    examples=[
        "mhc snapshot pull viewer_one viewer_two -n",
        "mhc snapshot show viewer_one",
        "mhc snapshot diff viewer_one",
    ],
)
def group() -> None:
    """What other sources say of people, reading by reading."""
