"""Who comes back: beside what is counted the slow way, and the laws that hold whatever happened."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete

from factories import DAY, ROOM, Item, cover, happening, minute, show, store, tip
from mhc.domain.periods import By, Clock
from mhc.domain.regulars import Habit
from mhc.domain.sessions import FAR
from mhc.reports import retention
from mhc.reports.retention import Report
from mhc.reports.retention_periods import Of, Wanted
from mhc.store import identity, people, schema, visits
from mhc.store.database import Database
from plans import plans

WEEK = 7 * DAY
NAMES = ["viewer_one", "viewer_two", "viewer_three"]
NOW = minute(6 * WEEK)


def read(conn: Connection, of: Of = Of.WEEK, *, tippers: bool = False, now: datetime = NOW) -> Report:
    (room,) = people.find(conn, ROOM)
    wanted = Wanted([room.id], None, None, of, Clock(UTC), now)
    return retention.read(conn, wanted, retention.Asked(tippers, Habit(1, 2), minute(3 * WEEK)))


def empty(conn: Connection) -> None:
    for table in reversed(schema.metadata.sorted_tables):
        if table.name not in {"watchlist", "event_method", "schema_compat"}:
            conn.execute(delete(table))


# An hour each: a visit of a length, or a tip; six weeks have 1008.
acts = st.lists(
    st.tuples(
        st.integers(0, 900),
        st.sampled_from(["visit", "visit", "stay", "leave", "tip", "anonymous"]),
        st.sampled_from(NAMES),
        st.sampled_from([1, 30, 600, 3 * DAY]),
    ),
    max_size=25,
)


def told(some: Sequence[tuple[int, str, str, int]]) -> list[Item]:
    items = [happening(0, "broadcastStart"), happening(30, "broadcastStop")]
    for hour, act, who, length in some:
        at = hour * 60
        if act in {"tip", "anonymous"}:
            items.append(tip(at, who, 5, anonymous=act == "anonymous"))
        if act in {"visit", "stay"}:
            items.append(happening(at, "userEnter", who))
        if act in {"visit", "leave"}:
            items.append(happening(at + length, "userLeave", who))
    return sorted(items, key=lambda item: item[0])


class Slow:
    """Who was there in each week, and who tipped, counted from what happened and from all visits."""

    def __init__(self, conn: Connection, items: Sequence[Item], one_of: dict[str, str]) -> None:
        ids = people.ids_of(conn, [*NAMES, ROOM])
        names = {number: name for name, number in ids.items()}
        named = [
            (at, one_of[one["user"]["username"]], method)
            for at, method, one in items
            if "user" in one and not one.get("tip", {}).get("isAnon")
        ]
        self.weeks = [Clock(UTC).span(day, By.WEEK) for day in Clock(UTC).periods(minute(0), NOW, By.WEEK)]
        self.first_seen = {who: at for at, who, _method in reversed(named)}
        self.first_tip = {who: at for at, who, method in reversed(named) if method == "tip"}
        self.tippers = [
            {who for at, who, method in named if method == "tip" and begin <= at < end}
            for begin, end in self.weeks
        ]
        stays = []
        for who, one in visits.of_room(conn, ids[ROOM], None, FAR):
            last = NOW if one.ending == "open" else one.left_at or one.known_from
            stays.append((one_of[names[who]], one.known_from, last))
        self.viewers = [
            {who for who, came, left in stays if came < end and (came >= begin or left > begin)} | gave
            for (begin, end), gave in zip(self.weeks, self.tippers, strict=True)
        ]

    def new(self, first: dict[str, datetime], place: int) -> set[str]:
        begin, end = self.weeks[place]
        return {who for who, at in first.items() if begin <= at < end}

    def figures(self, first: dict[str, datetime], here: list[set[str]]) -> list[tuple[int, int, int]]:
        """Give how many were there, of them new, and how many no more, week by week."""
        gone = [set[str](), *(before - now for before, now in pairwise(here))]
        new = [who & self.new(first, place) for place, who in enumerate(here)]
        return [(len(a), len(b), len(c)) for a, b, c in zip(here, new, gone, strict=True)]

    def cohorts(self, first: dict[str, datetime], here: list[set[str]]) -> list[list[int]]:
        """Give how many of each week's new ones were there then and in each later week that is over."""
        whole = here[:-1] if self.weeks[-1][1] > NOW else here
        return [
            [len(self.new(first, place) & who) for who in [here[place], *whole[place + 1 :]]]
            for place in range(len(here))
        ]


alike = st.sampled_from(
    [{}, {"viewer_two": "viewer_one"}, {"viewer_three": "viewer_one", "viewer_two": "viewer_one"}]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some=acts, tippers=st.booleans(), merges=alike)
