"""Who is in a room now is known only while somebody listens."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mhc.cli.context import utc_now
from mhc.cli.table import local

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.cli.output import Writer


def say_if_unheard(out: "Writer", conn: "Connection", room_ids: Sequence[int] | None) -> None:
    """Say on stderr that nobody listens to the rooms (None: all) now, and since when."""
    from mhc.domain.clock import iso_z
    from mhc.store import visits

    heard = visits.last_heard(conn, room_ids)
    if heard is None:
        out.warn("nobody listens to the room (mhc listen): who is there is not known")
    elif utc_now() - heard > visits.FRESH:
        since = local(heard, out.tz) if out.format == "table" else iso_z(heard)
        out.warn(f"nobody listens to the room since {since}: who was there then")
