"""People by a part of a name, now or once: the best matches first, without reading all that match."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, not_, select

from mhc.store import segments
from mhc.store.people import CHUNK
from mhc.store.roll import Listed, Roll, by_ids, contains, only_anonymous
from mhc.store.schema import alias, person

_MANY = 1000  # names: from so many on they are read along the index


def by_name(conn: Connection, roll: Roll, text: str, limit: int | None = None) -> list[Listed]:
    """Give who goes or went by a name that is `text`, then begins so, then has it in it; each by that name.

    Of the roll it takes the rooms of the sums and what is revealed.
    """
    found: dict[int, None] = {}
    for who in _matching(conn, text.lower(), limit, reveal=roll.reveal):
        found.setdefault(who)
        if len(found) == limit:
            break
    return by_ids(conn, roll, list(found))


def count(conn: Connection, roll: Roll, text: str) -> int:
    """Give how many people `by_name` gives without a limit."""
    fitting = (
        select(segments.root)
        .distinct()
        .where(person.c.id.in_(select(alias.c.person_id).where(contains(text))))
    )
    if not roll.reveal:
        fitting = fitting.where(segments.root.not_in(only_anonymous()))
    found: int = conn.execute(select(func.count()).select_from(fitting.subquery())).scalar_one()
    return found


def _matching(conn: Connection, text: str, limit: int | None, *, reveal: bool) -> Iterator[int]:
    """Give roots by how well a name fits: a reader that has enough leaves the rest unread."""
    name = alias.c.username
    begins = and_(name >= text, name < text + chr(0x10FFFF))
    for fits in (name == text, and_(begins, name != text), and_(contains(text), not_(begins))):
        for part in _named(conn, fits, limit):
            found = select(person.c.id, segments.root).where(person.c.id.in_(part))
            roots = {row[0]: row[1] for row in conn.execute(found)}
            hidden = only_anonymous().where(person.c.id.in_(roots.values()))
            gone = set() if reveal else set(conn.execute(hidden).scalars())
            yield from (roots[who] for who in part if roots[who] not in gone)


def _named(conn: Connection, fits: ColumnElement[bool], limit: int | None) -> Iterator[Sequence[int]]:
    """Give, in parts, whose names fit, by name, the present holder of one first.

    A few are found by one look at all names and then sorted; many along the index, which takes longer for a few.
    """
    query = select(alias.c.person_id, alias.c.username, alias.c.valid_to, alias.c.id).where(fits)
    few = query.limit(_MANY).subquery()
    found = conn.execute(select(few.c.person_id).order_by(*_by_name(few.c))).scalars().all()
    if len(found) < _MANY:
        yield from _parts(found)
        return
    ranked = select(alias.c.person_id).where(fits).order_by(*_by_name(alias.c))
    size, start = None if limit is None else 2 * limit, 0
    while page := conn.execute(ranked.limit(size).offset(start)).scalars().all():
        yield from _parts(page)
        start += len(page)


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


def _by_name(of: Any) -> tuple[Any, ...]:
    return of.username, of.valid_to.is_(None).desc(), of.valid_to.desc(), of.id
