"""Who is whom: merges, numbers of the platform, and what reads as one."""

from collections.abc import Callable
from contextlib import closing

import pytest
from sqlalchemy import Connection, select, update

import factories
from factories import chat, minute, tip
from folk import BIG, known, numbered, roots
from mhc.errors import CheckError, UsageError
from mhc.store import (
    alerts,
    canonical,
    holders,
    identity,
    people,
    roles,
    schema,
    snapshots,
    watched,
    watchlists,
)
from mhc.store.database import Database
from mhc.store.failures import DatabaseBusyError
from mhc.store.people import Role
from mhc.store.roll import Roll, count_people, list_people
from mhc.store.schema import alias, person, person_merge


def test_a_chain_of_merges_has_one_root_in_whatever_order(database: Database) -> None:
    for order in (("ab", "bc"), ("bc", "ab")):
        with database.write() as conn:
            ids = dict(zip("abc", known(conn, *(f"{letter}_{order[0]}" for letter in "abc")), strict=True))
            for keep, other in order:
                identity.merge(conn, ids[keep], [ids[other]], at=minute(1))
            assert people.members(conn, ids["a"]) == [ids["a"], ids["b"], ids["c"]]
            assert canonical.differences(conn) == 0


def test_who_is_parted_takes_along_whom_they_had_before(database: Database) -> None:
    with database.write() as conn:
        one, two, three = known(conn, "viewer_one", "viewer_two", "viewer_three")
        identity.merge(conn, two, [three], reason="same words", at=minute(5))
        identity.merge(conn, one, [two], at=minute(6))
        identity.unmerge(conn, two, at=minute(7))
        assert roots(conn) == {"viewer_three": "viewer_two"}
        kept = [tuple(row)[1:] for row in conn.execute(select(person_merge).order_by(person_merge.c.id))]
        assert kept == [
            (two, three, "same words", minute(5), None),
            (one, two, "by hand", minute(6), minute(7)),
        ]
        identity.merge(conn, one, [two], at=minute(8))  # and may be merged again
        assert roots(conn) == {"viewer_three": "viewer_one", "viewer_two": "viewer_one"}


def test_only_the_one_who_is_named_is_parted(database: Database) -> None:
    with database.write() as conn:
        one, two, three = known(conn, "viewer_one", "viewer_two", "viewer_three")
        identity.merge(conn, one, [two, three], at=minute(5))
        identity.unmerge(conn, two, at=minute(6))
        assert roots(conn) == {"viewer_three": "viewer_one"}


def test_nobody_is_merged_into_themselves_in_a_circle_or_twice(database: Database) -> None:
    with database.write() as conn:
        one, two, three = known(conn, "viewer_one", "viewer_two", "viewer_three")
        identity.merge(conn, one, [two], at=minute(5))
        for keep, other, said in (
            (one, one, "viewer_one cannot be merged into themselves"),
            (two, one, "viewer_one and viewer_two read as one already"),
            (one, two, "viewer_two and viewer_one read as one already"),
            (three, two, "viewer_two is merged into viewer_one already"),
        ):
            with pytest.raises(UsageError, match=said):
                identity.merge(conn, keep, [other], at=minute(6))
        with pytest.raises(UsageError, match="viewer_three and viewer_one read as one already"):
            identity.merge(conn, one, [three, three], at=minute(6))
        with pytest.raises(
            UsageError, match="viewer_one is merged into nobody; merged into them: viewer_two"
        ):
            identity.unmerge(conn, one, at=minute(7))
        with pytest.raises(UsageError, match="viewer_three is merged into nobody"):
            identity.unmerge(conn, three, at=minute(7))
        assert roots(conn) == {"viewer_two": "viewer_one"}


@pytest.mark.parametrize("kind", ["rid", "did"])
def test_different_numbers_are_merged_only_by_force(database: Database, kind: str) -> None:
    with database.write() as conn:
        one, two, three = known(conn, "viewer_one", "viewer_two", "viewer_three")
        numbered(conn, two, **{kind: BIG})
        numbered(conn, three, **{kind: 5})
        with pytest.raises(CheckError, match=rf"viewer_one has the {kind} {BIG}, viewer_three has 5"):
            identity.merge(conn, one, [two, three], at=minute(5))  # of those who come in together, too
        assert conn.execute(select(person_merge)).all() == []
        identity.merge(conn, one, [two, three], at=minute(5), force=True)
        assert len(people.members(conn, one)) == 3


