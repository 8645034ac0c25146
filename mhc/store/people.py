"""People and the names they went by."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, insert, or_, select, text, update

from mhc.domain.clock import to_ms
from mhc.domain.names import PLATFORM
from mhc.errors import UsageError
from mhc.store.bulk import Batch, Bulk, Call, bulk_insert, together
from mhc.store.schema import alias, person

_LOCK = 0x706572  # "per": one maker of people at a time on a PostgreSQL server
CHUNK = 500  # names a query: below every limit on parameters


class Role(StrEnum):
    """What a person is on the platform, from evidence unless set by hand."""

    VIEWER = "viewer"
    MODEL = "model"
    BOTH = "both"
    UNKNOWN = "unknown"


class Person(NamedTuple):
    """One person as the database holds them."""

    id: int
    platform: str
    username: str
    role: str
    rid: int | None
    did: int | None
    canonical_id: int | None
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    rating: int | None
    role_by_hand: bool

    @property
    def root_id(self) -> int:
        """The person that this one was merged into, or itself."""
        return self.canonical_id or self.id


class Alias(NamedTuple):
    """A name that a person goes by, or went by."""

    person_id: int
    username: str
    valid_from: datetime | None
    valid_to: datetime | None
    source: str


_PERSON = (
    person.c.id,
    person.c.platform,
    person.c.username,
    person.c.role,
    person.c.rid,
    person.c.did,
    person.c.canonical_id,
    person.c.first_seen_at,
    person.c.last_seen_at,
    person.c.rating,
    person.c.role_by_hand,
)
_ALIAS = (alias.c.person_id, alias.c.username, alias.c.valid_from, alias.c.valid_to, alias.c.source)


def _person(row: Sequence[Any]) -> Person:
    return Person(*row)


def by_id(conn: Connection, person_id: int) -> Person | None:
    """Give one person; None where there is none."""
    row = conn.execute(select(*_PERSON).where(person.c.id == person_id)).one_or_none()
    return _person(row) if row else None


def find(conn: Connection, username: str) -> list[Person]:
    """Give who has the name now, else everyone who had it, the latest holder first; merged people as their root."""
    holders = conn.execute(
        select(alias.c.person_id, alias.c.valid_to)
        .where(alias.c.platform == PLATFORM, alias.c.username == username)
        .order_by(alias.c.valid_to.is_(None).desc(), alias.c.valid_to.desc(), alias.c.id.desc())
    ).all()
    ids = [h.person_id for h in holders if h.valid_to is None] or [h.person_id for h in holders]
    found = [p for i in ids if (p := by_id(conn, i)) is not None]
    roots = [p if p.canonical_id is None else by_id(conn, p.canonical_id) or p for p in found]
    return list({p.id: p for p in roots}.values())


def members(conn: Connection, root_id: int) -> list[int]:
    """Give the ids whose events are this person's: the root and all that were merged into it, in order."""
    return [one.id for one in merged(conn, root_id)]


def root_of(conn: Connection, person_id: int) -> int:
    """Give the root of a person's row; the row's own id where it was merged into no other."""
    found = conn.execute(select(person.c.canonical_id).where(person.c.id == person_id)).scalar()
    return person_id if found is None else int(found)


def merged(conn: Connection, root_id: int) -> list[Person]:
    """Give a person's rows: the root and all that were merged into it, in order of id."""
    query = select(*_PERSON).where(or_(person.c.id == root_id, person.c.canonical_id == root_id))
    return [_person(row) for row in conn.execute(query.order_by(person.c.id))]


def roots_of_rows(conn: Connection, root_ids: Iterable[int]) -> dict[int, int]:
    """Give the root of each row of these people: of themselves, and of all who were merged into them."""
    wanted = sorted(set(root_ids))
    found = {who: who for who in wanted}
    query = select(person.c.id, person.c.canonical_id)
    for start in range(0, len(wanted), CHUNK):
        merged = query.where(person.c.canonical_id.in_(wanted[start : start + CHUNK]))
        found.update((row.id, row.canonical_id) for row in conn.execute(merged))
    return found


