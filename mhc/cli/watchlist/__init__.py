"""`mhc watchlist`: lists of people to keep an eye on."""

from typing import Final

import click

from mhc.cli.root import LazyGroup, Table

COMMANDS: Final[Table] = {
    "list": ("mhc.cli.watchlist.looking:list_lists", "List the watchlists and how many people are on each."),
    "show": ("mhc.cli.watchlist.looking:show", "List the people on a watchlist, by name, with what is new of them."),
    "history": ("mhc.cli.watchlist.looking:history", "List who was put on a watchlist and taken off it, the last added first."),
    "add": ("mhc.cli.watchlist.members:add", "Put people on a watchlist; who is on it already stays on it."),
    "remove": ("mhc.cli.watchlist.members:remove", "Take people off a watchlist; that they were on it is kept."),
    "import": ("mhc.cli.watchlist.taking:import_", "Put the people of a file on a watchlist."),
    "create": ("mhc.cli.watchlist.naming:create", "Make a watchlist of your own."),
    "rename": ("mhc.cli.watchlist.naming:rename", "Give a watchlist of your own another name."),
    "delete": ("mhc.cli.watchlist.naming:delete", "Delete a watchlist of your own, and who was on it when."),
}  # fmt: skip


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    examples=[
        "mhc watchlist show Friends",
        "mhc watchlist add Friends viewer_one viewer_two",
        "mhc watchlist import Friends friends.csv -n",
    ],
)
def group() -> None:
    """Lists of people to keep an eye on. Who is on the list Excluded is left out of figures."""
