"""Who is whom: two people that are one read as one, and can be parted again.

The truth is `person_merge`; nothing else is rewritten but the roots that follow from it, so that parting is exact.
Events stay with the row of the name that made them. What is typed of a merged person is the root's, and stays with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import combinations
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from mhc.domain.names import PLATFORM
from mhc.errors import CheckError, UsageError
from mhc.store import canonical, current_names, people
from mhc.store.people import Person, Role
from mhc.store.schema import person, person_merge

BY_HAND = "by hand"
NUMBERS = ("rid", "did")
_OLDEST = (person.c.created_at, person.c.id)


class Merge(NamedTuple):
    """One merge that is to be, by the ids of the rows."""

    keep_id: int
    other_id: int


def plan(conn: Connection, keep_id: int, other_ids: Sequence[int], *, force: bool = False) -> list[Merge]:
    """Give the merges that make others one with a person. Writes nothing.

    Raises UsageError where one of them is merged already or is the person, and CheckError where the platform numbers
    them as different people, but for `force`.
    """
    into = canonical.merged_into(conn)
    keep = canonical.root(into, keep_id)
    known = people.merged(conn, keep)
    found: list[Merge] = []
    for other in other_ids:
        _refuse_twice(conn, into, keep_id, other)
        theirs = people.merged(conn, other)
        if not force:
            _refuse_different(known, theirs, keep, other)
        known = [*known, *theirs]
        into[other] = keep
        found.append(Merge(keep, other))
    return found


def merge(
    conn: Connection,
    keep_id: int,
    other_ids: Sequence[int],
    *,
    reason: str = BY_HAND,
    at: datetime,
    force: bool = False,
) -> list[Merge]:
    """Make others one with a person: they read as that person from now on. Raises as `plan` does."""
    people.lock_names(conn)
    found = plan(conn, keep_id, other_ids, force=force)
    for one in found:
        conn.execute(insert(person_merge).values(**one._asdict(), reason=reason, at=at))
    canonical.flatten(conn)
    return found


def unmerge(conn: Connection, other_id: int, *, at: datetime) -> None:
    """Part a person, with whom had been merged into them before, from who they were merged into. Raises UsageError."""
    people.lock_names(conn)
    refuse_unmerged(conn, other_id)
    m = person_merge.c
    mine = (m.other_id == other_id, m.undone_at.is_(None))
    merged = conn.execute(select(m.keep_id, m.at, m.reason).where(*mine)).all()
    conn.execute(update(person_merge).where(*mine).values(undone_at=at))
    canonical.flatten(conn)
    for one in merged:
        if one.reason in NUMBERS:
            current_names.give_back(conn, one.keep_id, other_id, one.at)


def refuse_unmerged(conn: Connection, other_id: int) -> None:
    """Raise UsageError where a person is merged into nobody."""
    into = canonical.merged_into(conn)
    if other_id in into:
        return
    merged = sorted(one for one, keep in into.items() if keep == other_id)
    names = people.names_by_id(conn, [other_id, *merged])
    hint = f"mhc person unmerge {names[merged[0]]}" if merged else None
    more = f"; merged into them: {', '.join(names[one] for one in merged)}" if merged else ""
    raise UsageError(f"{names[other_id]} is merged into nobody{more}", hint=hint)


def was_undone(conn: Connection, some: Iterable[int], others: Iterable[int]) -> bool:
    """Whether somebody once parted people of two groups: a source must not make them one again."""
    m = person_merge.c
    first, second = list(some), list(others)
    ways = ((first, second), (second, first))
    queries = (
        select(m.id).where(m.keep_id.in_(a), m.other_id.in_(b), m.undone_at.is_not(None)) for a, b in ways
    )
    return any(conn.execute(query.limit(1)).first() for query in queries)


def _refuse_twice(conn: Connection, into: dict[int, int], keep_id: int, other: int) -> None:
    keep = canonical.root(into, keep_id)
    names = people.names_by_id(conn, [keep_id, keep, other, into.get(other, other)])
    if other == keep_id:
        raise UsageError(f"{names[other]} cannot be merged into themselves", hint="name somebody else")
    if canonical.root(into, other) == keep:
        raise UsageError(
            f"{names[other]} and {names[keep_id]} read as one already", hint=f"mhc person show {names[keep]}"
        )
    if other in into:
        hint = f"mhc person unmerge {names[other]}, or merge {names[into[other]]}"
        raise UsageError(f"{names[other]} is merged into {names[into[other]]} already", hint=hint)


def _refuse_different(known: Sequence[Person], theirs: Sequence[Person], keep: int, other: int) -> None:
    names = {one.id: one.username for one in (*known, *theirs)}
    for kind in NUMBERS:
        mine, others = numbers(known, kind), numbers(theirs, kind)
        if mine and others and mine.isdisjoint(others):
            said = f"{names[keep]} has the {kind} {_listed(mine)}, {names[other]} has {_listed(others)}"
            raise CheckError(f"not the same person: {said}", hint="--force, where they are one all the same")


def numbers(rows: Iterable[Person], kind: str) -> set[int]:
    """Give the numbers of a kind that these rows have."""
    return {number for one in rows if (number := getattr(one, kind)) is not None}


def _listed(found: set[int]) -> str:
    return " or ".join(map(str, sorted(found)))


class Outcome(StrEnum):
    """What became of an answer's numbers."""

    KNOWN = "known"  # nothing new
    NOTED = "noted"  # they are the person's from now on
    RENAMED = "renamed"
    MERGED = "merged"
    CONFLICT = "conflict"  # they are another's: nothing changed
    PARTED = "parted"  # they would make two people one whom somebody parted: nothing changed
    STALE = "stale"  # the person has had a later name since: nothing changed