def roots(conn: Connection) -> dict[int, int]:
    """Give the root of everyone who was merged into another; who is not in it is their own."""
    query = select(person.c.id, person.c.canonical_id).where(person.c.canonical_id.is_not(None))
    return {row.id: row.canonical_id for row in conn.execute(query)}


def names_by_id(conn: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Give the current name of each of these people."""
    asked = set(ids)
    wanted = sorted(asked)
    if len(wanted) <= CHUNK:
        known: ColumnElement[bool] = person.c.id.in_(wanted)
    elif 2 * len(wanted) > wanted[-1] - wanted[0]:  # to read some more is quicker than to look for each
        known = person.c.id.between(wanted[0], wanted[-1])
    else:
        from mhc.store.long_lists import one_of  # which few need

        known = one_of(conn, person.c.id, wanted)
    query = select(person.c.id, person.c.username).where(known)
    return {who: name for who, name in conn.execute(query) if who in asked} if wanted else {}


def aliases(conn: Connection, person_ids: Sequence[int]) -> list[Alias]:
    """Give every name of these people, the current ones first, then the latest."""
    query = (
        select(*_ALIAS)
        .where(alias.c.person_id.in_(person_ids))
        .order_by(alias.c.valid_to.is_(None).desc(), alias.c.valid_to.desc(), alias.c.username, alias.c.id)
    )
    return [Alias(*row) for row in conn.execute(query)]


def usernames(conn: Connection) -> list[str]:
    """Give every name that anybody goes or went by: to say which one was meant."""
    return list(conn.execute(select(alias.c.username).distinct().order_by(alias.c.username)).scalars())


@cache
def _holders() -> Select[Any]:
    """Give the query of who goes by some names now; made once, for it runs with every page."""
    return select(alias.c.username, alias.c.person_id).where(
        alias.c.platform == PLATFORM,
        alias.c.username.in_(bindparam("names", expanding=True)),
        alias.c.valid_to.is_(None),
    )


def ids_of(conn: Connection, names: Iterable[str]) -> dict[str, int]:
    """Give the person behind each name that someone goes by now."""
    wanted = sorted(set(names))
    found: dict[str, int] = {}
    for start in range(0, len(wanted), CHUNK):
        rows = conn.execute(_holders(), {"names": wanted[start : start + CHUNK]})
        found.update((username, person_id) for username, person_id in rows)
    return found


def lock_names(conn: Connection) -> None:
    """Let nobody else give names to people before the transaction ends."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


_MAKE = bulk_insert(
    person,
    ("platform", "username", "role", "created_at", "first_seen_at", "last_seen_at"),
    "RETURNING username, id",
    asks=True,
)
_NAME = bulk_insert(alias, ("person_id", "platform", "username", "source"))


def ensure(
    conn: Connection, names: Iterable[str], *, source: str, at: datetime, role: str = Role.UNKNOWN
) -> dict[str, int]:
    """Give the person behind each name, making those whom nobody knows yet."""
    wanted = set(names)
    found = ids_of(conn, wanted)
    if found.keys() >= wanted:
        return found
    return found | meet(conn, wanted - found.keys(), source=source, at=at, role=role)


def meet(
    conn: Connection,
    names: Collection[str],
    *,
    source: str,
    at: datetime,
    role: str = Role.UNKNOWN,
    seen_at: datetime | None = None,
) -> dict[str, int]:
    """Make the people of names that nobody went by a moment ago; give who goes by them now."""
    found: dict[str, int] = {}
    if conn.dialect.name == "postgresql":
        # Two listeners may meet the same stranger at once: who is second finds the person of the first.
        lock_names(conn)
        found = ids_of(conn, names)
    seen = None if seen_at is None else to_ms(seen_at)
    same = str(role), to_ms(at), seen, seen
    strangers = [(PLATFORM, name, *same) for name in sorted(set(names) - found.keys())]
    if strangers:
        (made,) = together(conn, (_MAKE, strangers))
        together(conn, (_NAME, [(who, PLATFORM, name, source) for name, who in made]))
        found |= dict(made)
    return found


def lock(conn: Connection, person_id: int) -> None:
    """Let nobody else write what is remembered of a person before the transaction ends; events go on."""
    conn.execute(select(person.c.id).where(person.c.id == person_id).with_for_update(key_share=True))


def set_role(conn: Connection, person_id: int, role: str, *, by_hand: bool) -> None:
    """Set what a person is; what was set by hand is changed by hand only."""
    query = update(person).where(person.c.id == person_id)
    if not by_hand:
        query = query.where(person.c.role_by_hand.is_(False))
    conn.execute(query.values(role=role, **({"role_by_hand": True} if by_hand else {})))


def _seen_as(role: Role, other: Role) -> Bulk:
    return Bulk(
        person,
        ("id",),
        f"UPDATE person SET role = CASE WHEN person.role = '{other}' THEN '{Role.BOTH}' ELSE '{role}' END FROM {{new}}"  # noqa: S608 - our own words
        f" WHERE person.id = new.id AND NOT person.role_by_hand AND person.role IN ('{other}', '{Role.UNKNOWN}')",
    )


_SEEN_AS = {Role.VIEWER: _seen_as(Role.VIEWER, Role.MODEL), Role.MODEL: _seen_as(Role.MODEL, Role.VIEWER)}


def evidence(person_ids: Iterable[int], role: Role) -> Call:
    """Give the statement that notes that people were seen as viewers, or as models: the two together make both."""
    return _SEEN_AS[role], [(who,) for who in sorted(person_ids)]


def add_evidence(conn: Connection, person_ids: Iterable[int], role: Role) -> None:
    """Note that these people were seen as viewers, or as models."""
    batch = Batch(conn)
    batch.add(*evidence(person_ids, role))
    batch.send()


def refuse_taken(conn: Connection, owner: Person, name: str) -> None:
    """Raise UsageError where somebody else goes by a name now: names belong to one person at a time."""
    holder = ids_of(conn, [name]).get(name)
    if holder is None or holder == owner.id:
        return
    if holder in members(conn, owner.id):
        raise UsageError(f"{name} is a name of {owner.username} already, by a merge")
    hint = f"if the two are one: mhc person merge {owner.username} {name}"
    raise UsageError(f"{name} is another person", hint=hint)


def has_alias(conn: Connection, owner: Person, username: str, *, current: bool) -> bool:
    """Whether a person goes by a name (`current`), or else goes or ever went by it."""
    mine = [one for one in aliases(conn, members(conn, owner.id)) if one.username == username]
    return any(one.valid_to is None for one in mine) if current else bool(mine)


def add_alias(
    conn: Connection, owner: Person, username: str, *, source: str, at: datetime, current: bool
) -> None:
    """Give a person one more name: a current one, or one that they went by until `at`.

    Raises UsageError where another goes by a name that should be current.
    """
    lock_names(conn)
    if current:
        refuse_taken(conn, owner, username)
    row = {"person_id": owner.id, "platform": owner.platform, "username": username, "source": source}
    conn.execute(insert(alias).values(**row, valid_from=None, valid_to=None if current else at))


def close_alias(conn: Connection, person_ids: Sequence[int], username: str, *, at: datetime) -> int:
    """End a current name; give how many were ended (0 where it is none of theirs)."""
    mine = and_(alias.c.person_id.in_(person_ids), alias.c.username == username, alias.c.valid_to.is_(None))
    return conn.execute(update(alias).where(mine).values(valid_to=at)).rowcount


def rename(conn: Connection, owner: Person, new: str, *, source: str, at: datetime) -> None:
    """Close the person's current name and open the new one. Raises UsageError where another has it."""
    lock_names(conn)
    refuse_taken(conn, owner, new)
    # Somebody may have renamed them while the lock was awaited.
    called = names_by_id(conn, [owner.id])[owner.id]
    close_alias(conn, members(conn, owner.id), called, at=at)
    if not ids_of(conn, [new]):  # else it is a second name of theirs, which becomes the first
        row = {"person_id": owner.id, "platform": owner.platform, "username": new, "source": source}
        conn.execute(insert(alias).values(**row, valid_from=at, valid_to=None))
    conn.execute(update(person).where(person.c.id == owner.id).values(username=new))
