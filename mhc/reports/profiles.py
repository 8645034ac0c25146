"""A public profile as it stands: its fields by their history, and the figures of its last reading."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mhc.store import people, profiles, series

if TYPE_CHECKING:
    from sqlalchemy import Connection

# The sources of readings, as the history of fields names them.
_SOURCES: Final = {"profile": "biocontext", "profile.room_page": "room page", "profile.bio_page": "bio page"}
_FIGURES: Final = ("follower_count", "last_broadcast")


class Line(NamedTuple):
    """One field: what it says, and since when."""

    username: str
    field: str
    value: Any
    since: datetime
    source: str


def read(conn: "Connection", ids: Sequence[int]) -> list[Line]:
    """Give the profiles of some rows: by name, fields first."""
    found = [Line(*one) for one in profiles.standing(conn, ids)]
    names = people.names_by_id(conn, ids)
    found += [line for who in ids for line in _figures(conn, who, names[who])]
    return sorted(found, key=lambda one: one.username)


def _figures(conn: "Connection", who: int, username: str) -> list[Line]:
    """Give the last known figures, whichever source said them last."""
    lines: dict[str, Line] = {}
    for asked in series.questions(conn, [who]):
        taken = series.latest(conn, [who], asked.id) if asked.source in _SOURCES else None
        if taken is None:
            continue
        said = series.metrics_of(conn, [taken.payload_id])[taken.payload_id]
        for name in _FIGURES:
            value, last = said.get(name), lines.get(name)
            if value is not None and (last is None or last.since < taken.captured_at):
                lines[name] = Line(username, name, value, taken.captured_at, _SOURCES[asked.source])
    return [lines[name] for name in _FIGURES if name in lines]
