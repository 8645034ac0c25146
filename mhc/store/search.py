"""People by a part of a name, now or once: the best matches first, without reading all that match."""

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, and_, func, not_, select, union_all

from mhc.domain.paste_names import names_in
from mhc.store import people, segments
from mhc.store.roll import Listed, Roll, by_ids, contains, hidden_ones, only_anonymous
from mhc.store.schema import alias, person

_FEW = 100  # names read at a time: most readers are content with the first


def by_name(conn: Connection, roll: Roll, text: str, limit: int | None = None) -> list[Listed]:
    """Give who goes or went by a name that is `text`, then begins so, then has it in it; each by that name.

    Of the roll it takes the rooms of the sums and what is revealed.
    """
    found: dict[int, None] = {}
    for who in _matching(conn, text.lower(), reveal=roll.reveal):
        found.setdefault(who)
        if len(found) == limit:
            break
    return by_ids(conn, roll, list(found))


def named_in(conn: Connection, roll: Roll, text: str) -> list[Listed]:
    """Give whom a text names, in the order in which it does; of the roll it takes what `by_name` does."""
    names = names_in(text, frozenset(people.usernames(conn)))
    found = dict.fromkeys(one.id for name in names for one in people.find(conn, name))
    hidden = set() if roll.reveal else set(conn.execute(only_anonymous()).scalars())
    return by_ids(conn, roll, [who for who in found if who not in hidden])


def count(conn: Connection, roll: Roll, text: str) -> int:
    """Give how many people `by_name` gives without a limit: counted by their names, of whom most are nobody's root."""
    alone, merged, _ = segments.those(select(alias.c.person_id.label("who")).where(contains(text)))
    hidden = [] if roll.reveal else hidden_ones(conn)
    roots = merged.subquery()
    one = alone.where(not_(segments.of_merged(alias.c.person_id)), alias.c.person_id.not_in(hidden))
    counts = (
        one.with_only_columns(func.count(alias.c.person_id.distinct())),
        select(func.count(roots.c.who.distinct())).where(roots.c.who.not_in(hidden)),
    )
    return sum(conn.execute(union_all(*counts)).scalars())


def _matching(conn: Connection, text: str, *, reveal: bool) -> Iterator[int]:
    """Give roots by how well a name fits: a reader that has enough leaves the rest unread."""
    name = alias.c.username
    begins = and_(name >= text, name < text + chr(0x10FFFF))
    for fits in (name == text, and_(begins, name != text), and_(contains(text), not_(begins))):
        for part in _named(conn, fits):
            found = select(person.c.id, segments.root).where(person.c.id.in_(part))
            roots = {row[0]: row[1] for row in conn.execute(found)}
            hidden = only_anonymous().where(person.c.id.in_(roots.values()))
            gone = set() if reveal else set(conn.execute(hidden).scalars())
            yield from (roots[who] for who in part if roots[who] not in gone)


def _named(conn: Connection, fits: ColumnElement[bool]) -> Iterator[Sequence[int]]:
    """Give, in parts, whose names fit, by name, the present holder of one first."""
    name = alias.c
    order = name.username, name.valid_to.is_(None).desc(), name.valid_to.desc(), name.id
    query = select(name.person_id).where(fits).order_by(*order)
    first = conn.execute(query.limit(_FEW)).scalars().all()
    yield first
    if len(first) == _FEW:
        rest = conn.execute(query.offset(_FEW), execution_options={"yield_per": _FEW})
        yield from rest.scalars().partitions()
