"""Payments: what the packed quarters and the pasted lines give is what counting the events one by one gives."""

import itertools
from collections import Counter
from datetime import datetime
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, func, select, update

from factories import DAY, ROOM, Item, cover, empty, happening, minute, store, tip
from mhc.domain.clock import to_ms
from mhc.store import payment_quarters, payments, people
from mhc.store.counting import Scope
from mhc.store.database import Database
from mhc.store.payment_quarters import Record
from mhc.store.payments import Payment
from mhc.store.schema import payment_quarter
from mhc.store.streams import Kind

OTHER = "other_room"
PEOPLE = ("viewer_one", "viewer_two")
times = st.integers(0, 240).map(lambda quarters: quarters / 4)  # minutes, four quarters of an hour long


class Given(NamedTuple):
    """A payment to be stored."""

    at: float
    who: str
    tokens: int
    anonymous: bool
    is_tip: bool
    names_room: bool


paid = st.lists(
    st.builds(
        Given,
        times,
        st.sampled_from(PEOPLE),
        st.integers(0, 2**31 - 1),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    max_size=12,
)


def event(one: Given, room: str) -> Item:
    named = room if one.names_room else None
    if one.is_tip:
        return tip(one.at, one.who, one.tokens, anonymous=one.anonymous, room=named)
    bought = {"id": 1, "name": "a set", "tokens": one.tokens}
    return happening(one.at, "mediaPurchase", one.who, room=named, media=bought)


def expected(one: Given, room: int, ids: dict[str, int]) -> Payment:
    hidden = one.anonymous and one.is_tip
    return Payment(to_ms(minute(one.at)), room, ids[one.who], hidden, one.is_tip, one.tokens)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    mine=paid,
    theirs=paid,
    pasted=paid,
    cut=st.integers(0, 12),
    edges=st.tuples(st.none() | times, st.none() | times),
    both=st.booleans(),
)
@example(  # an amount of 31 bits, at the last instant of a quarter, and the same twice
    mine=[Given(14.75, "viewer_one", 2**31 - 1, True, True, False)] * 2,
    theirs=[],
    pasted=[],
    cut=1,
    edges=(14.75, 15),
    both=False,
)
def test_every_payment_is_given_once_in_order_of_time_whatever_the_pages(
    module_database: Database,
    mine: list[Given],
    theirs: list[Given],
    pasted: list[Given],
    cut: int,
    edges: tuple[float | None, float | None],
    both: bool,
) -> None:
    with module_database.write() as conn:
        empty(conn)
        ids = people.ensure(conn, [*PEOPLE, ROOM, OTHER], source="test", at=minute(0))
        store(conn, [event(one, ROOM) for one in mine[cut:]])  # the later half came first
        store(conn, [event(one, ROOM) for one in mine[:cut]], page=1)
        store(conn, [event(one, OTHER) for one in theirs], room=OTHER, page=2)
        store(conn, [event(one, ROOM) for one in pasted], kind=Kind.PASTE, page=3)
        store(conn, [tip(at, "viewer_one", 1) for at in range(60)], kind=Kind.TESTBED, page=4)
        since, until = (None if one is None else minute(one) for one in edges)
        scope = Scope([ids[ROOM], *([ids[OTHER]] if both else [])], since, until)
        all_of = [expected(one, ids[ROOM], ids) for one in (*mine, *pasted)]
        all_of += [expected(one, ids[OTHER], ids) for one in theirs] if both else []
        begin, end = (None if one is None else to_ms(minute(one)) for one in edges)
        all_of = [
            one
            for one in all_of
            if (begin is None or begin <= one.at_ms) and (end is None or one.at_ms < end)
        ]
        found = list(payments.list_all(conn, scope))
        assert sorted(found) == sorted(all_of)
        assert [one.at_ms for one in found] == sorted(one.at_ms for one in all_of)
        assert payments.sums(conn, scope) == sums(all_of)
        assert payment_quarters.differences(conn) == 0
        rebuilt_is_the_same(conn)


def sums(found: list[Payment]) -> dict[int, payments.Sum]:
    tokens: Counter[int] = Counter()
    tips: Counter[int] = Counter()
    for one in found:
        who = one.actor_id or 0
        tokens[~who if one.anonymous else who] += one.tokens
        tips[~who if one.anonymous else who] += one.is_tip
    return {who: payments.Sum(amount, tips[who]) for who, amount in tokens.items()}


