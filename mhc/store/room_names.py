"""Which rooms the owner follows: who is on a list, who is a room of the owner's, and models that are known otherwise."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select

from mhc.domain.names import PLATFORM
from mhc.store.observations import SOURCE
from mhc.store.people import Role
from mhc.store.schema import alias, person, stream, watchlist_member
from mhc.store.segments import root

_MODELS = (Role.MODEL, Role.BOTH)


def tracked(conn: Connection, own: Iterable[str]) -> set[str]:
    """Give the names of who is tracked: on any list, listened to, or a model whom not the feed alone made known."""
    return {*conn.execute(_names().where(_is_tracked())).scalars(), *own}


def tracked_rows() -> Select[Any]:
    """Give the query of the rows of people who are tracked."""
    return _names().with_only_columns(person.c.id).where(_is_tracked())


def on_lists(conn: Connection, list_ids: Sequence[int]) -> set[str]:
    """Give the names of who is on any of these lists."""
    member = watchlist_member.c
    listed = select(member.person_id).where(member.removed_at.is_(None), member.list_id.in_(list_ids))
    return set(conn.execute(_names().where(_of(listed))).scalars())


def rows_on_lists(list_ids: Sequence[int]) -> Select[Any]:
    """Give the query of the rows of people who are on any of these lists."""
    member = watchlist_member.c
    listed = select(member.person_id).where(member.removed_at.is_(None), member.list_id.in_(list_ids))
    return select(person.c.id).where(_of(listed))


def _is_tracked() -> Any:
    listed = select(watchlist_member.c.person_id).where(watchlist_member.c.removed_at.is_(None))
    known = and_(person.c.role.in_(_MODELS), alias.c.source != SOURCE)
    return or_(_of(listed), _of(select(stream.c.room_id)), known)


def _names() -> Select[Any]:
    query = select(alias.c.username).join(person, person.c.id == alias.c.person_id)
    return query.where(alias.c.platform == PLATFORM, alias.c.valid_to.is_(None))


def _of(rows: Select[Any]) -> Any:
    """Whether somebody is a person of one of these rows, under whichever of their names."""
    return root.in_(select(root).where(person.c.id.in_(rows)).correlate(None))
