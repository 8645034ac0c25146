"""What follows from an answer that carries the platform's numbers of somebody."""

import pytest
from sqlalchemy import Connection, select

from factories import minute
from folk import BIG, known, numbered, roots
from mhc.store import identity, people, roll, snapshots
from mhc.store.database import Database
from mhc.store.identity import Outcome
from mhc.store.roll import Roll
from mhc.store.schema import alias, person, person_merge


def note(conn: Connection, name: str, at: float = 50, **numbers: int) -> identity.Identified:
    return identity.note_ids(conn, name, source="statbate", at=minute(at), **numbers)  # type: ignore[arg-type]


def test_numbers_are_noted_once_and_say_what_somebody_is(database: Database) -> None:
    with database.write() as conn:
        (one,) = known(conn, "viewer_one")
        noted = note(conn, "viewer_one", rid=BIG, did=2**63 - 1)
        assert noted == identity.Identified(one, one, Outcome.NOTED)
        assert note(conn, "viewer_one", rid=BIG).outcome == Outcome.KNOWN
        found = people.by_id(conn, one)
        assert found
        assert (found.rid, found.did, found.role) == (BIG, 2**63 - 1, "both")


def test_a_stranger_is_made(database: Database) -> None:
    with database.write() as conn:
        made = note(conn, "viewer_new", did=5)
        (found,) = people.find(conn, "viewer_new")
        assert (made.person_id, made.outcome, found.did) == (found.id, Outcome.NOTED, 5)
        assert note(conn, "without_numbers").outcome == Outcome.KNOWN


def test_what_a_source_says_of_somebody_is_no_sign_that_they_were_seen(database: Database) -> None:
    with database.write() as conn:
        made = note(conn, "viewer_one", did=5)
        asked = snapshots.Asked("statbate.member_info")
        snapshots.add(conn, [snapshots.Reading(made.person_id, asked, minute(60), b"{}")])
        found = people.by_id(conn, made.person_id)
        assert found
        assert (found.first_seen_at, found.last_seen_at) == (None, None)


def test_who_has_a_new_name_is_renamed_and_back(database: Database) -> None:
    with database.write() as conn:
        (one,) = known(conn, "viewer_one")
        note(conn, "viewer_one", did=5)
        renamed = note(conn, "viewer_uno", did=5, rid=9)
        assert (renamed.person_id, renamed.outcome) == (one, Outcome.RENAMED)
        assert renamed.sentence == "renamed viewer_one to viewer_uno: the same did (statbate)"
        (found,) = people.find(conn, "viewer_one")
        assert (found.id, found.username, found.rid) == (one, "viewer_uno", 9)
        names = [(a.username, a.valid_from, a.valid_to, a.source) for a in people.aliases(conn, [one])]
        assert names == [
            ("viewer_uno", minute(50), None, "statbate"),
            ("viewer_one", None, minute(50), "test"),
        ]
        people.rename(conn, found, "viewer_one", source="manual", at=minute(60))
        assert note(conn, "viewer_uno", at=55, did=5).outcome == Outcome.STALE  # it was said before
        assert [one.username for one in people.find(conn, "viewer_uno")] == ["viewer_one"]


@pytest.mark.parametrize("kind", ["rid", "did"])
def test_a_new_name_that_is_a_person_already_is_merged(database: Database, kind: str) -> None:
    with database.write() as conn:
        new, old = known(conn, "viewer_new", "viewer_old")
        numbered(conn, old, **{kind: BIG})
        merged = note(conn, "viewer_new", **{kind: BIG})
        assert (merged.person_id, merged.root_id, merged.outcome) == (old, new, Outcome.MERGED)
        assert merged.sentence == f"merged viewer_old into viewer_new: the same {kind} (statbate)"
        assert conn.execute(select(person_merge.c.keep_id, person_merge.c.reason)).all() == [(new, kind)]
        assert note(conn, "viewer_new", **{kind: BIG}).outcome == Outcome.KNOWN
        identity.unmerge(conn, old, at=minute(60))
        parted = note(conn, "viewer_new", **{kind: BIG})  # what a person parted stays apart
        assert (parted.outcome, roots(conn)) == (Outcome.PARTED, {})
        assert "were unmerged" in str(parted.sentence)


def test_two_who_share_an_answer_are_one(database: Database) -> None:
    with database.write() as conn:
        one, two, three = known(conn, "viewer_one", "viewer_two", "viewer_three")
        numbered(conn, three, rid=9)
        numbered(conn, two, did=5)
        assert note(conn, "viewer_one", rid=9, did=5).outcome == Outcome.MERGED
        assert people.members(conn, one) == [one, two, three]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"did": 6}, "viewer_one: the did 5 contradicts 6"),  # another bears the name now
        ({"did": 7}, "viewer_one: the did 7 contradicts 5"),  # and is known under another one
        ({"did": 5, "rid": 4}, "viewer_one: the rid 3 contradicts 4"),
    ],
)
def test_numbers_that_contradict_change_nothing(
    database: Database, answer: dict[str, int], said: str
) -> None:
    with database.write() as conn:
        one, two = known(conn, "viewer_one", "viewer_two")
        numbered(conn, one, did=5, rid=3)
        numbered(conn, two, did=7)
        before = [conn.execute(select(table)).all() for table in (person, alias, person_merge)]
        found = note(conn, "viewer_one", **answer)
        assert (found.person_id, found.outcome) == (one, Outcome.CONFLICT)
        assert str(found.sentence).startswith(said)
        assert [conn.execute(select(table)).all() for table in (person, alias, person_merge)] == before


