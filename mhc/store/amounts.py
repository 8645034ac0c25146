"""What people gave: tokens and tips of a person with all who were merged into them, in one room, some or all."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Integer, Select, and_, cast, func, or_, select

from mhc.store import people, segments
from mhc.store.schema import person, person_total

NAMES = ("tokens", "tips")


@dataclass(frozen=True)
class Amounts:
    """The sums of some rooms (None: all); with what was tipped anonymously where it is revealed.

    Of one room each person has one total: that is joined as it is, and the few who were merged are added. Of more
    rooms the totals are added up first, but for those of nothing.
    """

    room_ids: Sequence[int] | None
    reveal: bool = False

    @property
    def of_one_room(self) -> bool:
        """Whether nothing is to be added up but merged people."""
        return self.room_ids is not None and len(self.room_ids) == 1

    def join(self, query: Select[Any], name: str) -> tuple[Select[Any], ColumnElement[Any]]:
        """Add what everyone gave to a query of roots; give both."""
        if not self.of_one_room:
            sums = self._sums(name)
            return query.outerjoin(sums, sums.c.root == person.c.id), func.coalesce(sums.c[name], 0)
        own, more = self._own(), self._merged()
        query = query.outerjoin(own, own.c.person_id == person.c.id)
        query = query.outerjoin(more, more.c.root == person.c.id)
        return query, func.coalesce(own.c[name], 0) + func.coalesce(more.c[name], 0)

    def at_least(self, name: str, least: int) -> ColumnElement[bool]:
        """Whether a person gave so much; `least` is 1 or more."""
        if not self.of_one_room:
            sums = self._sums(name)
            return person.c.id.in_(select(sums.c.root).where(sums.c[name] >= least))
        own, more = self._own(), self._merged()
        together = func.coalesce(own.c[name], 0) + func.coalesce(more.c[name], 0)
        merged = select(more.c.root).outerjoin(own, own.c.person_id == more.c.root).where(together >= least)
        alone = select(own.c.person_id).where(own.c[name] >= least)
        return or_(person.c.id.in_(alone), person.c.id.in_(merged))

    def of(self, conn: Connection, root_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
        """Give tokens and tips of these people; who gave nothing may be missing."""
        query = select(person_total.c.person_id, *self._added()).where(*self._of_rooms())
        if len(root_ids) > people.CHUNK:
            roots = people.roots(conn)
        else:
            roots = people.roots_of_rows(conn, root_ids)
            query = query.where(person_total.c.person_id.in_(list(roots)))
        given: dict[int, tuple[int, int]] = {}
        for who, tokens, tips in conn.execute(query.group_by(person_total.c.person_id)) if root_ids else ():
            root = roots.get(who, who)
            before = given.get(root, (0, 0))
            given[root] = (before[0] + tokens, before[1] + tips)
        return given

    @cached_property
    def _columns(self) -> dict[str, Any]:
        columns: dict[str, Any] = {name: person_total.c[name] for name in NAMES}
        if self.reveal:
            return {name: one + person_total.c[f"anonymous_{name}"] for name, one in columns.items()}
        return columns

    def _added(self) -> list[Any]:
        return [cast(func.sum(one), BigInteger).label(name) for name, one in self._columns.items()]

    def _of_rooms(self) -> list[ColumnElement[bool]]:
        return [] if self.room_ids is None else [person_total.c.room_id.in_(self.room_ids)]

    def _own(self) -> Any:
        """Give the totals of each row of a person."""
        columns = (one.label(name) for name, one in self._columns.items())
        return select(person_total.c.person_id, *columns).where(*self._of_rooms()).subquery("own")

    def _merged(self) -> Any:
        """Give the sums of those who were merged into somebody, by root."""
        # From the people on, who are few: SQLite would begin with all that is of the room.
        mine = and_(person_total.c.person_id == person.c.id, *self._of_rooms())
        query: Select[Any] = select(person.c.canonical_id.label("root"), *self._added())
        query = query.outerjoin(person_total, mine).where(person.c.canonical_id.is_not(None))
        return query.group_by(person.c.canonical_id).subquery("merged_in")

    def _sums(self, name: str) -> Any:
        """Give the sums by root, of those who gave any."""
        # The cast tells SQLite that this is a number, or it would not index it for the join.
        root = cast(segments.root, Integer).label("root")
        query: Select[Any] = select(root, *self._added())
        query = query.join(person_total, person_total.c.person_id == person.c.id)
        return query.where(self._columns[name] > 0, *self._of_rooms()).group_by(root).subquery("sums")
