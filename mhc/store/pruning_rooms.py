"""Readings of rooms that are older than the policy keeps them: poll by poll, and what was said only in them.

What is known last of a room stays, with when it was seen first and last.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, case, cast, delete, func, select

from mhc.store import room_texts
from mhc.store.pruning_text import Job, Part, Rows
from mhc.store.schema import observation, room_poll

_TEXTS_DONE = "texts"


def _tally(conn: Connection, before: datetime | None) -> tuple[int, int]:
    old = (
        0
        if before is None
        else func.coalesce(func.sum(case((observation.c.observed_at < before, 1), else_=0)), 0)
    )
    row = conn.execute(select(func.count(), cast(old, Integer)).select_from(observation)).one()
    return row[0], row[1]


def _find(conn: Connection, job: Job, _place: object) -> Rows:
    """Give the oldest poll, whose rows lie together."""
    query = select(room_poll.c.at, room_poll.c.source).where(room_poll.c.at < job.before)
    return conn.execute(query.order_by(room_poll.c.at, room_poll.c.source).limit(1)).all()


def _take(conn: Connection, rows: Rows, _job: Job) -> tuple[int, Any]:
    taken = 0
    for at, source in rows:
        mine = observation.c.observed_at == at, observation.c.source == source
        taken += conn.execute(delete(observation).where(*mine)).rowcount
        conn.execute(delete(room_poll).where(room_poll.c.at == at, room_poll.c.source == source))
    return taken, None


def _find_texts(conn: Connection, _job: Job, place: object) -> Rows:
    """Say whether a reading may have been the last that said something; it is looked for once, at every reading."""
    if place == _TEXTS_DONE:
        return []
    return conn.execute(room_texts.unused().limit(1)).all()


def _take_texts(conn: Connection, _rows: Rows, _job: Job) -> tuple[int, Any]:
    room_texts.drop_all_unused(conn)  # asks again: a poll may have come between
    return 0, _TEXTS_DONE


READINGS = Part(_tally, _find, _take)
TEXTS = Part(lambda _conn, _before: (0, 0), _find_texts, _take_texts)
