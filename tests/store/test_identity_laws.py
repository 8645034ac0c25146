"""Whatever was merged, parted, captured, renamed and typed: parting leaves what there would be without any merge."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select, text

import factories
from factories import Item, chat, happening, minute, private, tip
from mhc.errors import MhcError
from mhc.store import canonical, holders, identity, notes, people, ratings, schema, watchlists
from mhc.store.database import Database
from mhc.store.merged import as_one
from mhc.store.people import Role

NAMES = ("viewer_one", "viewer_two", "viewer_three", "viewer_four", factories.ROOM)
NEW = ("viewer_uno", "viewer_due", "viewer_tre")
GIVEN = {"watchlist", "event_method", "schema_compat"}

Step = tuple[Any, ...]
named, anew = st.sampled_from([*NAMES, *NEW]), st.sampled_from([*NAMES, *NEW])
step = st.one_of(
    st.tuples(st.just("merge"), named, named),
    st.tuples(st.just("merge"), named, named),
    st.tuples(st.just("unmerge"), named),
    st.tuples(st.just("capture"), named, st.integers(0, 5)),
    st.tuples(st.just("rename"), named, anew),
    st.tuples(st.just("note"), named),
    st.tuples(st.just("list"), named),
    st.tuples(st.just("role"), named, st.sampled_from([*Role])),
    st.tuples(st.just("rate"), named, st.sampled_from([None, 2, 5])),
)
numbers = st.tuples(
    st.just("numbers"), named, st.sampled_from([None, 1, 2**40]), st.sampled_from([None, 7, 2**62])
)


@dataclass
class History:
    """Does steps one after the other; what was typed and of whom is kept, so that it can be told again without merges."""

    conn: Connection
    clock: int = 0
    typed: list[Step] = field(default_factory=list)

    def do(self, kind: str, *words: Any) -> None:
        self.clock += 1
        getattr(self, f"_{kind}")(*words)

    def root(self, name: str) -> Any:
        return next(iter(people.find(self.conn, name)), None)

    def row(self, name: str) -> int | None:
        return next((one.person_id for one in holders.of(self.conn, name)), None)

    def _merge(self, keep: str, other: str) -> None:
        ids = self.row(keep), self.row(other)
        if ids[0] is not None and ids[1] is not None:
            attempted(lambda: identity.merge(self.conn, ids[0], [ids[1]], at=minute(self.clock)))

    def _unmerge(self, other: str) -> None:
        row = self.row(other)
        if row is not None:
            attempted(lambda: identity.unmerge(self.conn, row, at=minute(self.clock)))

    def _capture(self, who: str, what: int) -> None:
        at = self.clock
        items: list[Item] = [
            tip(at, who, 25),
            tip(at, who, 50, anonymous=True),
            chat(at, who),
            happening(at, "userEnter", who),
            happening(at, "userLeave", who),
            private(at, who, factories.ROOM, "psst"),
        ]
        factories.store(self.conn, [items[what]], page=self.clock)

    def _numbers(self, name: str, rid: int | None, did: int | None) -> None:
        identity.note_ids(self.conn, name, rid=rid, did=did, source="test", at=minute(self.clock))

    def _rename(self, old: str, new: str) -> None:
        who = self.root(old)
        if who is not None and attempted(lambda: self.renamed(who.id, new)):
            self.typed.append(("renamed", self.clock, who.id, new))

    def _note(self, name: str) -> None:
        if who := self.root(name):
            self.noted(who.id)
            self.typed.append(("noted", self.clock, who.id))

    def _list(self, name: str) -> None:
        who = self.root(name)
        if who and self.listed([who.id, *people.members(self.conn, who.id)]):
            self.typed.append(("listed", self.clock, [who.id]))

    def _role(self, name: str, role: Role) -> None:
        if who := self.root(name):
            self.is_a(who.id, role)
            self.typed.append(("is_a", self.clock, who.id, role))

    def _rate(self, name: str, rating: int | None) -> None:
        if who := self.root(name):
            ids = [who.id, *(other for other in people.members(self.conn, who.id) if other != who.id)]
            before = ratings_of(self.conn, ids)
            self.rated(ids, rating)
            after = ratings_of(self.conn, ids)
            assert as_one(people.merged(self.conn, who.id), who.id).rating == rating
            changed = [one for one in sorted(ids) if before[one] != after[one]]
            self.typed += [("rated", self.clock, changed, rating)] if changed else []

    def renamed(self, who: int, new: str) -> None:
        one = people.by_id(self.conn, who)
        assert one
        people.rename(self.conn, one, new, source="manual", at=minute(self.clock))

    def noted(self, who: int) -> None:
        notes.add(
            self.conn, who, f"note {self.clock}", category="notes", happened_at=None, at=minute(self.clock)
        )

    def listed(self, ids: Sequence[int]) -> bool:
        return watchlists.add(self.conn, 1, ids, at=minute(self.clock), note=None)

    def is_a(self, who: int, role: Role) -> None:
        people.set_role(self.conn, who, role, by_hand=True)

    def rated(self, ids: Sequence[int], rating: int | None) -> None:
        ratings.rate(self.conn, ids, rating, at=minute(self.clock))


def ratings_of(conn: Connection, ids: Sequence[int]) -> dict[int, int | None]:
    query = select(schema.person.c.id, schema.person.c.rating).where(schema.person.c.id.in_(ids))
    return {row.id: row.rating for row in conn.execute(query)}


def attempted(act: Any) -> bool:
    """Whether a step was taken; one that is refused changes nothing."""
    try:
        act()
    except MhcError:
        return False
    return True


def empty(conn: Connection) -> None:
    """Begin again, with the same numbers."""
    tables = [one for one in reversed(schema.metadata.sorted_tables) if one.name not in GIVEN]
    if conn.dialect.name == "postgresql":
        conn.execute(text(f"TRUNCATE {', '.join(one.name for one in tables)} RESTART IDENTITY"))
        return
    for one in tables:
        conn.execute(delete(one))


def begin(conn: Connection) -> History:
    """Begin again, with people whom somebody knew before."""
    empty(conn)
    people.ensure(conn, NAMES, source="test", at=minute(0))
    return History(conn)


def rows(conn: Connection) -> dict[str, list[dict[str, Any]]]:
    """Give every row of every table but the merges themselves; a lock's name is drawn by lot."""
    found = {}
    for table in schema.metadata.sorted_tables:
        if table.name not in GIVEN | {"person_merge"}:
            all_rows = [dict(row) for row in conn.execute(select(table)).mappings()]
            found[table.name] = sorted(
                ({key: value for key, value in row.items() if key != "lock_name"} for row in all_rows),
                key=repr,
            )
    return found


