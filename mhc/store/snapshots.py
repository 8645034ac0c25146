"""Readings of other sources: each is a row, what it said is stored once. Never changed."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from mhc.domain.packing import pack_text
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


def _written(one: Reading) -> _Written:
    metrics = json.dumps(
        one.metrics, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return _Written(hashlib.sha256(one.body + b"\0" + metrics.encode()).digest(), one.body, metrics)


def _payload_ids(conn: Connection, written: Iterable[_Written]) -> dict[bytes, int]:
    """Give the number of each payload, stored where it is new."""
    wanted = {one.hash: one for one in written}
    known = _known(conn, list(wanted))
    for digest, one in wanted.items():
        if digest not in known:
            insert_new(conn, payload, {"hash": digest, "body": pack_text(one.body), "metrics": one.metrics})
    return known | _known(conn, [digest for digest in wanted if digest not in known])


def _known(conn: Connection, digests: Sequence[bytes]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for start in range(0, len(digests), CHUNK):
        query = select(payload.c.hash, payload.c.id).where(payload.c.hash.in_(digests[start : start + CHUNK]))
        found |= {bytes(row.hash): row.id for row in conn.execute(query)}
    return found
