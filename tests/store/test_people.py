"""People, their names, lists and totals in the database."""

import threading

import pytest
from sqlalchemy import select

import factories
from factories import chat, minute, tell_story, tip
from mhc.errors import UsageError
from mhc.store import people, recounting, schema, watchlists
from mhc.store.database import Database
from mhc.store.roll import Roll, count_people, list_people


def test_a_name_belongs_to_one_person_at_a_time(database: Database) -> None:
    with database.write() as conn:
        made = people.ensure(conn, ["viewer_one", "viewer_two"], source="test", at=minute(0))
        (one,) = people.find(conn, "viewer_one")
        people.rename(conn, one, "viewer_uno", source="test", at=minute(10))
        new = people.ensure(conn, ["viewer_one"], source="test", at=minute(20))
        assert new["viewer_one"] not in made.values()
        assert [p.id for p in people.find(conn, "viewer_one")] == [new["viewer_one"]]  # who has it now
        assert [p.id for p in people.find(conn, "viewer_uno")] == [made["viewer_one"]]
        names = [(a.username, a.valid_from, a.valid_to) for a in people.aliases(conn, [made["viewer_one"]])]
        assert names == [("viewer_uno", minute(10), None), ("viewer_one", None, minute(10))]
        (two,) = people.find(conn, "viewer_two")
        with pytest.raises(UsageError):
            people.rename(conn, two, "viewer_one", source="test", at=minute(30))
        with pytest.raises(UsageError):
            people.add_alias(conn, two, "viewer_one", source="test", at=minute(30), current=True)


def test_a_former_name_of_two_gives_the_latest_holder_first(database: Database) -> None:
    with database.write() as conn:
        made = people.ensure(conn, ["viewer_one", "viewer_two"], source="test", at=minute(0))
        for name, at in (("viewer_one", 5), ("viewer_two", 9)):
            (who,) = people.find(conn, name)
            people.add_alias(conn, who, "old_name", source="test", at=minute(at), current=False)
        assert [p.id for p in people.find(conn, "old_name")] == [made["viewer_two"], made["viewer_one"]]


def test_two_who_meet_a_stranger_at_once_make_one_person(postgres_database: Database) -> None:
    """On PostgreSQL, where writers run side by side."""
    ready = threading.Barrier(4)
    ids: list[int] = []

    def meet() -> None:
        ready.wait()
        with postgres_database.write() as conn:
            ids.append(people.ensure(conn, ["viewer_one"], source="test", at=minute(0))["viewer_one"])

    threads = [threading.Thread(target=meet) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 4
    assert len(set(ids)) == 1


def test_two_who_put_a_person_on_a_list_at_once_put_them_there_once(postgres_database: Database) -> None:
    with postgres_database.write() as conn:
        who = people.ensure(conn, ["viewer_one"], source="test", at=minute(0))["viewer_one"]
    ready, errors = threading.Barrier(4), []

    def put() -> None:
        ready.wait()
        try:
            with postgres_database.write() as conn:
                own = watchlists.create(conn, "Quiet Ones")
                watchlists.add(conn, own.id, [who], at=minute(0), note=None)
        except Exception as error:  # noqa: BLE001 - told below, with the thread's name gone
            errors.append(error)

    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with postgres_database.read() as conn:
        assert [(one.name, one.members) for one in watchlists.list_all(conn)][5:] == [("Quiet Ones", 1)]


def test_totals_are_those_of_the_events_whatever_the_room_says(database: Database) -> None:
    tell_story(database)
    with database.write() as conn:
        factories.store(conn, [tip(1, "viewer_one", 5, room=None), chat(2, "viewer_two")], page=5)
        assert recounting.differences(conn) == 0
        before = list_people(conn, Roll())
        recounting.rebuild(conn)
        assert list_people(conn, Roll()) == before


def test_a_list_of_people_is_that_of_one_room(database: Database) -> None:
    tell_story(database)
    with database.write() as conn:
        factories.store(conn, [tip(1, "viewer_two", 7, room="other_room")], room="other_room")
        other = conn.execute(
            select(schema.person.c.id).where(schema.person.c.username == "other_room")
        ).scalar_one()
        roll = Roll([other], sort="tokens")
        rows = [(row.username, row.tokens, row.tips) for row in list_people(conn, roll)]
        assert rows[0] == ("viewer_two", 7, 1)
        assert {tokens for _name, tokens, _tips in rows[1:]} == {0}
        assert count_people(conn, roll) == len(rows)
        assert [row.username for row in list_people(conn, roll, limit=1)] == ["viewer_two"]


def test_a_long_list_of_names_is_looked_up_in_parts(database: Database) -> None:
    names = [f"viewer_{place}" for place in range(1200)]
    with database.write() as conn:
        made = people.ensure(conn, names, source="test", at=minute(0))
        assert people.ids_of(conn, names) == made
        assert people.names_by_id(conn, made.values()) == {number: name for name, number in made.items()}


@pytest.mark.parametrize("step", [1, 2, 3])
def test_of_many_people_those_are_named_of_whom_one_asks(database: Database, step: int) -> None:
    names = [f"viewer_{number:04}" for number in range(3 * people.CHUNK + 30)]
    with database.write() as conn:
        made = people.ensure(conn, names, source="test", at=minute(0))
    asked = {made[name]: name for name in names[1::step]}
    with database.read() as conn:
        assert people.names_by_id(conn, asked) == asked
        assert people.names_by_id(conn, [*asked, 10**9]) == asked  # nobody
