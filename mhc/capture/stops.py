"""A stop of a show of which nobody heard the start makes no session, so it is said."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mhc.domain.broadcasts import STOP
from mhc.domain.clock import iso_z
from mhc.store import sessions
from mhc.store.database import Database
from mhc.store.events import NewEvent
from mhc.store.streams import Kind, Stream

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger("mhc.listen")


def note_lone(db: Database, held: Stream, new: Sequence[NewEvent]) -> None:
    """Say which stops among new events are those of no broadcast, and lie in no session."""
    stops = [] if held.kind != Kind.LIVE else [one for one in new if one.event.method == STOP]
    if not stops:
        return
    with db.read() as conn:
        lone = [one for one in stops if one.room_id is not None and _is_lone(conn, one.room_id, one)]
    for one in lone:
        room, at = one.event.room or held.room, iso_z(one.at)
        log.warning("%s: a show stopped at %s of which no start is known: mhc session add", room, at)


def _is_lone(conn: "Connection", room_id: int, stop: NewEvent) -> bool:
    at, known = stop.at, sessions.broadcasts(conn, room_id, stop.at)
    if any(one.ended_at == at and not one.end_inferred for _row, one in known):
        return False
    return not sessions.list_all(conn, room_ids=[room_id], since=at, until=at, limit=1)
