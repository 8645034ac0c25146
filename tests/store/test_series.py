"""Readings are read as one series of a person: the last, those of a time, what was new, and what each said."""

from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import Connection, text

import plans
from factories import minute
from folk import known
from mhc.domain.clock import to_ms
from mhc.store import identity, people, reading_lists, series, snapshots
from mhc.store.database import Database
from mhc.store.reading_lists import Wanted
from mhc.store.snapshots import Asked, Reading

INFO, TIPS = Asked("statbate.member_info"), Asked("statbate.member_tips", "30d")


def read(
    conn: Connection, who: int | None, asked: Asked, figures: Iterable[tuple[float, dict[str, Any]]]
) -> None:
    """Keep readings: (minute, figures)."""
    given = [
        Reading(who, asked, minute(at), f"{{{number!r}}}".encode(), number)
        for at, number in figures
    ]  # fmt: skip
    assert snapshots.add(conn, given) == len(given)


def tokens(conn: Connection, found: Iterable[series.Taken]) -> list[Any]:
    rows = list(found)
    said = series.metrics_of(conn, (one.payload_id for one in rows))
    return [said[one.payload_id]["tokens"] for one in rows]


def hourly(*values: int) -> list[tuple[float, dict[str, Any]]]:
    return [(60 * hour, {"tokens": value}) for hour, value in enumerate(values)]


def test_the_last_reading_and_that_of_a_time(database: Database) -> None:
    with database.write() as conn:
        one, two = known(conn, "viewer_one", "viewer_two")
        read(conn, one, INFO, hourly(10, 10, 30))
        read(conn, two, INFO, hourly(99))
        (asked,) = series.questions(conn, [one])
        assert asked[1:] == ("statbate.member_info", "", "")

        def last(at: float | None = None, **more: Any) -> list[Any]:
            found = series.latest(conn, [one], asked.id, None if at is None else minute(at), **more)
            return [] if found is None else tokens(conn, [found])

        assert (last(), last(120), last(119), last(0), last(-1)) == ([30], [30], [10], [10], [])
        newest = series.latest(conn, [one], asked.id)
        assert newest is not None
        assert last(but_payload=newest.payload_id) == [10]
        first = series.first(conn, [one], asked.id)
        assert first is not None
        assert first.captured_at == minute(0)
        assert series.by_id(conn, newest.id) == newest
        assert series.by_id(conn, 10**6) is None


def test_what_was_asked_of_a_person_is_in_order(database: Database) -> None:
    with database.write() as conn:
        (one,) = known(conn, "viewer_one")
        for asked in (
            TIPS,
            Asked("statbate.member_tips"),
            Asked("statbate.member_model", "30d", "a_room"),
            INFO,
        ):
            read(conn, one, asked, hourly(1, 2, 3))
        found = [(asked.source, asked.subject, asked.range) for asked in series.questions(conn, [one])]
        assert found == [
            ("statbate.member_info", "", ""),
            ("statbate.member_model", "a_room", "30d"),
            ("statbate.member_tips", "", ""),
            ("statbate.member_tips", "", "30d"),
        ]
        assert series.questions(conn, []) == []


def test_a_series_of_a_half_open_time(database: Database) -> None:
    with database.write() as conn:
        (one,) = known(conn, "viewer_one")
        read(conn, one, INFO, hourly(1, 2, 3, 4))
        (asked,) = series.questions(conn, [one])
        assert tokens(conn, series.between(conn, [one], asked.id)) == [1, 2, 3, 4]
        assert tokens(conn, series.between(conn, [one], asked.id, minute(60), minute(180))) == [2, 3]


def test_merged_people_have_one_series(database: Database) -> None:
    with database.write() as conn:
        one, two = known(conn, "viewer_one", "viewer_two")
        read(conn, one, INFO, [(0, {"tokens": 1}), (120, {"tokens": 3})])
        read(conn, two, INFO, [(60, {"tokens": 1}), (120, {"tokens": 4})])
        identity.merge(conn, one, [two], at=minute(200), reason="manual")
        ids = people.members(conn, one)
        (asked,) = series.questions(conn, ids)
        assert tokens(conn, series.between(conn, ids, asked.id)) == [1, 1, 3, 4]
        newest = series.latest(conn, ids, asked.id)
        assert newest is not None
        seen = [newest]
        while (earlier := series.before(conn, ids, seen[-1])) is not None:
            seen.append(earlier)
        assert tokens(conn, seen) == [4, 3, 1, 1]
    found = list(reading_lists.read(database, Wanted(ids)))
    assert [(row.username, row.changed, row.metrics["tokens"]) for row in found] == [
        ("viewer_one", True, 4),
        ("viewer_one", True, 3),
        ("viewer_one", False, 1),
        ("viewer_one", True, 1),
    ]


