"""`mhc attr`: what people are like, by key."""

from typing import Final

import click

from mhc.cli.root import LazyGroup, Table

COMMANDS: Final[Table] = {
    "set": ("mhc.cli.attr.saying:set_values", "Say something of a person, by key."),
    "list": ("mhc.cli.attr.looking:list_values", "List what is said of people, by name and key."),
    "show": ("mhc.cli.attr.looking:show", "List what is said of one person, with what the keys are called."),
    "remove": (
        "mhc.cli.attr.saying:remove",
        "Say something of a person no more; that it was said stays in the history.",
    ),
    "history": (
        "mhc.cli.attr.looking:history",
        "List what is and was said of a person: by key, the last first.",
    ),
    "define": ("mhc.cli.attr.keys:define", "Make a key of your own, or change what it is called."),
    "keys": ("mhc.cli.attr.keys:list_keys", "List the keys: what can be said, and of how many people it is."),
}


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    examples=["mhc attr set viewer_one language=french banned_me=no", "mhc attr show viewer_one"],
)
def group() -> None:
    """What people are like, by key: what you know, and how sure it is."""
