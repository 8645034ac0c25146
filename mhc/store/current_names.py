"""The name that people go by who were merged by the platform's numbers: the one that was told last.

An answer under a new name renames the person, and where the new name was a person already the two are merged. The old
name ends with the merge, at that very instant, and begins again where they are parted.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select, update

from mhc.store import people
from mhc.store.schema import alias, person, person_merge, stream

_NUMBERS = ("rid", "did")


def take(conn: Connection, root_ids: Iterable[int], username: str, at: Any) -> None:
    """Let those who were just merged, and were known under several names, go by one: the others end.

    A room that is listened to keeps its name until somebody renames it: it is what the listener asks for.
    """
    ids = list(root_ids)
    listened = set(conn.execute(select(stream.c.room_id).where(stream.c.room_id.in_(ids))).scalars())
    for who, called in people.names_by_id(conn, set(ids) - listened).items():
        if called != username:
            people.close_alias(conn, [who], called, at=at)
    follow(conn)


def follow(conn: Connection) -> None:
    """Give everybody whose name ended with a merge the name of who they were merged with."""
    m, ended, mine, theirs = person_merge.c, alias.alias("ended"), alias.alias("mine"), alias.alias("theirs")
    own = select(mine.c.id).where(mine.c.person_id == m.keep_id, mine.c.valid_to.is_(None))
    query = (
        select(m.keep_id, theirs.c.username)
        .join(ended, (ended.c.person_id == m.keep_id) & (ended.c.valid_to == m.at))
        .join(theirs, (theirs.c.person_id == m.other_id) & theirs.c.valid_to.is_(None))
        .where(m.undone_at.is_(None), m.reason.in_(_NUMBERS), ~own.exists())
    )
    for who, name in conn.execute(query.order_by(m.id, theirs.c.id)).all():
        conn.execute(update(person).where(person.c.id == who).values(username=name))


def give_back(conn: Connection, keep_id: int, other_id: int, at: Any) -> None:
    """Let names that ended with a merge go on, now that the two are parted, unless somebody else has them.

    Where several were merged at once, the one who was kept goes by the name of any of them who stays.
    """
    c, m, theirs = alias.c, person_merge.c, alias.alias("theirs")
    stays = (
        select(m.id)
        .join(theirs, (theirs.c.person_id == m.other_id) & theirs.c.valid_to.is_(None))
        .where(m.keep_id == keep_id, m.at == at, m.reason.in_(_NUMBERS), m.undone_at.is_(None))
    )
    parted = [other_id] if conn.execute(stays.limit(1)).first() else [keep_id, other_id]
    query = select(c.id, c.person_id, c.username).where(c.person_id.in_(parted), c.valid_to == at)
    for number, who, name in conn.execute(query.order_by(c.id)).all():
        if people.ids_of(conn, [name]):
            continue
        conn.execute(update(alias).where(c.id == number).values(valid_to=None))
        called = people.names_by_id(conn, [who])[who]
        if called not in {one.username for one in people.aliases(conn, [who])}:
            conn.execute(update(person).where(person.c.id == who).values(username=name))
