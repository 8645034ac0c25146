"""How the rows of a merged person read as one: role, when they were seen, rating, the platform's numbers.

A role that was set by hand on the root holds; else what each row was seen as counts. The root's rating and numbers
come first; where it has none, those of the others.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from mhc.store.people import Person, Role
from mhc.store.schema import person

_VIEWERS = (Role.VIEWER.value, Role.BOTH.value)
_MODELS = (Role.MODEL.value, Role.BOTH.value)


def united(roles: Iterable[str]) -> Role:
    """Give the role of somebody who was seen as all of these."""
    seen = set(roles)
    viewer, model = not seen.isdisjoint(_VIEWERS), not seen.isdisjoint(_MODELS)
    if viewer and model:
        return Role.BOTH
    return Role.VIEWER if viewer else Role.MODEL if model else Role.UNKNOWN


def as_one(rows: Sequence[Person], root_id: int) -> Person:
    """Give the person whose rows these are, as they read."""
    (root,) = (one for one in rows if one.id == root_id)
    ordered = [root, *(one for one in rows if one.id != root_id)]
    ratings = [one.rating for one in ordered[1:] if one.rating is not None]
    return root._replace(
        role=root.role if root.role_by_hand else str(united(one.role for one in rows)),
        rid=next((one.rid for one in ordered if one.rid is not None), None),
        did=next((one.did for one in ordered if one.did is not None), None),
        first_seen_at=min((one.first_seen_at for one in rows if one.first_seen_at), default=None),
        last_seen_at=max((one.last_seen_at for one in rows if one.last_seen_at), default=None),
        rating=max(ratings, default=None) if root.rating is None else root.rating,
    )


def root_of(column: ColumnElement[int]) -> ColumnElement[int]:
    """Give the root of the person in a column, looked up: PostgreSQL would read everybody to join some hundreds."""
    one = person.alias("a_row")
    found = select(func.coalesce(one.c.canonical_id, one.c.id)).where(one.c.id == column)
    return found.correlate(column.table).scalar_subquery()


class Alone:
    """The columns of people with one row, whom `join` picks out: what stands in it is what reads."""

    role: ColumnElement[str] = person.c.role
    first_seen_at: ColumnElement[Any] = person.c.first_seen_at
    last_seen_at: ColumnElement[Any] = person.c.last_seen_at
    rating: ColumnElement[Any] = person.c.rating

    def join(self, query: Any) -> Any:
        """Let a query of people give those who are alone."""
        roots = select(person.c.canonical_id).where(person.c.canonical_id.is_not(None)).correlate(None)
        return query.where(person.c.canonical_id.is_(None), person.c.id.not_in(roots))


class AsOne:
    """The columns of people with several rows, which `join` adds to a query: the same rule in SQL."""

    def __init__(self, root: Any = person) -> None:
        other = person.alias("other")
        kinds = {"viewer": _VIEWERS, "model": _MODELS}
        seen = (func.max(case((other.c.role.in_(of), 1), else_=0)).label(name) for name, of in kinds.items())
        self._others = (
            select(
                other.c.canonical_id.label("root_id"),
                func.min(other.c.first_seen_at).label("first_seen_at"),
                func.max(other.c.last_seen_at).label("last_seen_at"),
                func.max(other.c.rating).label("rating"),
                *seen,
            )
            .where(other.c.canonical_id.is_not(None))
            .group_by(other.c.canonical_id)
            .subquery("others")
        )
        self._root = root
        first, last = self._others.c.first_seen_at, self._others.c.last_seen_at
        self.first_seen_at = _either(root.c.first_seen_at, first, root.c.first_seen_at <= first)
        self.last_seen_at = _either(root.c.last_seen_at, last, root.c.last_seen_at >= last)
        self.rating = func.coalesce(root.c.rating, self._others.c.rating)
        self.role = self._role()

    def join(self, query: Any) -> Any:
        """Let a query of people give those whom others were merged into, with what the columns are made of."""
        return query.join(self._others, self._others.c.root_id == self._root.c.id)

    def _role(self) -> ColumnElement[str]:
        viewer = or_(self._root.c.role.in_(_VIEWERS), self._others.c.viewer == 1)
        model = or_(self._root.c.role.in_(_MODELS), self._others.c.model == 1)
        return case(
            (self._root.c.role_by_hand, self._root.c.role),
            (and_(viewer, model), Role.BOTH.value),
            (viewer, Role.VIEWER.value),
            (model, Role.MODEL.value),
            else_=Role.UNKNOWN.value,
        )


def _either(one: Any, other: Any, first: ColumnElement[bool]) -> ColumnElement[Any]:
    """Give the one of two where the condition holds, else the other; a null is no value."""
    return case((other.is_(None), one), (one.is_(None), other), (first, one), else_=other)
