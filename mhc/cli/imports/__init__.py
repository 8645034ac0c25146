"""`mhc import`: what the owner brings in files, or pastes."""

from typing import Final

import click

from mhc.cli.root import LazyGroup, Table

COMMANDS: Final[Table] = {
    "chat": ("mhc.cli.imports.paste:chat", "Take in chat that was copied from the page."),
    "pm": ("mhc.cli.imports.paste:pm", "Take in private messages that were copied from the page."),
    "tips": ("mhc.cli.imports.paste:tips", "Take in tips that were copied from the page."),
    "tipmenu": ("mhc.cli.imports.menu:tipmenu", "Take in a room's tip menu, by tokens and label."),
    "people": (
        "mhc.cli.imports.people:people",
        "Take in what an older system remembered of people: JSON, one person a line.",
    ),
    "follows": (
        "mhc.cli.imports.follows:follows",
        "Take in who follows the room, or whom its owner follows.",
    ),
    "tokens": (
        "mhc.cli.imports.tokens:tokens",
        "Take in the token statistics of the own room, a CSV file that the site gives you while you are logged in.",
    ),
    "list": ("mhc.cli.imports.batches:list_batches", "List what was imported, the latest first."),
    "undo": ("mhc.cli.imports.batches:undo", "Take back what an import brought."),
}


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    examples=[
        "mhc import chat chat.txt",
        "mhc import follows followers.txt --direction followers",
        "mhc import list",
    ],
)
def group() -> None:
    """What you bring in files, or paste: shown, and kept with --save."""
