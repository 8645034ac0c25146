"""What people would be together: their names, lists and figures as those of one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mhc.store import merged, people, totals, watchlists
from mhc.store.schema import EXCLUDED

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.identity import Merge


class AsOne(NamedTuple):
    """People as one person; anonymous tips are not counted."""

    username: str
    merged: Sequence[str]
    names: Sequence[str]
    role: str
    watchlists: Sequence[str]
    excluded: bool
    tokens: int
    tips: int
    messages: int


def read(conn: "Connection", merges: "Sequence[Merge]") -> AsOne:
    """Give how the people of some merges into one person read together, before or after."""
    roots = [merges[0].keep_id, *(one.other_id for one in merges)]
    rows = list({row.id: row for root in roots for row in people.merged(conn, root)}.values())
    ids = [row.id for row in rows]
    one = merged.as_one(rows, roots[0])
    lists = watchlists.names_of(conn, ids)
    total = totals.of_person(conn, ids)
    names = people.names_by_id(conn, roots)
    return AsOne(
        username=one.username,
        merged=[names[other] for other in roots[1:]],
        names=list(dict.fromkeys(a.username for a in people.aliases(conn, ids))),
        role=one.role,
        watchlists=lists,
        excluded=EXCLUDED in lists,
        tokens=total.tokens,
        tips=total.tips,
        messages=total.messages,
    )