def test_a_list_says_what_was_new(database: Database) -> None:
    with database.write() as conn:
        one, two = known(conn, "viewer_one", "viewer_two")
        read(conn, one, INFO, hourly(5, 5, 6))
        read(conn, one, TIPS, hourly(5))
        read(conn, two, INFO, hourly(5, 5))
        read(conn, None, Asked("statbate.tags", "30d"), hourly(7, 7))

    def told(wanted: Wanted, limit: int | None = None) -> list[tuple[Any, ...]]:
        found = reading_lists.read(database, wanted, limit)
        return sorted(
            (row.username or "", row.source[9:], row.captured_at.hour - 18, row.changed) for row in found
        )

    assert told(Wanted()) == [
        ("", "tags", 0, True),
        ("", "tags", 1, False),
        ("viewer_one", "member_info", 0, True),
        ("viewer_one", "member_info", 1, False),
        ("viewer_one", "member_info", 2, True),
        ("viewer_one", "member_tips", 0, True),
        ("viewer_two", "member_info", 0, True),
        ("viewer_two", "member_info", 1, False),
    ]
    assert len(told(Wanted(changed=True))) == 5
    assert told(Wanted([one], source="statbate.member_info", since=minute(60), changed=True)) == [
        ("viewer_one", "member_info", 2, True)
    ]
    assert told(Wanted(range="30d", until=minute(30))) == [
        ("", "tags", 0, True),
        ("viewer_one", "member_tips", 0, True),
    ]
    assert told(Wanted(), 1) == [("viewer_one", "member_info", 2, True)]


def test_a_long_list_comes_in_blocks_and_misses_nothing(database: Database) -> None:
    with database.write() as conn:
        people_of = known(conn, *(f"viewer_{number}" for number in range(30)))
        for who in people_of:
            read(conn, who, INFO, [(at // 2, {"tokens": at}) for at in range(0, 160, 2)])
    found = list(reading_lists.read(database, Wanted()))
    assert len({row.id for row in found}) == len(found) == 30 * 80
    assert [row.captured_at for row in found] == sorted((row.captured_at for row in found), reverse=True)
    assert all(row.changed for row in found)


def test_what_a_source_said_comes_back_as_it_came(database: Database) -> None:
    body = b'{"did": 1, "name": "viewer_one"}' * 20
    with database.write() as conn:
        (one,) = known(conn, "viewer_one")
        snapshots.add(conn, [Reading(one, INFO, minute(0), body, {"did": 1})])
        (asked,) = series.questions(conn, [one])
        newest = series.latest(conn, [one], asked.id)
        assert newest is not None
        said = series.said(conn, newest.payload_id)
    assert (said.body, said.metrics, len(said.hash)) == (body, {"did": 1}, 32)


def fill(db: Database) -> None:
    """Keep 20,000 readings of 200 people, and tell the database how many there are."""
    with db.write() as conn:
        people.ensure(conn, [f"viewer_{number}" for number in range(200)], source="test", at=minute(0))
        snapshots.add(conn, [Reading(None, INFO, minute(0), b"{}")])
        row = "SELECT :begin + hour.id * 3600000, who.id, :source, 1 FROM person who"
        hours = "(SELECT id FROM person ORDER BY id LIMIT 100)"
        conn.execute(
            text(
                "INSERT INTO snapshot (captured_at, person_id, source_id, payload_id)"
                f" {row} CROSS JOIN {hours} hour"
            ),
            {"begin": to_ms(minute(0)), "source": snapshots.source_id(conn, INFO)},
        )
        conn.execute(text("ANALYZE"))


def ask_of_one(conn: Connection) -> object:
    (who,) = people.find(conn, "viewer_7")
    (asked,) = series.questions(conn, [who.id])
    last = series.latest(conn, [who.id], asked.id, minute(3000))
    assert last is not None
    series.before(conn, [who.id], last)
    series.first(conn, [who.id], asked.id)
    return series.between(conn, [who.id], asked.id, minute(0), minute(3000))


def ask_for_a_list(conn: Connection) -> object:
    (who,) = people.find(conn, "viewer_7")
    return reading_lists._rows(conn, Wanted([who.id]), None)


@pytest.mark.parametrize("asked", [ask_of_one, ask_for_a_list])
def test_a_persons_readings_are_found_along_their_index(database: Database, asked: plans.Asked) -> None:
    fill(database)
    found = [
        plan
        for plan in plans.plans(database, asked, as_it_likes=True)
        if "snapshot" in plan.replace("snapshot_source", "")
    ]
    assert found
    for plan in found:
        assert "uq_snapshot_person" in plan, plan
        assert "Seq Scan on snapshot " not in plan, plan
        assert not [line for line in plan.splitlines() if line.split()[:2] == ["SCAN", "snapshot"]], plan
        if asked is ask_of_one:
            assert "Sort" not in plan, plan
            assert "TEMP B-TREE" not in plan, plan
