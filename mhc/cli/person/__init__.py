"""`mhc person`: the people you have met."""

from typing import Final

import click

from mhc.cli.root import LazyGroup, Table

COMMANDS: Final[Table] = {
    "show": ("mhc.cli.person.card:show", "Show all that is known of a person; of several, a list."),
    "list": (
        "mhc.cli.person.roll:list_people",
        "List the people you have met, the last seen first, equals by name.",
    ),
    "search": (
        "mhc.cli.person.roll:search",
        "List the people whose name, now or once, contains a text; the last seen first, equals by name.",
    ),
    "add": (
        "mhc.cli.person.naming:add",
        "Add people whom nobody has met yet; who is known already stays as they are, but for --role.",
    ),
    "rename": (
        "mhc.cli.person.naming:rename",
        "Give a person a new name; the old one stays in their history.",
    ),
    "role": ("mhc.cli.person.standing:role", "Say what people are: viewer, model, both or unknown."),
    "exclude": (
        "mhc.cli.person.standing:exclude",
        "Leave people out of every figure; they are still captured.",
    ),
    "include": ("mhc.cli.person.standing:include", "Bring people back into the figures."),
    "merge": (
        "mhc.cli.person.merging:merge",
        "Make people one who are the same; nothing of theirs is rewritten.",
    ),
    "unmerge": ("mhc.cli.person.merging:unmerge", "Part a person again from who they were merged into."),
    "rate": (
        "mhc.cli.person.rating:rate",
        "Rate a person from 1 (don't like) to 5 (hot), or none; without a rating, show it.",
    ),
    "name": (
        "mhc.cli.person.private:name",
        "Show or set the names of a person that are no usernames.",
    ),
    "export": (
        "mhc.cli.person.privacy:export",
        "Write everything that is held about a person, from every table, as JSON lines.",
    ),
    "forget": (
        "mhc.cli.person.privacy:forget",
        "Forget a person: their texts, names, notes and events go, everywhere, and for good.",
    ),
    "compare": (
        "mhc.cli.person.compare:compare",
        "Show people side by side: the figures of their cards, and what they have in common.",
    ),
    "timeline": (
        "mhc.cli.person.timeline:timeline",
        "Show what a person did, and what you noted and changed about them, the newest first.",
    ),
}


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    examples=[
        "mhc person show viewer_one",
        "mhc person list --role viewer --sort tokens:desc -L 10",
        "mhc person search one",
    ],
)
def group() -> None:
    """The people you have met."""
