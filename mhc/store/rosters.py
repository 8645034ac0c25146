"""A file of people becomes a list: what that changes, and the changing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, update

from mhc.domain.rosters import Entry
from mhc.errors import DataError
from mhc.store import import_batches, people, watchlists
from mhc.store.import_batches import New
from mhc.store.schema import watchlist_member


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file changes: roots (or names that nobody has yet) with their notes, and whom it drops."""

    strangers: Mapping[str, str | None]
    add: Mapping[int, str | None]
    there: Mapping[int, str | None]
    drop: Mapping[int, str]  # root → name
    before: int  # how many were on the list

    @property
    def counts(self) -> dict[str, int]:
        """How many are put on the list, how many of them nobody had met, how many were on it, how many go."""
        return {
            "added": len(self.add) + len(self.strangers),
            "strangers": len(self.strangers),
            "there": len(self.there),
            "removed": len(self.drop),
        }


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


def follow(conn: Connection, list_id: int, wanted: Plan, new: New) -> int | None:
    """Make a list what a plan says; who is not known yet becomes known. Give the import's id; None where all was so."""
    noted = {who: note for who, note in wanted.there.items() if note is not None}
    if not (wanted.strangers or wanted.add or wanted.drop or noted):
        return None
    batch_id = import_batches.add(conn, new, None, wanted.counts)
    made = people.ensure(conn, wanted.strangers, source="import", at=new.at)
    added = dict(wanted.add) | {made[name]: note for name, note in wanted.strangers.items()}
    row = {"list_id": list_id, "added_at": new.at, "batch_id": batch_id}
    if added:
        conn.execute(
            insert(watchlist_member), [row | {"person_id": who, "note": note} for who, note in added.items()]
        )
    for who, note in noted.items():
        watchlists.add(conn, list_id, people.members(conn, who), at=new.at, note=note)
    _drop(conn, list_id, wanted.drop, new)
    return batch_id


def _drop(conn: Connection, list_id: int, gone: Iterable[int], new: New) -> None:
    ids = list(people.roots_of_rows(conn, gone))
    for start in range(0, len(ids), people.CHUNK):
        of = watchlist_member.c
        mine = (of.list_id == list_id, of.removed_at.is_(None))
        query = update(watchlist_member).where(*mine, of.person_id.in_(ids[start : start + people.CHUNK]))
        why = "stdin" if new.name == "-" else new.name
        conn.execute(query.values(removed_at=new.at, removal_note=f"not in {why}"))