def test_an_old_answer_makes_nobody_one_with_who_has_the_name_now(database: Database) -> None:
    with database.write() as conn:
        (one,) = known(conn, "viewer_one")
        note(conn, "viewer_one", at=10, did=5)
        note(conn, "viewer_uno", at=30, did=5)
        known(conn, "viewer_one")  # a stranger takes the name
        assert note(conn, "viewer_one", at=20, did=5).outcome == Outcome.STALE
        assert (roots(conn), people.by_id(conn, one).username) == ({}, "viewer_uno")  # type: ignore[union-attr]


def test_an_answer_from_when_somebody_had_a_name_is_about_nobody_who_has_it_now(database: Database) -> None:
    with database.write() as conn:
        (one,) = known(conn, "viewer_one")
        note(conn, "viewer_one", at=10, did=5)
        (owner,) = people.find(conn, "viewer_one")
        people.add_alias(conn, owner, "second_name", source="test", at=minute(30), current=False)
        known(conn, "second_name")
        assert note(conn, "second_name", at=20, did=5).outcome == Outcome.STALE
        assert note(conn, "second_name", at=40, did=5).outcome == Outcome.MERGED
        assert people.members(conn, one)[0] == one


def everything(conn: Connection) -> list[list[tuple[object, ...]]]:
    return [
        [tuple(row) for row in conn.execute(select(table).order_by(table.c.id))] for table in (person, alias)
    ]


@pytest.mark.parametrize("kind", ["rid", "did"])
def test_who_turns_out_to_be_one_goes_by_the_new_name_and_parting_gives_the_old_one_back(
    database: Database, kind: str
) -> None:
    with database.write() as conn:
        old, new = known(conn, "viewer_old", "viewer_new")
        note(conn, "viewer_old", at=10, **{kind: BIG})
        before = everything(conn)
        merged = note(conn, "viewer_new", **{kind: BIG})
        said = f"merged viewer_new into viewer_old, who is viewer_new now: the same {kind} (statbate)"
        assert (merged.root_id, merged.outcome, merged.sentence) == (old, Outcome.MERGED, said)
        for name in ("viewer_old", "viewer_new"):  # the older row is kept
            assert [(one.id, one.username) for one in people.find(conn, name)] == [(old, "viewer_new")]
        (shown,) = roll.list_people(conn, Roll())
        assert shown.username == "viewer_new"
        assert people.ids_of(conn, ["viewer_old", "viewer_new"]) == {"viewer_new": new}
        assert note(conn, "viewer_new", at=51, **{kind: BIG}).outcome == Outcome.KNOWN
        identity.unmerge(conn, new, at=minute(60))
        assert everything(conn) == before


def test_whoever_takes_the_old_name_after_a_merge_is_somebody_else_and_keeps_it(database: Database) -> None:
    with database.write() as conn:
        old, new = known(conn, "viewer_old", "viewer_new")
        numbered(conn, old, did=5)
        note(conn, "viewer_new", did=5)
        stranger = people.ensure(conn, ["viewer_old"], source="test", at=minute(70))["viewer_old"]
        assert stranger not in {old, new}
        identity.unmerge(conn, new, at=minute(80))
        assert people.ids_of(conn, ["viewer_old"]) == {"viewer_old": stranger}


def test_a_new_name_after_a_merge_ends_the_one_before(database: Database) -> None:
    with database.write() as conn:
        old, _new = known(conn, "viewer_old", "viewer_new")
        numbered(conn, old, did=5)
        note(conn, "viewer_new", did=5)
        assert note(conn, "viewer_newer", at=60, did=5).outcome == Outcome.RENAMED
        (found,) = people.find(conn, "viewer_newer")
        assert (found.id, found.username) == (old, "viewer_newer")
        open_ones = [
            a.username for a in people.aliases(conn, people.members(conn, old)) if a.valid_to is None
        ]
        assert open_ones == ["viewer_newer"]


@pytest.mark.parametrize("first", ["viewer_new", "viewer_other"])
def test_who_stays_merged_with_the_bearer_of_the_new_name_goes_by_it_when_a_third_is_parted(
    database: Database, first: str
) -> None:
    with database.write() as conn:
        old, other, new = known(conn, "viewer_old", "viewer_other", "viewer_new")
        numbered(conn, old, did=5)
        numbered(conn, other, rid=9)
        before = everything(conn)[1]
        assert note(conn, "viewer_new", did=5, rid=9).outcome == Outcome.MERGED
        parted = {"viewer_new": new, "viewer_other": other}
        identity.unmerge(conn, parted.pop(first), at=minute(60))
        names = people.names_by_id(conn, [old])
        assert names[old] == ("viewer_old" if first == "viewer_new" else "viewer_new")
        open_ones = {
            a.username for a in people.aliases(conn, people.members(conn, old)) if a.valid_to is None
        }
        assert open_ones == {names[old]}
        identity.unmerge(conn, *parted.values(), at=minute(61))
        assert everything(conn)[1] == before
        assert people.names_by_id(conn, [old, other, new]) == {
            old: "viewer_old",
            other: "viewer_other",
            new: "viewer_new",
        }
