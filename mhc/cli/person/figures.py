"""What the commands of `mhc person` that show figures have in common."""

import click

from mhc.cli import complete

ROLES = ("viewer", "model", "both", "unknown")
REVEAL = "Count what they tipped anonymously, too."

room_option = click.option(
    "--room",
    metavar="ROOM",
    shell_complete=complete.rooms,
    help="Figures of this room (default: the own one, else all).",
)
