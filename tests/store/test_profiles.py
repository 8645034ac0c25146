"""Profiles as history: a row where something changes, what stands, and what the retention policy takes."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factories import T0
from mhc.store import people, profiles
from mhc.store.database import Database
from mhc.store.pruning_profiles import PROFILES
from mhc.store.pruning_text import Job
from mhc.store.schema import profile_change

Said = dict[str, str | None]


def room(db: Database, name: str = "room_one") -> int:
    with db.write() as conn:
        return people.ensure(conn, [name], source="manual", at=T0)[name]


def note(db: Database, who: int, day: int, said: Said, source: str = "biocontext") -> list[str]:
    with db.write() as conn:
        return profiles.note(conn, who, said, source=source, at=T0 + timedelta(days=day))


def told(db: Database, who: int, *, first: bool = False) -> list[tuple[str, object, object]]:
    with db.read() as conn:
        return [(one.field, one.before, one.after) for one in profiles.changes(conn, [who], first=first)]


def test_a_row_is_written_where_something_changes_and_nowhere_else(database: Database) -> None:
    who = room(database)
    assert note(database, who, 1, {"location": "Here", "languages": None}) == ["location"]
    assert note(database, who, 2, {"location": "Here", "languages": None}) == []
    assert note(database, who, 3, {"location": None, "fan_club_cost": "150"}) == ["location", "fan_club_cost"]
    assert note(database, who, 4, {"fan_club_cost": "200"}, "room page") == ["fan_club_cost"]
    assert told(database, who) == [("fan_club_cost", 150, 200), ("location", "Here", None)]
    assert len(told(database, who, first=True)) == 4
    with database.read() as conn:
        standing = profiles.standing(conn, [who])
        since = profiles.changes(conn, None, T0 + timedelta(days=4), None)
        limited = profiles.changes(conn, first=True, limit=1)
    assert [(one.field, one.value, one.since, one.source) for one in standing] == [
        ("location", None, T0 + timedelta(days=3), "biocontext"),
        ("fan_club_cost", 200, T0 + timedelta(days=4), "room page"),
    ]
    assert [one.field for one in since] == [one.field for one in limited] == ["fan_club_cost"]
    assert since[0].before_at == T0 + timedelta(days=3)


def test_what_is_told_late_finds_its_place(database: Database) -> None:
    who = room(database)
    note(database, who, 1, {"sex": "a"})
    note(database, who, 5, {"sex": "b"})
    assert note(database, who, 3, {"sex": "b"}) == ["sex"]  # it was so before the last look
    assert told(database, who) == [("sex", "a", "b")]
    with database.read() as conn:
        (one,) = profiles.changes(conn, [who])
        assert one.at == T0 + timedelta(days=3)
    assert note(database, who, 3, {"sex": "c"}) == []  # of one instant the first word counts


def test_rooms_have_histories_of_their_own(database: Database) -> None:
    one, other = room(database), room(database, "room_two")
    note(database, one, 1, {"sex": "a", "kept_out": "true"})
    note(database, other, 2, {"sex": "b"})
    assert told(database, other) == []
    with database.read() as conn:
        assert profiles.kept_out(conn) == {"room_one"}
        assert [row.username for row in profiles.standing(conn, [one, other])] == ["room_one"] * 2 + [
            "room_two"
        ]
    note(database, one, 3, {"kept_out": None})
    with database.read() as conn:
        assert profiles.kept_out(conn) == set()


@pytest.mark.parametrize("batch", [1, 500])
def test_retention_takes_what_something_else_has_long_stood_for(database: Database, batch: int) -> None:
    who = room(database)
    for day, value in ((1, "a"), (2, "b"), (10, "c")):
        note(database, who, day, {"sex": value})
    note(database, who, 1, {"location": "Here"})
    before = T0 + timedelta(days=5)
    with database.read() as conn:
        assert PROFILES.tally(conn, before) == (4, 1)
        assert PROFILES.tally(conn, None) == (4, 0)
    job = Job(before, timedelta(), batch)
    while True:
        with database.write() as conn:
            rows = PROFILES.find(conn, job, None)
            if not rows:
                break
            PROFILES.take(conn, rows, job)
    assert told(database, who, first=True) == [
        ("sex", "b", "c"),
        ("sex", None, "b"),
        ("location", None, "Here"),
    ]


_values = st.none() | st.sampled_from(["a", "b"])
_looks = st.lists(st.dictionaries(st.sampled_from(["sex", "location"]), _values), max_size=8)


@settings(deadline=None)
@given(looks=_looks)
def test_what_stands_is_what_was_said_last_and_changes_lead_there(
    module_database: Database, looks: list[Said]
) -> None:
    who = room(module_database)
    expected: Said = {}
    with module_database.write() as conn:
        conn.execute(profile_change.delete())
        for day, said in enumerate(looks):
            profiles.note(conn, who, said, source="biocontext", at=T0 + timedelta(days=day))
            expected |= {key: value for key, value in said.items() if value or expected.get(key)}
            expected |= {key: None for key, value in said.items() if key in expected and value is None}
    with module_database.read() as conn:
        assert {one.field: one.value for one in profiles.standing(conn, [who])} == expected
        replayed: dict[str, object] = {}
        for one in reversed(profiles.changes(conn, [who], first=True)):
            assert replayed.get(one.field) == one.before != one.after
            replayed[one.field] = one.after
    assert replayed == expected