def rebuilt_is_the_same(conn: Connection) -> None:
    def kept() -> list[tuple[int, datetime, list[Record]]]:
        query = select(payment_quarter).order_by(payment_quarter.c.room_id, payment_quarter.c.begins_at)
        rows = conn.execute(query)
        return [(row.room_id, row.begins_at, payment_quarters.unpacked(row.records)) for row in rows]

    before = kept()
    payment_quarters.recount(conn, {(to_ms(begins), room) for room, begins, _records in before})
    assert kept() == before
    payment_quarters.rebuild(conn)
    assert kept() == before


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mine=paid, cuts=st.sets(times, max_size=8), skipped=st.sets(st.integers(0, 6)))
def test_each_payment_is_in_the_span_that_holds_its_instant(
    module_database: Database, mine: list[Given], cuts: set[float], skipped: set[int]
) -> None:
    spans = [one for place, one in enumerate(itertools.pairwise(sorted(cuts))) if place not in skipped]
    with module_database.write() as conn:
        empty(conn)
        ids = people.ensure(conn, [*PEOPLE, ROOM], source="test", at=minute(0))
        store(conn, [event(one, ROOM) for one in mine])
        in_ms = [(to_ms(minute(begin)), to_ms(minute(end))) for begin, end in spans]
        found = [(place, one[2]) for place, one in payments.by_span(conn, ids[ROOM], in_ms)]
        assert sorted(found) == sorted(
            (place, one.tokens)
            for one in mine
            for place, (begin, end) in enumerate(spans)
            if begin <= one.at < end
        )


def test_a_pasted_tip_of_a_time_that_was_captured_counts_once(database: Database) -> None:
    with database.write() as conn:
        ids = people.ensure(conn, ["viewer_one", ROOM], source="test", at=minute(0))
        store(conn, [tip(5, "viewer_one", 25), happening(60, "broadcastStop")])
        cover(conn, 0, 30)
        store(conn, [tip(5, "viewer_one", 25), tip(40, "viewer_one", 50)], kind=Kind.PASTE, page=1)
        found = payments.list_all(conn, Scope([ids[ROOM]]))
        assert [one.tokens for one in found] == [25, 50]


def test_the_testbed_is_taken_in_where_it_is_asked_for(database: Database) -> None:
    with database.write() as conn:
        store(conn, [tip(5, "viewer_one", 25)])
        store(conn, [tip(6, "viewer_one", 1)], kind=Kind.TESTBED, page=1)
        assert [one.tokens for one in payments.list_all(conn, Scope())] == [25]
        assert [one.tokens for one in payments.list_all(conn, Scope(testbed=True))] == [25, 1]


@pytest.mark.parametrize("wrong", [b"", b"\x00" * 12, b"\x01\x02"])
def test_a_quarter_that_is_not_what_the_events_say_is_found_and_mended(
    database: Database, wrong: bytes
) -> None:
    with database.write() as conn:
        store(conn, [tip(5, "viewer_one", 25), tip(20, "viewer_two", 5)])
        begins = select(func.min(payment_quarter.c.begins_at)).scalar_subquery()
        broken = update(payment_quarter).where(payment_quarter.c.begins_at == begins)
        conn.execute(broken.values(records=wrong))
        assert payment_quarters.differences(conn) == 1
        payment_quarters.rebuild(conn)
        assert payment_quarters.differences(conn) == 0


def test_what_came_since_an_instant_is_mended_alone(database: Database) -> None:
    with database.write() as conn:
        store(conn, [tip(5, "viewer_one", 25), tip(DAY, "viewer_two", 5)])
        conn.execute(delete(payment_quarter))
        assert payment_quarters.mend(conn, minute(DAY + 1)) == 1
        assert [one.tokens for one in payments.list_all(conn, Scope())] == [5]
        assert payment_quarters.mend(conn, minute(0)) == 1
        assert payment_quarters.differences(conn) == payment_quarters.mend(conn, minute(0)) == 0


def test_what_the_database_appends_stays_bytes(database: Database) -> None:
    """Joined by SQLite they would be text, of which others read no more than up to the first zero."""
    with database.write() as conn:
        store(conn, [tip(5, "viewer_one", 25)])
        store(conn, [tip(6, "viewer_one", 50)], page=1)
        kinds = select(
            func.typeof(payment_quarter.c.records) if database.is_sqlite else payment_quarter.c.records
        )
        (found,) = conn.execute(kinds).scalars()
        assert found == "blob" if database.is_sqlite else isinstance(found, bytes)
