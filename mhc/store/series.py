"""Readings of other sources, as they are read: what was asked of a person, the latest, those of a time, and what each said.

A merged person's readings are one series: `ids` are always all rows of theirs, or NOBODY for a ranking. Each row is read
along its own index.
"""

import heapq
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, select

from mhc.domain.packing import unpack
from mhc.domain.windows import LIFETIME
from mhc.store.people import CHUNK
from mhc.store.schema import payload, snapshot, snapshot_source

Metrics = Mapping[str, Any]
Ids = Sequence[int | None]
NOBODY: Final[Ids] = (None,)


class Question(NamedTuple):
    """What was asked: of a source, about whom beside the person, for which range (empty: a whole life)."""

    id: int
    source: str
    subject: str
    range: str


class Taken(NamedTuple):
    """One reading; what it said stands in the payload."""

    captured_at: datetime
    id: int
    person_id: int | None
    source_id: int
    payload_id: int


class Said(NamedTuple):
    """What a source said: its hash, its JSON as it came (None: the retention policy took it), and its figures."""

    hash: bytes
    body: bytes | None
    metrics: Metrics


_TAKEN = (
    snapshot.c.captured_at,
    snapshot.c.id,
    snapshot.c.person_id,
    snapshot.c.source_id,
    snapshot.c.payload_id,
)
_QUESTION = (
    snapshot_source.c.id,
    snapshot_source.c.source,
    snapshot_source.c.subject,
    snapshot_source.c.range,
)


def questions(conn: Connection, ids: Ids) -> list[Question]:
    """Give what was asked of a person, in order of source, subject and range."""
    asked = {number for who in ids for number in _asked(conn, who)}
    if not asked:
        return []
    query = select(*_QUESTION).where(snapshot_source.c.id.in_(asked))
    return sorted((Question(*row) for row in conn.execute(query)), key=lambda one: one[1:])


def _asked(conn: Connection, who: int | None) -> Iterable[int]:
    """Give the numbers of a person's questions: one look into the index for each, however many readings there are."""
    last = 0
    query = select(func.min(snapshot.c.source_id)).where(_about(who))
    while (found := conn.execute(query.where(snapshot.c.source_id > last)).scalar()) is not None:
        yield found
        last = found


def question(conn: Connection, source_id: int) -> Question:
    """Give a question by its number."""
    return Question(*conn.execute(select(*_QUESTION).where(snapshot_source.c.id == source_id)).one())


def by_id(conn: Connection, number: int) -> Taken | None:
    """Give one reading; None where there is none."""
    row = conn.execute(select(*_TAKEN).where(snapshot.c.id == number)).one_or_none()
    return None if row is None else Taken(*row)


def latest(
    conn: Connection,
    ids: Ids,
    source_id: int,
    at: datetime | None = None,
    *,
    but_payload: int | None = None,
) -> Taken | None:
    """Give the last reading, at or before an instant; `but_payload` passes over those that said just that."""
    found = [row for who in ids for row in _last(conn, who, source_id, at, but_payload)]
    return max(found, default=None)


def _last(
    conn: Connection, who: int | None, source_id: int, at: datetime | None, but: int | None
) -> list[Taken]:
    query = _of(who, source_id).order_by(snapshot.c.captured_at.desc()).limit(1)
    if at is not None:
        query = query.where(snapshot.c.captured_at <= at)
    if but is not None:
        query = query.where(snapshot.c.payload_id != but)
    return [Taken(*row) for row in conn.execute(query)]


def latest_of_each(
    conn: Connection, person_ids: Iterable[int], source: str
) -> dict[int, tuple[datetime, Metrics]]:
    """Give for each of some rows of people when a source last spoke of their whole life, and what it said."""
    question = select(snapshot_source.c.id).where(snapshot_source.c.source == source)
    number = conn.execute(
        question.where(snapshot_source.c.subject == "", snapshot_source.c.range == LIFETIME)
    ).scalar()
    wanted = [] if number is None else sorted(set(person_ids))
    of_source, later = snapshot.c.source_id == number, snapshot.alias("later")
    newer = select(func.max(later.c.captured_at)).where(
        later.c.person_id == snapshot.c.person_id, later.c.source_id == number
    )
    query = select(snapshot.c.person_id, snapshot.c.captured_at, payload.c.metrics)
    query = query.join(payload, payload.c.id == snapshot.c.payload_id)
    query = query.where(of_source, snapshot.c.captured_at == newer.scalar_subquery())
    found: dict[int, tuple[datetime, Metrics]] = {}
    for start in range(0, len(wanted), CHUNK):
        mine = query.where(snapshot.c.person_id.in_(wanted[start : start + CHUNK]))
        found.update((row[0], (row[1], json.loads(row[2]))) for row in conn.execute(mine))
    return found


def first(conn: Connection, ids: Ids, source_id: int) -> Taken | None:
    """Give the first reading."""
    parts = [_of(who, source_id).order_by(snapshot.c.captured_at).limit(1) for who in ids]
    return min((Taken(*row) for part in parts for row in conn.execute(part)), default=None)


def before(conn: Connection, ids: Sequence[int] | None, one: Taken) -> Taken | None:
    """Give the reading of the same question before this one; `ids` None is of a reading about nobody."""
    found: list[Taken] = []
    for who in (None,) if ids is None else ids:
        query = _of(who, one.source_id).where(snapshot.c.captured_at <= one.captured_at)
        if who == one.person_id:
            query = query.where(snapshot.c.captured_at < one.captured_at)
        rows = conn.execute(query.order_by(snapshot.c.captured_at.desc()).limit(2))
        found += (Taken(*row) for row in rows)
    return max((row for row in found if row < one), default=None)


def between(
    conn: Connection,
    ids: Ids,
    source_id: int,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Taken]:
    """Give the readings of a half-open time, the earliest first."""
    parts = []
    for who in ids:
        query = _of(who, source_id).order_by(snapshot.c.captured_at)
        if since is not None:
            query = query.where(snapshot.c.captured_at >= since)
        if until is not None:
            query = query.where(snapshot.c.captured_at < until)
        parts.append([Taken(*row) for row in conn.execute(query)])
    return list(heapq.merge(*parts))


def _of(who: int | None, source_id: int) -> Select[Any]:
    return select(*_TAKEN).where(_about(who), snapshot.c.source_id == source_id)


def _about(who: int | None) -> ColumnElement[bool]:
    return snapshot.c.person_id.is_(None) if who is None else snapshot.c.person_id == who


def metrics_of(conn: Connection, payload_ids: Iterable[int]) -> dict[int, Metrics]:
    """Give the figures of payloads, by their numbers."""
    wanted = sorted(set(payload_ids))
    found: dict[int, Metrics] = {}
    for start in range(0, len(wanted), CHUNK):
        query = select(payload.c.id, payload.c.metrics).where(payload.c.id.in_(wanted[start : start + CHUNK]))
        found.update((row.id, json.loads(row.metrics)) for row in conn.execute(query))
    return found


def said(conn: Connection, payload_id: int) -> Said:
    """Give what a payload holds."""
    query = select(payload.c.hash, payload.c.body, payload.c.metrics).where(payload.c.id == payload_id)
    row = conn.execute(query).one()
    body = bytes(row.body)
    return Said(bytes(row.hash), unpack(body) if body else None, json.loads(row.metrics))