@dataclass(frozen=True, slots=True)
class Identified:
    """Whom an answer is about, and what followed from it. `sentence` says it for stderr; None: nothing to tell."""

    person_id: int  # the row that bears the name, or the numbers
    root_id: int
    outcome: Outcome
    sentence: str | None = None


def note_ids(
    conn: Connection,
    username: str,
    *,
    rid: int | None = None,
    did: int | None = None,
    source: str,
    at: datetime,
    observed_role: Role | None = None,
) -> Identified:
    """Note what a source says of a name: the numbers of its bearer, who may be known under another name.

    Then that person is renamed, or, where the new name is a person already, the two are merged, the older row kept.
    Numbers that contradict those that are known change nothing. A name that nobody bears makes a new person.
    """
    people.lock_names(conn)
    said = {kind: number for kind, number in (("rid", rid), ("did", did)) if number is not None}
    bearer = people.ids_of(conn, [username]).get(username)
    numbered = _numbered(conn, said)
    met = list(dict.fromkeys(one for one in (*numbered.values(), bearer) if one is not None))
    families = _families(conn, met)
    about = met[0] if met else people.ensure(conn, [username], source=source, at=at)[username]
    refused = _refused(conn, username, said, families)
    if refused is None and numbered and bearer not in numbered.values():
        refused = _out_of_date(conn, about, username, at)
    if refused is not None:
        one = bearer or about
        return Identified(one, _root_of(conn, one), *refused)
    done = _make_one(conn, username, numbered, bearer, list(families), source, at)
    noted = _complete(conn, about, said, families.values())
    seen = {observed_role, Role.MODEL if rid is not None else None, Role.VIEWER if did is not None else None}
    for role in (Role.VIEWER, Role.MODEL):
        if not seen.isdisjoint({role, Role.BOTH}):
            people.add_evidence(conn, [about], role)
    outcome, sentence = done or (Outcome.NOTED if noted else Outcome.KNOWN, None)
    return Identified(about, _root_of(conn, about), outcome, sentence)


