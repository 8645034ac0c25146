"""What was said of people the last time, and whether what was just stored is new."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, or_, select

from mhc.domain.names import PLATFORM
from mhc.store.people import CHUNK, Role
from mhc.store.schema import alias, payload, person, snapshot, snapshot_source
from mhc.store.snapshots import Asked


@dataclass(frozen=True, slots=True)
class Stored:
    """One reading as it is stored: two of one `payload_id` say the same."""

    id: int
    payload_id: int
    captured_at: datetime
    metrics: dict[str, Any] = field(default_factory=dict)


def last(
    conn: Connection, asked: Asked, person_ids: Sequence[int | None], *, before: datetime
) -> dict[int | None, Stored]:
    """Give the last reading before an instant, by person's row; those of whoever was merged with them count, too."""
    families = _families(conn, [one for one in person_ids if one is not None])
    rows = {row for family in families.values() for row in family}
    found = _latest(conn, asked, sorted(rows), nobody=None in person_ids, before=before)
    newest: dict[int | None, Stored] = {}
    for who in person_ids:
        of = [found[row] for row in families.get(who, (who,)) if row in found]
        if of:
            newest[who] = max(of, key=lambda one: one.captured_at)
    return newest


def at(
    conn: Connection, asked: Asked, person_ids: Sequence[int | None], when: datetime
) -> dict[int | None, Stored]:
    """Give the readings of an instant, by person's row."""
    s = snapshot.c
    query = _readings(asked).where(s.captured_at == when)
    return {
        row.person_id: _stored(row)
        for query_of in _of_people(query, person_ids)
        for row in conn.execute(query_of)
    }


class Settled(NamedTuple):
    """What is known of the bearer of a name."""

    person_id: int
    rid: int | None
    did: int | None
    role: str
    role_by_hand: bool

    def says(self, role: str | None, rid: int | None, did: int | None) -> bool:
        """Whether all of this is known already, so that nothing follows from it."""
        of_role = role is None or self.role_by_hand or self.role in {role, Role.BOTH}
        return of_role and rid in {None, self.rid} and did in {None, self.did}


def settled(conn: Connection, names: Sequence[str]) -> dict[str, Settled]:
    """Give what is known of who bears these names now: for many, at once."""
    of = person.c
    query = select(alias.c.username, of.id, of.rid, of.did, of.role, of.role_by_hand)
    query = query.join(person, of.id == alias.c.person_id)
    query = query.where(alias.c.platform == PLATFORM, alias.c.valid_to.is_(None))
    found: dict[str, Settled] = {}
    for start in range(0, len(names), CHUNK):
        rows = conn.execute(query.where(alias.c.username.in_(names[start : start + CHUNK])))
        found |= {name: Settled(*rest) for name, *rest in rows}
    return found


def numbered(conn: Connection, *, rids: Sequence[int] = (), dids: Sequence[int] = ()) -> set[tuple[str, int]]:
    """Give which of these numbers are somebody's, each with its kind: rid or did."""
    found: set[tuple[str, int]] = set()
    for kind, numbers in (("rid", rids), ("did", dids)):
        for start in range(0, len(numbers), CHUNK):
            mine = person.c[kind].in_(numbers[start : start + CHUNK])
            query = select(person.c[kind]).where(person.c.platform == PLATFORM, mine)
            found.update((kind, number) for number in conn.execute(query).scalars())
    return found


def _families(conn: Connection, person_ids: Sequence[int]) -> dict[int | None, tuple[int, ...]]:
    """Give all rows of the people of some rows."""
    root = func.coalesce(person.c.canonical_id, person.c.id)
    roots: dict[int, int] = {}
    rows: dict[int, list[int]] = {}
    wanted = sorted(set(person_ids))
    for start in range(0, len(wanted), CHUNK):
        some = select(person.c.id, root.label("root")).where(person.c.id.in_(wanted[start : start + CHUNK]))
        roots |= {row.id: row.root for row in conn.execute(some)}
    every = sorted(set(roots.values()))
    for start in range(0, len(every), CHUNK):
        part = every[start : start + CHUNK]
        mine = select(person.c.id, root.label("root"))
        mine = mine.where(or_(person.c.id.in_(part), person.c.canonical_id.in_(part)))
        for row in conn.execute(mine.order_by(person.c.id)):
            rows.setdefault(row.root, []).append(row.id)
    return {who: tuple(rows[of]) for who, of in roots.items()}


def _latest(
    conn: Connection, asked: Asked, rows: Sequence[int], *, nobody: bool, before: datetime
) -> dict[int | None, Stored]:
    other = snapshot.alias("other")
    earlier = other.c.source_id == snapshot.c.source_id, other.c.captured_at < before
    latest = select(func.max(other.c.captured_at)).where(*earlier)
    of_person = latest.where(other.c.person_id == snapshot.c.person_id).scalar_subquery()
    of_nobody = latest.where(other.c.person_id.is_(None)).scalar_subquery()
    queries = [
        query.where(snapshot.c.captured_at == of_person) for query in _of_people(_readings(asked), rows)
    ]
    if nobody:
        queries += [
            query.where(snapshot.c.captured_at == of_nobody) for query in _of_people(_readings(asked), [None])
        ]
    return {row.person_id: _stored(row) for query in queries for row in conn.execute(query)}


def _readings(asked: Asked) -> Select[Any]:
    s, of = snapshot.c, snapshot_source.c
    columns = (s.id, s.person_id, s.payload_id, s.captured_at, payload.c.metrics)
    query = select(*columns).join(snapshot_source, of.id == s.source_id)
    query = query.join(payload, payload.c.id == s.payload_id)
    return query.where(of.source == asked.source, of.subject == asked.subject, of.range == asked.range)


def _of_people(query: Select[Any], person_ids: Sequence[int | None]) -> list[Select[Any]]:
    """Give the queries of the readings of these rows, in parts; None is nobody."""
    rows = [one for one in person_ids if one is not None]
    parts = [
        query.where(snapshot.c.person_id.in_(rows[start : start + CHUNK]))
        for start in range(0, len(rows), CHUNK)
    ]
    return parts + ([query.where(snapshot.c.person_id.is_(None))] if None in person_ids else [])


def _stored(row: Any) -> Stored:
    return Stored(row.id, row.payload_id, row.captured_at, json.loads(row.metrics))
