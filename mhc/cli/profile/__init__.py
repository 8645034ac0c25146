"""`mhc profile`: what rooms say of themselves in public, kept as history."""

from typing import Final

import click

from mhc.cli.root import LazyGroup, Table

COMMANDS: Final[Table] = {
    "pull": ("mhc.cli.profile.pull:pull", "Ask for public profiles, one room in five seconds."),
    "show": ("mhc.cli.profile.showing:show", "Show what a room says of itself, each field with its age."),
    "changes": ("mhc.cli.profile.showing:changes", "List what changed in public profiles, the newest first."),
}  # fmt: skip


@click.group(
    cls=LazyGroup, table=COMMANDS, examples=["mhc profile show other_room", "mhc profile changes --since 30d"]
)
def group() -> None:
    """What rooms say of themselves in public, and how it changed."""