def _numbered(conn: Connection, said: Mapping[str, int]) -> dict[str, int]:
    """Give the row that has each number, the oldest where several do."""
    found: dict[str, int] = {}
    for kind, number in said.items():
        query = select(person.c.id).where(person.c.platform == PLATFORM, person.c[kind] == number)
        row = conn.execute(query.order_by(*_OLDEST).limit(1)).first()
        found |= {kind: row.id} if row else {}
    return found


def _families(conn: Connection, met: Iterable[int]) -> dict[int, list[Person]]:
    """Give all rows of whoever was met, by root."""
    roots = dict.fromkeys(_root_of(conn, one) for one in met)
    return {root: people.merged(conn, root) for root in roots}


def _root_of(conn: Connection, person_id: int) -> int:
    found = people.by_id(conn, person_id)
    assert found is not None  # people are never deleted while anything names them
    return found.root_id


def _refused(
    conn: Connection, username: str, said: Mapping[str, int], families: Mapping[int, Sequence[Person]]
) -> tuple[Outcome, str | None] | None:
    """Say why nothing may follow from an answer; None where something may."""
    for kind in NUMBERS:
        sets = [found for rows in families.values() if (found := numbers(rows, kind))]
        sets += [{said[kind]}] if kind in said else []
        for one, other in combinations(sets, 2):
            if one.isdisjoint(other):
                why = f"{username}: the {kind} {_listed(one)} contradicts {_listed(other)}"
                return Outcome.CONFLICT, f"{why}; nothing was changed"
    groups = [[one.id for one in rows] for rows in families.values()]
    if any(was_undone(conn, one, other) for one, other in combinations(groups, 2)):
        names = " and ".join(
            one.username for root, rows in families.items() for one in rows if one.id == root
        )
        return Outcome.PARTED, f"{names} have the same number, but were unmerged; they stay apart"
    return None


def _out_of_date(
    conn: Connection, person_id: int, username: str, at: datetime
) -> tuple[Outcome, str | None] | None:
    """Say so where a person took another name after an answer was given, or gave up the one in it."""
    (called,) = people.names_by_id(conn, [person_id]).values()
    names = people.aliases(conn, [person_id])
    took = any(one.username == called and one.valid_from and one.valid_from > at for one in names)
    gave_up = any(one.username == username and one.valid_to and one.valid_to > at for one in names)
    return (Outcome.STALE, None) if took or gave_up else None


def _make_one(
    conn: Connection,
    username: str,
    numbered: Mapping[str, int],
    bearer: int | None,
    roots: Sequence[int],
    source: str,
    at: datetime,
) -> tuple[Outcome, str] | None:
    """Rename whom the numbers say, or merge those who turn out to be one; None where nobody is."""
    done = None
    kind = next(iter(numbered), "")
    if bearer is None and numbered:
        owner = people.by_id(conn, numbered[kind])
        assert owner is not None
        people.rename(conn, owner, username, source=source, at=at)
        done = Outcome.RENAMED, f"renamed {owner.username} to {username}: the same {kind} ({source})"
    if len(roots) > 1:
        names = people.names_by_id(conn, roots)
        query = select(person.c.id).where(person.c.id.in_(roots)).order_by(*_OLDEST)
        keep, *others = conn.execute(query).scalars()
        merge(conn, keep, others, reason=kind, at=at)
        current_names.take(conn, roots, username, at)
        merged = ", ".join(names[one] for one in others)
        (called,) = people.names_by_id(conn, [keep]).values()
        now = "" if called == names[keep] else f", who is {called} now"
        done = Outcome.MERGED, f"merged {merged} into {names[keep]}{now}: the same {kind} ({source})"
    return done


def _complete(
    conn: Connection, person_id: int, said: Mapping[str, int], families: Iterable[Sequence[Person]]
) -> bool:
    """Give a row the numbers that none of the person's rows has; whether there were any."""
    rows = [one for family in families for one in family]
    new = {kind: number for kind, number in said.items() if number not in numbers(rows, kind)}
    if new:
        conn.execute(update(person).where(person.c.id == person_id).values(**new))
    return bool(new)
