"""The people of an export, found or made: a name belongs to one person at a time, so it says who is meant."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from mhc.store import lines, people
from mhc.store.people import CHUNK, Role
from mhc.store.schema import alias, person

_FILLED = ("rid", "did", "rating")  # taken where they are not known here


@dataclass(frozen=True, slots=True)
class Found:
    """Who is meant by numbers of a file, how many of them are new, and which names are another's here."""

    ids: dict[int, int]  # number in the file → person here; below zero: would be made
    new: int
    clashes: Sequence[str] = ()


def add(conn: Connection, found: Sequence[lines.Person], made_at: datetime, *, write: bool) -> Found:
    """Find the people of a file that was made at an instant, or make them."""
    if not write:
        known = _known(conn, found, made_at)
        unknown = {one.ref: -one.ref for one in found if one.ref not in known}
        return Found(known | unknown, len(unknown))
    people.lock_names(conn)
    known = _known(conn, found, made_at)
    _complete(conn, [one for one in found if one.ref in known], known)
    made = _make(conn, [one for one in found if one.ref not in known])
    known |= made
    return Found(known, len(made), _add_names(conn, found, known, made_at))


def _known(conn: Connection, found: Sequence[lines.Person], made_at: datetime) -> dict[int, int]:
    """Give whom we know: by the platform's number of a person, else by who had the name when the file was made."""
    numbers = [one.did for one in found if one.did is not None]
    by_number = {
        did: who
        for part in _chunks(numbers)
        for who, did in conn.execute(
            select(person.c.id, person.c.did).where(person.c.did.in_(part)).order_by(person.c.id.desc())
        )
    }
    by_name: dict[tuple[str, str], int] = {}
    held = or_(alias.c.valid_to.is_(None), alias.c.valid_to > made_at)
    for part in _chunks([one.username for one in found]):
        query = select(alias.c.platform, alias.c.username, alias.c.person_id)
        query = query.where(alias.c.username.in_(part), held)
        # Who gave the name up soonest after that bore it then, and comes last; who bears it now may be a stranger.
        order = (alias.c.valid_to.desc().nulls_first(), alias.c.id.desc())
        for platform, name, who in conn.execute(query.order_by(*order)):
            by_name[platform, name] = who
    known = {}
    for one in found:
        who = by_number.get(one.did) if one.did is not None else None
        who = by_name.get((one.platform, one.username)) if who is None else who
        if who is not None:
            known[one.ref] = who
    return known


def _make(conn: Connection, new: Sequence[lines.Person]) -> dict[int, int]:
    if not new:
        return {}
    names = lines.Person.__struct_fields__[1:-1]
    rows = [{name: getattr(one, name) for name in names} for one in new]
    query = insert(person).returning(person.c.id, sort_by_parameter_order=True)
    return dict(zip((one.ref for one in new), conn.execute(query, rows).scalars(), strict=True))


def _complete(conn: Connection, old: Sequence[lines.Person], known: dict[int, int]) -> None:
    """Take what is not known here of people who are; what is stays. A role by hand counts more than evidence."""
    columns = select(person.c.id, person.c.role_by_hand, *(person.c[name] for name in _FILLED))
    ids = sorted({known[one.ref] for one in old})
    rows = {
        row.id: row for part in _chunks(ids) for row in conn.execute(columns.where(person.c.id.in_(part)))
    }
    evidence: dict[Role, set[int]] = {Role.VIEWER: set(), Role.MODEL: set()}
    for one in sorted(old, key=lambda one: known[one.ref]):  # as a listener changes them
        row = rows[known[one.ref]]
        new = {
            name: getattr(one, name)
            for name in _FILLED
            if getattr(row, name) is None and getattr(one, name) is not None
        }
        if one.role_by_hand and not row.role_by_hand:
            new |= {"role": one.role, "role_by_hand": True}
        if new:
            conn.execute(update(person).where(person.c.id == row.id).values(**new))
        for role, seen in evidence.items():
            if one.role in {role, Role.BOTH}:
                seen.add(row.id)
    for role, seen in evidence.items():
        people.add_evidence(conn, seen, role)


def _add_names(
    conn: Connection, found: Sequence[lines.Person], known: dict[int, int], made_at: datetime
) -> list[str]:
    """Give people the names that they have in the file; give those that others bear here."""
    ids = sorted(set(known.values()))
    query = select(alias.c.person_id, alias.c.username, alias.c.valid_to)
    stored = {
        (row.person_id, row.username, row.valid_to)
        for part in _chunks(ids)
        for row in conn.execute(query.where(alias.c.person_id.in_(part)))
    }
    gave_up = {(who, name) for who, name, until in stored if until is not None and until > made_at}
    borne = people.ids_of(conn, {a.username for one in found for a in one.aliases if a.valid_to is None})
    rows: list[dict[str, Any]] = []
    clashes = []
    for one in found:
        who = known[one.ref]
        for a in one.aliases:
            if {(who, a.username, a.valid_to), (who, a.username, None)} & stored:
                continue  # they had it then, or still have it here
            if a.valid_to is None and (who, a.username) in gave_up:
                continue  # they have it no longer
            if a.valid_to is None and borne.setdefault(a.username, who) != who:
                clashes.append(a.username)
                continue
            rows.append(
                {"person_id": who, "platform": one.platform, "username": a.username, "valid_from": a.valid_from,
                 "valid_to": a.valid_to, "source": a.source}
            )  # fmt: skip
    if rows:
        conn.execute(insert(alias), rows)
    return clashes


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
