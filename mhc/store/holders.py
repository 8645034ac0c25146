"""Who had a name, and when: names change hands."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from mhc.domain.names import PLATFORM
from mhc.store.schema import alias, person

_FAR = datetime.max.replace(tzinfo=UTC)


class Holder(NamedTuple):
    """One time that a person had a name: from (None: nobody knows) until (None: still)."""

    person_id: int
    root_id: int
    called: str  # what the root is called now
    valid_from: datetime | None
    valid_to: datetime | None


def of(conn: Connection, username: str) -> list[Holder]:
    """Give everyone who has or had a name: who has it now, then the others, the latest first."""
    root = person.alias("root")
    root_id = person.c.canonical_id
    query = (
        select(alias.c.person_id, root.c.id, root.c.username, alias.c.valid_from, alias.c.valid_to)
        .join(person, person.c.id == alias.c.person_id)
        .join(root, (root.c.id == root_id) | ((root.c.id == person.c.id) & root_id.is_(None)))
        .where(alias.c.platform == PLATFORM, alias.c.username == username)
        .order_by(alias.c.valid_to.is_(None).desc(), alias.c.valid_to.desc(), alias.c.id.desc())
    )
    return [Holder(*row) for row in conn.execute(query)]


def at(had: Sequence[Holder], when: datetime) -> list[Holder]:
    """Give who of these had the name at an instant.

    Where nobody knows since when, it is who gave it up first after that: a name belongs to one person at a time.
    """
    then = [
        one
        for one in had
        if (one.valid_from is None or one.valid_from <= when)
        and (one.valid_to is None or when < one.valid_to)
    ]
    first = min((one.valid_to or _FAR for one in then), default=_FAR)
    return [one for one in then if (one.valid_to or _FAR) == first]
