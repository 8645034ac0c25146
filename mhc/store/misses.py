"""Whom a source does not know: asked about again later and later, until it does. A failure is no such answer."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, select

from mhc.domain.names import PLATFORM
from mhc.store.people import CHUNK
from mhc.store.schema import lookup_miss
from mhc.store.upsert import upsert

FIRST: Final = timedelta(days=1)
LONGEST: Final = timedelta(days=30)
_KEYS = ("platform", "username", "source")


class Miss(NamedTuple):
    """That a source did not know a name, so many times in a row, and when it is asked again."""

    username: str
    source: str
    times: int
    last_at: datetime
    next_try_at: datetime


def pause(times: int) -> timedelta:
    """Give how long a name is left alone after so many answers in a row that it is not known."""
    return min(FIRST * (1 << min(times - 1, 10)), LONGEST)


def note(conn: Connection, source: str, usernames: Iterable[str], *, at: datetime) -> None:
    """Note that a source knows none of these."""
    wanted = sorted(set(usernames))
    times = {one.username: one.times + 1 for one in _of(conn, source, wanted)}
    rows = [
        {
            "platform": PLATFORM,
            "username": name,
            "source": source,
            "times": times.get(name, 1),
            "last_at": at,
            "next_try_at": at + pause(times.get(name, 1)),
        }
        for name in wanted
    ]
    upsert(
        conn,
        lookup_miss,
        rows,
        keys=_KEYS,
        changes=lambda new: {name: new[name] for name in ("times", "last_at", "next_try_at")},
    )


def clear(conn: Connection, source: str, usernames: Iterable[str]) -> None:
    """Note that a source knows all of these."""
    wanted = sorted(set(usernames))
    m = lookup_miss.c
    for start in range(0, len(wanted), CHUNK):
        mine = m.username.in_(wanted[start : start + CHUNK])
        conn.execute(delete(lookup_miss).where(m.platform == PLATFORM, m.source == source, mine))


def waiting(conn: Connection, source: str, usernames: Iterable[str], *, at: datetime) -> set[str]:
    """Give which of these a source did not know, and is not asked about yet."""
    return {one.username for one in _of(conn, source, sorted(set(usernames))) if one.next_try_at > at}


def of_name(conn: Connection, username: str) -> list[Miss]:
    """Give which sources do not know a name, by source."""
    m = lookup_miss.c
    query = select(m.username, m.source, m.times, m.last_at, m.next_try_at)
    query = query.where(m.platform == PLATFORM, m.username == username).order_by(m.source)
    return [Miss(*row) for row in conn.execute(query)]


def _of(conn: Connection, source: str, wanted: Sequence[str]) -> list[Miss]:
    m = lookup_miss.c
    found: list[Miss] = []
    query = select(m.username, m.source, m.times, m.last_at, m.next_try_at)
    query = query.where(m.platform == PLATFORM, m.source == source)
    for start in range(0, len(wanted), CHUNK):
        rows = conn.execute(query.where(m.username.in_(wanted[start : start + CHUNK])))
        found += [Miss(*row) for row in rows]
    return found
