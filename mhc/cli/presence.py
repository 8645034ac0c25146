"""Who is in a room now is known only while somebody listens."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mhc.cli.context import utc_now
from mhc.cli.telling import say

if TYPE_CHECKING:
    from sqlalchemy import Connection


def say_if_unheard(ctx: click.Context, conn: "Connection", room_ids: Sequence[int] | None) -> None:
    """Say on stderr that nobody listens to the rooms (None: all) now, and since when."""
    from mhc.domain.clock import iso_z
    from mhc.store import visits

    heard = visits.last_heard(conn, room_ids)
    if heard is None:
        say(ctx, "warning: nobody listens to the room: who is there is not known")
    elif utc_now() - heard > visits.FRESH:
        say(ctx, f"warning: nobody listens to the room since {iso_z(heard)}: who was there then is shown")
