"""Readings of other sources: each is a row, what it said is stored once. Never changed."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from mhc.domain.clock import to_ms
from mhc.domain.erasing import raw_without, without
from mhc.domain.packing import pack_text
from mhc.store import erasures
from mhc.store.erasures import Erased
from mhc.store.people import CHUNK
from mhc.store.schema import payload, snapshot, snapshot_source
from mhc.store.upsert import insert_new


@dataclass(frozen=True, slots=True)
class Asked:
    """What a source was asked: `subject` is whom beside the person, `range` its key, empty for figures of a whole life."""

    source: str
    range: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source said of a person (None: of nobody) at a time: the JSON as it came, and the figures read from it."""

    person_id: int | None
    asked: Asked
    captured_at: datetime
    body: bytes
    metrics: Mapping[str, Any] = field(default_factory=dict)


def add(conn: Connection, readings: Sequence[Reading]) -> int:
    """Store readings; give how many are new. One of the same person, question and time is there already."""
    readings = _without_erased(conn, readings)
    sources = {asked: source_id(conn, asked) for asked in dict.fromkeys(one.asked for one in readings)}
    written = [(one, _written(one)) for one in readings]
    payloads = _payload_ids(conn, [text for _, text in written])
    return sum(
        insert_new(
            conn,
            snapshot,
            {
                "captured_at": one.captured_at,
                "person_id": one.person_id,
                "source_id": sources[one.asked],
                "payload_id": payloads[text.hash],
            },
        )
        for one, text in written
    )


def source_id(conn: Connection, asked: Asked) -> int:
    """Give the number of a question, made where it is new."""
    s = snapshot_source.c
    row = {"source": asked.source, "subject": asked.subject, "range": asked.range}
    query = select(s.id).where(*(s[name] == value for name, value in row.items()))
    found: int | None = conn.execute(query).scalar()
    if found is None:
        insert_new(conn, snapshot_source, row)
        found = conn.execute(query).scalar_one()
    return found


@dataclass(frozen=True, slots=True)
class _Written:
    hash: bytes
    body: bytes
    metrics: str


def written(metrics: Mapping[str, Any]) -> str:
    """Write figures as they are stored: equal ones give equal text."""
    return json.dumps(metrics, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def digest(body: bytes, metrics: str) -> bytes:
    """Give the hash under which an answer is stored."""
    return hashlib.sha256(body + b"\0" + metrics.encode()).digest()


def _written(one: Reading) -> _Written:
    metrics = written(one.metrics)
    return _Written(digest(one.body, metrics), one.body, metrics)


def _payload_ids(conn: Connection, written: Iterable[_Written]) -> dict[bytes, int]:
    """Give the number of each payload, stored where it is new."""
    wanted = {one.hash: one for one in written}
    known, emptied = _known(conn, list(wanted))
    for number in emptied:  # the retention policy took what is now said again
        (one,) = (one for one in wanted.values() if known[one.hash] == number)
        conn.execute(update(payload).where(payload.c.id == number).values(body=pack_text(one.body)))
    new = [one for one in wanted.values() if one.hash not in known]
    for one in new:
        insert_new(conn, payload, {"hash": one.hash, "body": pack_text(one.body), "metrics": one.metrics})
    return known | _known(conn, [one.hash for one in new])[0]


def _without_erased(conn: Connection, readings: Sequence[Reading]) -> Sequence[Reading]:
    """Put a word in the place of the names of those who were forgotten since, or for good."""
    until = erasures.until_ms(conn)
    if until is None or all(to_ms(one.captured_at) >= until for one in readings):
        return readings
    erased = erasures.load(conn)
    return [_clean(one, erased) for one in readings]


def _clean(one: Reading, erased: Erased) -> Reading:
    def gone(name: str) -> bool:
        return erased.covers(name, one.captured_at)

    body = raw_without(one.body, gone)
    asked = replace(one.asked, subject=without(one.asked.subject, gone))
    metrics = raw_without(written(one.metrics).encode(), gone)
    if metrics is None:
        return one
    return replace(one, asked=asked, body=one.body if body is None else body, metrics=json.loads(metrics))


def _known(conn: Connection, digests: Sequence[bytes]) -> tuple[dict[bytes, int], list[int]]:
    """Give the numbers of those that are stored, and which of them are empty."""
    found: dict[bytes, int] = {}
    emptied: list[int] = []
    for start in range(0, len(digests), CHUNK):
        size = func.length(payload.c.body).label("size")
        query = select(payload.c.hash, payload.c.id, size)
        rows = conn.execute(query.where(payload.c.hash.in_(digests[start : start + CHUNK]))).all()
        found |= {bytes(row.hash): row.id for row in rows}
        emptied += [row.id for row in rows if not row.size]
    return found, emptied
