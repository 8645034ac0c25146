"""Which events count in figures, and for which room."""

from typing import Any

from sqlalchemy import ColumnElement, func, select

from mhc.domain.events import Flag
from mhc.store.schema import event, stream

# A pasted line does not count where it was, or may have been, captured live. Written so that PostgreSQL takes it for
# what holds nearly always.
counted: ColumnElement[bool] = event.c.flags.bitwise_and(int(Flag.UNCOUNTED)) != int(Flag.UNCOUNTED)
_owner = select(stream.c.room_id).where(stream.c.id == event.c.stream_id).correlate(event).scalar_subquery()
# An event that names no room belongs to the room that was listened to, as the totals have it.
room_of_event: ColumnElement[Any] = func.coalesce(event.c.room_id, _owner)
