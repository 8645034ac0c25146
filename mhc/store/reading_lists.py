"""Lists of readings, the newest first, block by block: of whom, what each said, and whether that was something new."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, case, select, tuple_

from mhc.store import people, series
from mhc.store.database import Database
from mhc.store.schema import person, snapshot, snapshot_source
from mhc.store.series import Metrics, Taken

_BLOCK = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which readings are asked for; None asks for all. `person_ids` are all rows of those who are meant."""

    person_ids: Sequence[int] | None = None
    source: str | None = None
    range: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    changed: bool = False


class Listed(NamedTuple):
    """A reading: `changed` says that it is the first of its question, or said something else than the one before."""

    id: int
    username: str | None  # None: it is about nobody
    source: str
    subject: str
    range: str
    captured_at: datetime
    changed: bool
    metrics: Metrics


def read(db: Database, wanted: Wanted, limit: int | None = None) -> Iterator[Listed]:
    """Give readings, the newest first. No transaction is open while the caller prints them."""
    after: tuple[datetime, int] | None = None
    while limit is None or limit > 0:
        with db.read() as conn:
            rows = _rows(conn, wanted, after)
            found = _listed(conn, rows, wanted)[:limit]
        yield from found
        if len(rows) < _BLOCK:
            return
        after = (rows[-1].captured_at, rows[-1].id)
        limit = None if limit is None else limit - len(found)


def _rows(conn: Connection, wanted: Wanted, after: tuple[datetime, int] | None) -> Sequence[Any]:
    s, asked = snapshot.c, snapshot_source.c
    place = (s.captured_at, s.id)
    page = select(
        s.id, s.person_id, s.source_id, s.captured_at, s.payload_id, asked.source, asked.subject, asked.range
    ).join(snapshot_source, asked.id == s.source_id)
    for name in ("source", "range", "subject"):
        if (value := getattr(wanted, name)) is not None:
            page = page.where(asked[name] == value)
    if wanted.since is not None:
        page = page.where(s.captured_at >= wanted.since)
    if wanted.until is not None:
        page = page.where(s.captured_at < wanted.until)
    if wanted.person_ids is not None:
        page = page.where(s.person_id.in_(wanted.person_ids))
    if after is not None:
        page = page.where(tuple_(*place) < after)
    page = page.order_by(*(column.desc() for column in place)).limit(_BLOCK)
    return conn.execute(_with_before(page)).all()


def _with_before(page: Select[Any]) -> Select[Any]:
    """Add to each of a page's readings what the one before said: only theirs are looked up."""
    shown, other = page.subquery(), snapshot.alias("other")
    earlier = (
        select(other.c.payload_id)
        .where(other.c.source_id == shown.c.source_id, other.c.captured_at < shown.c.captured_at)
        .order_by(other.c.captured_at.desc())
        .limit(1)
    )
    of_nobody = earlier.where(other.c.person_id.is_(None)).scalar_subquery()
    of_person = earlier.where(other.c.person_id == shown.c.person_id).scalar_subquery()
    said = case((shown.c.person_id.is_(None), of_nobody), else_=of_person).label("before")
    return select(shown, said).order_by(shown.c.captured_at.desc(), shown.c.id.desc())


def _listed(conn: Connection, rows: Sequence[Any], wanted: Wanted) -> list[Listed]:
    names, merged = _whose(conn, {row.person_id for row in rows if row.person_id is not None})
    before = {row.id: _before(conn, row, merged) for row in rows}
    shown = [row for row in rows if not wanted.changed or before[row.id] != row.payload_id]
    said = series.metrics_of(conn, (row.payload_id for row in shown))
    return [
        Listed(
            id=row.id,
            username=names.get(row.person_id),
            source=row.source,
            subject=row.subject,
            range=row.range,
            captured_at=row.captured_at,
            changed=before[row.id] != row.payload_id,
            metrics=said[row.payload_id],
        )
        for row in shown
    ]


def _before(conn: Connection, row: Any, merged: Mapping[int, Sequence[int]]) -> int | None:
    """Give what the reading before said; a merged person's may be of another row of theirs."""
    if row.person_id not in merged:
        found: int | None = row.before
        return found
    this = Taken(row.captured_at, row.id, row.person_id, row.source_id, row.payload_id)
    one = series.before(conn, merged[row.person_id], this)
    return None if one is None else one.payload_id


def _whose(conn: Connection, ids: set[int]) -> tuple[dict[int, str], dict[int, list[int]]]:
    """Give each row's current name, merged people by their root's, and of those who are merged all their rows."""
    roots = {who: who for who in ids}
    wanted = sorted(ids)
    for start in range(0, len(wanted), people.CHUNK):
        some = person.c.id.in_(wanted[start : start + people.CHUNK])
        query = select(person.c.id, person.c.canonical_id).where(some, person.c.canonical_id.is_not(None))
        roots.update((row.id, row.canonical_id) for row in conn.execute(query))
    called = people.names_by_id(conn, set(roots.values()))
    members: dict[int, list[int]] = {}
    for who, root in people.roots_of_rows(conn, set(roots.values())).items():
        members.setdefault(root, []).append(who)
    merged = {who: members[root] for who, root in roots.items() if len(members[root]) > 1}
    return {who: called[root] for who, root in roots.items()}, merged
