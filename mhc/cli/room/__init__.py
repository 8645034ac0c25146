"""`mhc room`: the public feed of rooms."""

from typing import Final

import click

from mhc.cli.root import LazyGroup, Table

COMMANDS: Final[Table] = {
    "poll": ("mhc.cli.room.polling:command", "Read the public feed of rooms once, and keep what a filter names."),
    "online": ("mhc.cli.room.looking:online", "List the rooms that are online, by the last poll."),
    "show": ("mhc.cli.room.looking:show", "Show a room as the feed had it last."),
    "history": ("mhc.cli.room.history:command", "List a room's sessions, the last first, as polls saw them."),
    "now": ("mhc.cli.room.now:now", "List who is in your room now."),
    "movers": ("mhc.cli.room.movers:command", "List rooms by how many followers they gained, the most first."),
}  # fmt: skip


@click.group(
    cls=LazyGroup, table=COMMANDS, examples=["mhc room online", "mhc room show example_room", "mhc room now"]
)
def group() -> None:
    """The rooms of others, by the site's public feed."""
