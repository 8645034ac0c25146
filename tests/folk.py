"""People as tests of who is whom make and read them."""

from sqlalchemy import Connection, select, update

from factories import minute
from mhc.store import people
from mhc.store.schema import person

BIG = 2**62  # numbers of the platform have 64 bits


def known(conn: Connection, *names: str) -> list[int]:
    """Make people, one minute after the other, and give their rows."""
    return [
        people.ensure(conn, [name], source="test", at=minute(place))[name] for place, name in enumerate(names)
    ]


def numbered(conn: Connection, who: int, **numbers: int) -> None:
    conn.execute(update(person).where(person.c.id == who).values(**numbers))


def roots(conn: Connection) -> dict[str, str]:
    """Give who reads as whom, by name."""
    names = {one.id: one.username for one in conn.execute(select(person.c.id, person.c.username))}
    return {names[one]: names[root] for one, root in people.roots(conn).items()}