def check(conn: Connection) -> None:
    """Every name that somebody has gives one root, and roots are flat."""
    roots = people.roots(conn)
    assert not roots.keys() & set(roots.values())
    assert canonical.differences(conn) == 0
    for name in people.usernames(conn):
        had = holders.of(conn, name)
        found = people.find(conn, name)
        assert all(one.canonical_id is None for one in found)
        assert [one.valid_to for one in had].count(None) <= 1
        if had[0].valid_to is None:
            assert [one.id for one in found] == [had[0].root_id]
    for root in {one.root_id for name in people.usernames(conn) for one in holders.of(conn, name)}:
        assert root in people.members(conn, root)


def tell(history: History, steps: Sequence[Step]) -> None:
    for number, one in enumerate(steps, 1):
        history.clock = number - 1
        history.do(*one)
        check(history.conn)


def tell_without_merges(history: History, steps: Sequence[Step], typed: Sequence[Step]) -> None:
    """Capture the same, and type the same of the same people."""
    by_time = {one[1]: one for one in typed}
    for number, one in enumerate(steps, 1):
        history.clock = number
        if one[0] == "capture":
            history._capture(*one[1:])
        elif number in by_time:
            kind, _at, *words = by_time[number]
            getattr(history, kind)(*words)


def part_all(history: History, order: Sequence[int]) -> None:
    """Part everybody who is merged, in some order."""
    for place in order:
        into = sorted(canonical.merged_into(history.conn))
        if not into:
            break
        identity.unmerge(history.conn, into[place % len(into)], at=minute(999))
        check(history.conn)
    for one in sorted(canonical.merged_into(history.conn)):
        identity.unmerge(history.conn, one, at=minute(999))


def law(db: Database, steps: list[Step], order: list[int]) -> None:
    with db.write() as conn:
        told = begin(conn)
        tell(told, steps)
        part_all(told, order)
        parted = rows(conn)
        tell_without_merges(begin(conn), steps, told.typed)
        assert parted == rows(conn)


quick = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
few = settings(quick, max_examples=10)
histories = given(
    steps=st.lists(step, min_size=3, max_size=25), order=st.lists(st.integers(0, 9), max_size=6)
)
numbered = given(steps=st.lists(st.one_of(step, numbers, numbers), min_size=3, max_size=25))


@quick
@histories
def test_parting_leaves_what_there_would_be_without_merges(
    sqlite_database: Database, steps: list[Step], order: list[int]
) -> None:
    law(sqlite_database, steps, order)


@few
@histories
def test_so_it_does_on_postgresql(postgres_database: Database, steps: list[Step], order: list[int]) -> None:
    law(postgres_database, steps, order)


@quick
@numbered
def test_numbers_never_leave_a_name_with_two_people(sqlite_database: Database, steps: list[Step]) -> None:
    with sqlite_database.write() as conn:
        tell(begin(conn), steps)


@few
@numbered
def test_nor_do_they_on_postgresql(postgres_database: Database, steps: list[Step]) -> None:
    with postgres_database.write() as conn:
        tell(begin(conn), steps)
