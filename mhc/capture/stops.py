"""A stop of a show of which nobody heard the start makes no session, so it is said."""

import logging
from collections.abc import Sequence

from mhc.domain.broadcasts import STOP
from mhc.domain.clock import iso_z
from mhc.store import sessions
from mhc.store.database import Database
from mhc.store.events import NewEvent
from mhc.store.streams import Kind, Stream

log = logging.getLogger("mhc.listen")


def note_lone(db: Database, held: Stream, new: Sequence[NewEvent]) -> None:
    """Say of which stops among new events no broadcast is known."""
    stops = [] if held.kind != Kind.LIVE else [one for one in new if one.event.method == STOP]
    if not stops:
        return
    with db.read() as conn:
        lone = [one for one in stops if one.room_id and not sessions.ends_at(conn, one.room_id, one.at)]
    for one in lone:
        room, at = one.event.room or held.room, iso_z(one.at)
        log.warning("%s: a show stopped at %s of which no start is known: mhc session add", room, at)
