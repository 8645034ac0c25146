"""A person who is forgotten in what other sources said: what was said of them goes, in the rest a word stands for the name."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, select, text, update

from mhc.domain import erasing
from mhc.domain.erasing import looks_like
from mhc.domain.packing import pack_text, unpack
from mhc.store import payloads
from mhc.store.database import Database
from mhc.store.forgetting import Subject
from mhc.store.schema import payload, snapshot, snapshot_source
from mhc.store.snapshots import digest, written

_BLOCK = 500


def replace(db: Database, subject: Subject, *, write: bool) -> dict[str, int]:
    """Replace the names in answers and questions that are not the person's own; give how many, by table."""
    with db.read() as conn:
        own = set(payloads.only_of(conn, subject.ids))
    number = sum(_in_payloads(db, rows, subject, write=write) for rows in _blocks(db, own))
    with db.write() if write else db.read() as conn:
        return {"payload": number, "snapshot_source": _in_questions(conn, subject, write=write)}


def _blocks(db: Database, own: set[int]) -> Iterator[list[Any]]:
    """Give the answers in order of their number, but for those that go; no transaction stays open."""
    after = 0
    while True:
        query = select(payload).where(payload.c.id > after).order_by(payload.c.id).limit(_BLOCK)
        with db.read() as conn:
            rows = list(conn.execute(query).all())
        yield [row for row in rows if row.id not in own]
        if len(rows) < _BLOCK:
            return
        after = rows[-1].id


def _in_payloads(db: Database, rows: Iterable[Any], subject: Subject, *, write: bool) -> int:
    may_hold = looks_like(subject.names)
    changed = []
    for row in rows:
        body, metrics = bytes(row.body), row.metrics.encode()
        raw = unpack(body) if body else b""
        if not (may_hold(raw) or may_hold(metrics)):
            continue
        new_raw = erasing.raw_without(raw, subject.gone) if raw else b""
        new_metrics = erasing.raw_without(metrics, subject.gone)
        if new_raw is not raw or new_metrics is not metrics:
            changed.append((row.id, new_raw or b"", new_metrics or b"{}"))
    if changed and write:
        with db.write() as conn:
            _securely(conn)
            for number, raw, metrics in changed:
                _rewrite(conn, number, raw, metrics)
    return len(changed)


def _rewrite(conn: Connection, number: int, raw: bytes, metrics: bytes) -> None:
    """Put what is left of an answer in its place; where that is there already, its readings lead there."""
    said = written(json.loads(metrics))
    new = digest(raw, said)
    same = conn.execute(select(payload.c.id).where(payload.c.hash == new, payload.c.id != number)).scalar()
    if same is not None:
        conn.execute(update(snapshot).where(snapshot.c.payload_id == number).values(payload_id=same))
        payloads.drop(conn, [number])
        return
    values = {"hash": new, "body": pack_text(raw) if raw else b"", "metrics": said}
    conn.execute(update(payload).where(payload.c.id == number).values(**values))


def _in_questions(conn: Connection, subject: Subject, *, write: bool) -> int:
    """Replace the names in what was asked; two questions stay two, though nobody is named in them any more."""
    s = snapshot_source.c
    rows = conn.execute(
        select(s.id, s.source, s.range, s.subject).where(s.subject != "").order_by(s.id)
    ).all()
    taken = {tuple(row)[1:] for row in rows}
    number = 0
    for row in rows:
        new = erasing.without(row.subject, subject.gone)
        if new == row.subject:
            continue
        number += 1
        once, count = new, 1
        while (row.source, row.range, once) in taken:
            count += 1
            once = f"{new} {count}"
        taken.add((row.source, row.range, once))
        if write:
            _securely(conn)
            conn.execute(update(snapshot_source).where(s.id == row.id).values(subject=once))
    return number


def _securely(conn: Connection) -> None:
    if conn.dialect.name == "sqlite":
        conn.execute(text("PRAGMA secure_delete=ON"))
