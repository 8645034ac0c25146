"""Every name that a person may type: of people, watchlists and rooms, and keys of attributes."""

from sqlalchemy import Connection, select

from mhc.store.schema import alias, attribute_key, person, stream, watchlist


def everything(conn: Connection, people: int) -> list[tuple[str, str]]:
    """Give (kind, name) pairs: rooms, lists, keys, and the names of this many people, those seen last."""
    latest = (
        select(person.c.id)
        .order_by(person.c.last_seen_at.desc().nulls_last(), person.c.id.desc())
        .limit(people)
    )
    queries = {
        "room": select(person.c.username).where(person.c.id.in_(select(stream.c.room_id))),
        "watchlist": select(watchlist.c.name),
        "attribute": select(attribute_key.c.key),
        "person": select(alias.c.username).where(alias.c.person_id.in_(latest)).distinct(),
    }
    return [(kind, name) for kind, query in queries.items() for name in sorted(conn.execute(query).scalars())]
