"""Lists of who follows a room, or whom its owner follows, as they were brought: what they change."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from mhc.store import erasures, follows, people
from mhc.store.follows import LATEST, State
from mhc.store.schema import follow_change


class Change(NamedTuple):
    """What a list changes: names that are new, that stay, that are no longer there, and that were forgotten.

    Who was forgotten comes not back by a list, of which nobody knows how old it is; who came again is known.
    """

    new: Sequence[str]
    same: Sequence[str]
    gone: Sequence[str]
    forgotten: Sequence[str] = ()


def standing(conn: Connection, room_ids: Sequence[int], direction: str) -> dict[str, int]:
    """Give who follows now, by the name they go by: their row, merged people as their root."""
    c = follow_change.c
    query = select(c.person_id, c.state).where(c.room_id.in_(room_ids), c.direction == direction)
    roots = people.roots(conn)
    last: dict[int, str] = {}
    for who, state in conn.execute(query.order_by(*LATEST)):
        last.setdefault(roots.get(who, who), state)
    ids = [who for who, state in last.items() if state == State.YES]
    names = people.names_by_id(conn, ids)
    return {names[who]: who for who in sorted(ids)}


def compare(conn: Connection, room_ids: Sequence[int], direction: str, names: Collection[str]) -> Change:
    """Say what a list would change. Writes nothing."""
    now = standing(conn, room_ids, direction)
    known, gone = people.ids_of(conn, names), erasures.forgotten(conn)
    left_out = {name for name in names if name not in known and gone(name)}
    roots = people.roots(conn)
    current = people.names_by_id(conn, {roots.get(who, who) for who in known.values()})
    listed = {current[roots.get(known[name], known[name])] if name in known else name for name in names}
    listed -= left_out
    new, same, ended = listed - now.keys(), listed & now.keys(), now.keys() - listed
    return Change(sorted(new), sorted(same), sorted(ended), sorted(left_out))


class Told(NamedTuple):
    """What the changes of a list have in common."""

    room_id: int
    direction: str
    at: datetime
    batch_id: int


def apply(conn: Connection, change: Change, told: Told, *, end: bool) -> None:
    """Keep who is new on a list, and with `end` that the others follow no longer."""
    new = people.ensure(conn, change.new, source="import", at=told.at)
    gone = people.ids_of(conn, change.gone) if end else {}
    for ids, state in ((new, State.YES), (gone, State.NO)):
        follows.add(
            conn,
            told.room_id,
            ids.values(),
            told.direction,
            state,
            at=told.at,
            source="import",
            batch_id=told.batch_id,
        )