@example(
    some=[(53, "visit", "viewer_one", 600), (200, "tip", "viewer_two", 1), (400, "visit", "viewer_two", 1)],
    tippers=False,
    merges={"viewer_two": "viewer_one"},
)
def test_the_weeks_have_what_is_counted_the_slow_way(
    module_database: Database, some: list[tuple[int, str, str, int]], tippers: bool, merges: dict[str, str]
) -> None:
    items = told(some)
    with module_database.write() as conn:
        tell(conn, items, merges)
        slow = Slow(conn, items, {**{name: name for name in NAMES}, **merges})
        found = read(conn, tippers=tippers)

    rows, cohorts = found.rows[::-1], found.cohorts[::-1]
    assert [(row.viewers, row.new) for row in rows] == [
        one[:2] for one in slow.figures(slow.first_seen, slow.viewers)
    ]
    assert [(row.tippers, row.new_tippers) for row in rows] == [
        one[:2] for one in slow.figures(slow.first_tip, slow.tippers)
    ]
    of = (slow.first_tip, slow.tippers) if tippers else (slow.first_seen, slow.viewers)
    assert [[one.size, *one.again] for one in cohorts] == slow.cohorts(*of)
    assert sum(one.size or 0 for one in cohorts) == len(of[0]), "each is new once"
    # The first week is one in which the capture began, the last goes on.
    for place in range(2, len(rows) - 1):
        assert rows[place].lapsed == slow.figures(slow.first_seen, slow.viewers)[place][2]
        assert rows[place].lapsed_tippers == slow.figures(slow.first_tip, slow.tippers)[place][2]
    assert {rows[0].lapsed, rows[1].lapsed, rows[-1].lapsed} == {None}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some=acts, of=st.sampled_from(Of), tippers=st.booleans(), merges=alike)
def test_the_parts_are_the_whole_whoever_came(
    module_database: Database,
    some: list[tuple[int, str, str, int]],
    of: Of,
    tippers: bool,
    merges: dict[str, str],
) -> None:
    with module_database.write() as conn:
        tell(conn, told(some), {})
        before = read(conn, of, tippers=tippers)
        tell(conn, told(some), merges)
        found = read(conn, of, tippers=tippers)

    assert len(found.rows) == len(found.cohorts) == len(before.rows)
    for row, cohort in zip(found.rows, found.cohorts, strict=True):
        assert (row.new or 0) + (row.returning or 0) == row.viewers
        assert (row.new_tippers or 0) + (row.returning_tippers or 0) == row.tippers
        assert (row.tippers or 0) <= (row.viewers or 0)
        assert cohort.size == (row.new_tippers if tippers else row.new)
        assert all((count or 0) <= (cohort.size or 0) for count in cohort.again)
    for was, now in zip(before.rows, found.rows, strict=True):
        for one, other in ((was.viewers, now.viewers), (was.tippers, now.tippers)):
            assert (one or 0) - len(merges) <= (other or 0) <= (one or 0)


def tell(conn: Connection, items: Sequence[Item], merges: dict[str, str]) -> None:
    empty(conn)
    store(conn, items)
    cover(conn, -10, 6 * WEEK)
    people.ensure(conn, NAMES, source="manual", at=minute(0))
    for other, keep in merges.items():
        ids = people.ids_of(conn, [keep, other])
        identity.merge(conn, ids[keep], [ids[other]], at=NOW)


def test_the_week_that_goes_on_is_no_fall(database: Database) -> None:
    with database.write() as conn:
        for week in range(3):
            store(conn, show(7 * week, "viewer_one", "viewer_two"), page=week)
        cover(conn, 0, 2 * WEEK + 60)
        # Thursdays: the capture began in the first week, and the third goes on.
        found = read(conn, now=minute(2 * WEEK + 60))

    assert [(row.complete, row.viewers, row.lapsed) for row in found.rows] == [
        (False, 2, None),
        (True, 2, None),
        (False, 2, None),
    ]
    assert [(one.size, one.again) for one in found.cohorts[::-1]] == [(2, [2]), (0, []), (0, [])]


def test_a_session_that_goes_on_is_not_whole(database: Database) -> None:
    with database.write() as conn:
        store(conn, show(1, "viewer_one"))
        begun = [happening(2 * DAY, "broadcastStart"), happening(2 * DAY + 1, "userEnter", "viewer_one")]
        store(conn, begun, page=1)
        cover(conn, 0, 2 * DAY + 5)
        row = read(conn, Of.SESSION, now=minute(2 * DAY + 5)).rows[0]

    assert (row.ended_at, row.complete, row.viewers, row.lapsed) == (None, False, 1, None)


def test_each_question_is_answered_by_an_index(database: Database) -> None:
    with database.write() as conn:
        store(
            conn,
            [*show(1, "viewer_one"), tip(2 * DAY, "viewer_two", 5), tip(2 * DAY, "viewer_two", 5, room=None)],
        )
        cover(conn, 0, 3 * DAY)
    found = plans(database, read)
    assert len(found) <= 26
    assert any("payment_quarter" in plan for plan in found)
    assert any("ix_visit_room" in plan for plan in found)
    for plan in found:
        assert "Seq Scan on event " not in plan
        assert not [
            line for line in plan.splitlines() if line.split()[:2] in (["SCAN", "event"], ["SCAN", "visit"])
        ]
