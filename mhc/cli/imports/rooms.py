"""Which room something is brought into."""

from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import settings
from mhc.cli.lookups import own_room
from mhc.cli.lookups import person as find_person

if TYPE_CHECKING:
    from sqlalchemy import Connection

room_option = click.option(
    "--room", metavar="ROOM", shell_complete=complete.rooms, help="The room (default: the own one)."
)


def paste_room(ctx: click.Context, conn: "Connection", text: str | None) -> str:
    """Give the current name of the room that was named, or of the own one, which nobody may have seen yet."""
    from mhc.store import people

    name = own_room(ctx, text)
    loaded = settings(ctx)
    if name in {loaded.room, *(one.name for one in loaded.rooms)}:
        found = people.find(conn, name)
        return found[0].username if found else name
    return find_person(conn, name).username


def room_ids(conn: "Connection", name: str) -> list[int]:
    """Give the rows of a room, the root first; none where nobody has seen it yet."""
    from mhc.store import people

    found = people.find(conn, name)[:1]
    return [i for one in found for i in (one.id, *(i for i in people.members(conn, one.id) if i != one.id))]