def test_role_times_and_rating_read_as_one(database: Database) -> None:
    with database.write() as conn:
        factories.store(conn, [chat(5, "viewer_one"), tip(9, "viewer_two", 30)])
        one, two = known(conn, "viewer_one", "viewer_two")
        (room,) = known(conn, factories.ROOM)
        conn.execute(update(person).where(person.c.id == two).values(rating=4))
        identity.merge(conn, room, [one, two], at=minute(20))
        (listed,) = list_people(conn, Roll())
        assert (listed.username, listed.role, listed.rating, listed.tokens) == (factories.ROOM, "both", 4, 30)
        assert (listed.first_seen_at, listed.last_seen_at) == (minute(5), minute(9))
        for role, count in (("both", 1), ("model", 0), ("viewer", 0)):
            roll = Roll(role=role)
            assert len(list_people(conn, roll)) == count_people(conn, roll) == count
        people.set_role(conn, room, Role.MODEL, by_hand=True)
        assert [row.role for row in list_people(conn, Roll())] == ["model"]
        assert roles.of(conn, room) == Role.MODEL
        assert roles.of(conn, room, by_hand=False) == Role.BOTH
        lists = {one.name: one.id for one in watchlists.list_all(conn)}
        for who, at, why in ((two, 30, "late"), (one, 25, None)):
            watchlists.add(conn, lists["Friends"], [who], at=minute(at), note=why)
        (member,) = watched.members(conn, lists["Friends"])
        assert (member.username, member.added_at, member.note) == (factories.ROOM, minute(25), "late")
        assert watched.news(conn, [member.id], None, heard=True)[member.id].last_seen_at == minute(9)


def test_whoever_only_tipped_anonymously_hides_nobody_they_are_merged_with(database: Database) -> None:
    with database.write() as conn:
        factories.store(conn, [tip(1, "viewer_one", 5, anonymous=True), chat(2, "viewer_two")])
        one, two = known(conn, "viewer_one", "viewer_two")
        assert "viewer_one" not in [row.username for row in list_people(conn, Roll())]
        identity.merge(conn, one, [two], at=minute(5))
        assert "viewer_one" in [row.username for row in list_people(conn, Roll())]


def test_an_alert_of_one_name_cools_down_for_all_of_them(database: Database) -> None:
    with database.write() as conn:
        one, two = known(conn, "viewer_one", "viewer_two")
        cooldown = minute(10) - minute(0)
        asked = {"now": minute(5), "cooldown": cooldown}
        assert alerts.claim(conn, "hello", alerts.behind(conn, two), one, now=minute(4), cooldown=cooldown)
        assert not alerts.is_cooling(conn, "hello", alerts.behind(conn, one), **asked)  # type: ignore[arg-type]
        identity.merge(conn, one, [two], at=minute(5))
        assert alerts.is_cooling(conn, "hello", alerts.behind(conn, one), **asked)  # type: ignore[arg-type]


def test_a_role_goes_back_to_what_is_stored(database: Database) -> None:
    with database.write() as conn:
        items = [chat(1, "chatter"), tip(2, "hidden", 5, anonymous=True), chat(3, factories.ROOM)]
        factories.store(conn, items)
        names = (
            "chatter",
            "hidden",
            factories.ROOM,
            "with_did",
            "with_rid",
            "with_both",
            "nothing",
            "read_as_a_model",
            "read_as_a_member",
        )
        ids = dict(zip(names, known(conn, *names), strict=True))
        stored = {name: people.by_id(conn, who).role for name, who in ids.items()}  # type: ignore[union-attr]
        numbered(conn, ids["with_did"], did=BIG)
        numbered(conn, ids["with_rid"], rid=BIG)
        numbered(conn, ids["with_both"], did=1, rid=2)
        for name, source in (
            ("read_as_a_model", "statbate.model_info"),
            ("read_as_a_member", "statbate.member_tips"),
        ):
            snapshots.add(conn, [snapshots.Reading(ids[name], snapshots.Asked(source), minute(5), b"{}")])
        for who in ids.values():
            people.set_role(conn, who, Role.MODEL, by_hand=True)
        found = {name: str(roles.back_to_evidence(conn, who)) for name, who in ids.items()}
        assert found == stored | {
            "with_did": "viewer",
            "with_rid": "model",
            "with_both": "both",
            "read_as_a_model": "model",
        }
        factories.store(conn, [tip(9, "with_rid", 5)], page=1)  # and follows what comes again
        assert roles.of(conn, ids["with_rid"]) == Role.BOTH


