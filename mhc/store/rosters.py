"""A file of people becomes a list: what that changes, and the changing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, update

from mhc.domain.rosters import Entry
from mhc.errors import DataError
from mhc.store import people, watchlists
from mhc.store.schema import watchlist_member


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file changes: roots (or names that nobody has yet) with their notes, and whom it drops."""

    strangers: Mapping[str, str | None]
    add: Mapping[int, str | None]
    there: Mapping[int, str | None]
    drop: Mapping[int, str]  # root → name
    before: int  # how many were on the list


def plan(conn: Connection, list_id: int | None, entries: Sequence[Entry], *, replace: bool) -> Plan:
    """Say what a file changes on a list (None: one that is to be made). Raises DataError where a name is two people's."""
    on = {} if list_id is None else watchlists.member_names(conn, list_id)
    found = people.ids_of(conn, (one.username for one in entries))
    roots = people.roots(conn)
    strangers: dict[str, str | None] = {}
    named: dict[int, str | None] = {}
    for one in entries:
        who = roots.get(found[one.username], found[one.username]) if one.username in found else None
        who = who or _former(conn, one.username)
        if who is None:
            strangers[one.username] = one.note
        else:
            named[who] = one.note or named.get(who)
    return Plan(
        strangers=strangers,
        add={who: note for who, note in named.items() if who not in on},
        there={who: note for who, note in named.items() if who in on},
        drop={who: name for who, name in on.items() if replace and who not in named},
        before=len(on),
    )


def _former(conn: Connection, username: str) -> int | None:
    """Give who went by a name once."""
    found = people.find(conn, username)
    if len(found) > 1:
        now = ", ".join(one.username for one in found)
        raise DataError(f"{username} was the name of {len(found)} people", hint=f"they are now: {now}")
    return found[0].id if found else None


def follow(conn: Connection, list_id: int, wanted: Plan, *, at: datetime, why_dropped: str) -> None:
    """Make a list what a plan says; who is not known yet becomes known."""
    made = people.ensure(conn, wanted.strangers, source="import", at=at)
    new = dict(wanted.add) | {made[name]: note for name, note in wanted.strangers.items()}
    rows = [{"list_id": list_id, "person_id": who, "added_at": at, "note": note} for who, note in new.items()]
    if rows:
        conn.execute(insert(watchlist_member), rows)
    for who, note in wanted.there.items():
        if note is not None:
            watchlists.add(conn, list_id, people.members(conn, who), at=at, note=note)
    gone = people.roots_of_rows(conn, wanted.drop)
    ids = list(gone)
    for start in range(0, len(ids), people.CHUNK):
        mine = watchlist_member.c.person_id.in_(ids[start : start + people.CHUNK])
        query = update(watchlist_member).where(watchlist_member.c.list_id == list_id, mine)
        query = query.where(watchlist_member.c.removed_at.is_(None))
        conn.execute(query.values(removed_at=at, removal_note=why_dropped))