def test_a_name_changes_hands_and_is_found_by_time(database: Database) -> None:
    with database.write() as conn:
        one, two = known(conn, "viewer_one", "viewer_two")
        (first,) = people.find(conn, "viewer_one")
        people.rename(conn, first, "viewer_uno", source="test", at=minute(10))
        (second,) = people.find(conn, "viewer_two")
        people.rename(conn, second, "viewer_one", source="test", at=minute(20))
        had = holders.of(conn, "viewer_one")
        assert [(one.person_id, one.valid_from, one.valid_to) for one in had] == [
            (two, minute(20), None),
            (one, None, minute(10)),
        ]
        for at, who in ((5, [one]), (10, []), (19, []), (20, [two]), (99, [two])):
            assert [one.person_id for one in holders.at(had, minute(at))] == who


def test_of_two_who_gave_a_name_up_the_first_one_had_it_before(database: Database) -> None:
    with database.write() as conn:
        one, two = known(conn, "viewer_one", "viewer_two")
        for who, at in ((one, 30), (two, 20)):
            owner = people.by_id(conn, who)
            assert owner
            people.add_alias(conn, owner, "old_name", source="test", at=minute(at), current=False)
        had = holders.of(conn, "old_name")
        assert [one.person_id for one in had] == [one, two]
        assert [[one.person_id for one in holders.at(had, minute(at))] for at in (0, 25, 30)] == [
            [two],
            [one],
            [],
        ]


def test_who_merges_renames_or_parts_waits_for_who_does(postgres_database: Database) -> None:
    """On PostgreSQL, where writers run side by side: two halves of a circle would not see each other."""
    with postgres_database.write() as conn:
        one, two, three = known(conn, "viewer_one", "viewer_two", "viewer_three")
        identity.merge(conn, two, [three], at=minute(4))
        (owner,) = people.find(conn, "viewer_one")
    url = postgres_database.url.render_as_string(hide_password=False)
    acts: list[Callable[[Connection], object]] = [
        lambda conn: identity.merge(conn, two, [one], at=minute(5)),
        lambda conn: identity.unmerge(conn, three, at=minute(5)),
        lambda conn: identity.note_ids(conn, "viewer_two", did=5, source="test", at=minute(5)),
        lambda conn: people.rename(conn, owner, "viewer_uno", source="test", at=minute(5)),
    ]
    with closing(Database(url, busy_ms=100, answer_seconds=5)) as impatient:
        with postgres_database.write() as conn:
            identity.merge(conn, one, [two], at=minute(5))
            for act in acts:
                with pytest.raises(DatabaseBusyError), impatient.write() as other:
                    act(other)
        with pytest.raises(UsageError, match="read as one already"), impatient.write() as other:
            acts[0](other)


def test_who_is_renamed_twice_at_once_has_one_name(database: Database) -> None:
    with database.write() as conn:
        (one,) = known(conn, "viewer_one")
        (owner,) = people.find(conn, "viewer_one")  # as both saw them
        for new, at in (("viewer_uno", 5), ("viewer_tre", 6)):
            people.rename(conn, owner, new, source="test", at=minute(at))
        query = select(alias.c.username).where(alias.c.valid_to.is_(None))
        assert conn.execute(query).scalars().all() == ["viewer_tre"]
        assert [a.valid_to for a in people.aliases(conn, [one])] == [None, minute(6), minute(5)]


def test_roots_that_no_merge_says_are_found_and_mended(database: Database) -> None:
    from mhc.domain.broadcasts import MERGE_GAP
    from mhc.store import inventory

    with database.write() as conn:
        one, two, three = known(conn, "viewer_one", "viewer_two", "viewer_three")
        identity.merge(conn, one, [two], at=minute(5))
        conn.execute(update(person).where(person.c.id == two).values(canonical_id=three))
        conn.execute(update(person).where(person.c.id == three).values(canonical_id=one))
    assert inventory.problems(database, MERGE_GAP) == ["2 people do not read as the merges say"]
    inventory.repair(database, MERGE_GAP)
    assert inventory.problems(database, MERGE_GAP) == []
    with database.read() as conn:
        assert roots(conn) == {"viewer_two": "viewer_one"}


def test_a_circle_in_the_merges_ends_somewhere() -> None:
    assert {one: canonical.root({1: 2, 2: 3, 3: 2}, one) for one in (1, 2, 3)} == {1: 2, 2: 2, 3: 2}


def test_parting_leaves_the_tables_as_they_were(database: Database) -> None:
    with database.write() as conn:
        one, two = known(conn, "viewer_one", "viewer_two")
        tables = [table for table in schema.metadata.sorted_tables if table is not person_merge]
        before = [conn.execute(select(table)).all() for table in tables]
        identity.merge(conn, one, [two], at=minute(5))
        assert [conn.execute(select(table)).all() for table in tables] != before
        identity.unmerge(conn, two, at=minute(6))
        assert [conn.execute(select(table)).all() for table in tables] == before
