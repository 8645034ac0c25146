"""What is remembered of people: merged ones read as one, a source never overwrites what a person typed."""

from datetime import datetime

import pytest
from sqlalchemy import Connection, func, insert, select, update

from factories import minute
from mhc.domain.attributes import KNOWN, Key
from mhc.domain.relationship import Relationship
from mhc.domain.words import terms
from mhc.store import attributes, links, notes, pairs, people, person_names, ratings, relations, schema
from mhc.store.database import Database
from mhc.store.merged import as_one


def make(conn: Connection, *names: str) -> list[int]:
    made = people.ensure(conn, names, source="test", at=minute(0))
    return [made[name] for name in names]


def merge(conn: Connection, keep: int, other: int) -> None:
    conn.execute(
        insert(schema.person_merge).values(keep_id=keep, other_id=other, reason="by hand", at=minute(9))
    )
    conn.execute(update(schema.person).where(schema.person.c.id == other).values(canonical_id=keep))


def unmerge(conn: Connection, other: int) -> None:
    conn.execute(update(schema.person).where(schema.person.c.id == other).values(canonical_id=None))


def write(conn: Connection, who: int, body: str, at: float = 0) -> int:
    return notes.add(conn, who, body, category="notes", happened_at=None, at=minute(at))


def found(conn: Connection, query: str) -> list[str]:
    return [one.body for one in notes.search(conn, terms(query))]


def test_a_note_is_found_by_its_words_and_by_those_it_has_now(database: Database) -> None:
    with database.write() as conn:
        (one,) = make(conn, "viewer_one")
        first = write(conn, one, "Crème brûlée at STRASSE 7", 1)
        write(conn, one, "likes blue lights, not green ones", 2)
        write(conn, one, "blue Straße", 3)
        assert found(conn, "blue") == ["blue Straße", "likes blue lights, not green ones"]
        assert found(conn, "strasse blue") == ["blue Straße"]
        assert found(conn, "creme BRULEE") == ["Crème brûlée at STRASSE 7"]
        assert found(conn, "li* blue") == ["likes blue lights, not green ones"]
        assert found(conn, "ligh") == []
        assert notes.edit(conn, first, "only tea", category="notes", happened_at=minute(1), at=minute(4))
        assert found(conn, "creme") == []
        assert found(conn, "tea") == ["only tea"]
        assert notes.remove(conn, first)
        assert not notes.remove(conn, first)
        assert found(conn, "tea") == []
        assert not notes.edit(conn, first, "x", category="notes", happened_at=None, at=minute(5))
        orphans = select(func.count()).where(schema.note_word.c.note_id == first)
        assert conn.execute(orphans).scalar_one() == 0


def test_a_word_of_any_length_is_kept_and_found(database: Database) -> None:
    long = "".join(chr(0x4E00 + number * 7 % 20000) for number in range(5000))
    with database.write() as conn:
        (one,) = make(conn, "viewer_one")
        write(conn, one, long)
        assert found(conn, long) == [long]
        assert found(conn, long[:64]) == [long]


def test_a_source_overwrites_no_link_that_a_person_typed_and_brings_none_back(database: Database) -> None:
    def add(url: str, source: str, at: float) -> bool:
        return links.add(conn, one, "twitter", url, source=source, at=minute(at))

    with database.write() as conn:
        (one,) = make(conn, "viewer_one")
        assert add("https://x.com/a", "profile", 1)
        assert not add("https://x.com/a", "profile", 2)
        assert add("https://x.com/b", "profile", 3)  # several may be true
        assert not add("https://x.com/a", "manual", 4)  # theirs from now on
        assert not add("https://x.com/c", "profile", 5)
        assert links.remove(conn, [one], ["https://x.com/a"], at=minute(6)) == 1
        assert not add("https://x.com/a", "profile", 7)
        assert add("https://x.com/c", "profile", 8)
        assert links.remove(conn, [one], ["https://x.com/b"], at=minute(8)) == 1
        assert not add("https://x.com/b", "profile", 9)
        assert add("https://x.com/a", "manual", 9)
        shown = [(link.url, link.source) for link in links.list_of(conn, [one])]
        assert shown == [
            ("https://x.com/a", "manual"),
            ("https://x.com/c", "profile"),
        ]


def test_links_notes_and_ratings_of_a_merged_person_are_read_as_one(database: Database) -> None:
    with database.write() as conn:
        one, two = make(conn, "viewer_one", "viewer_two")
        for who in (one, two):
            links.add(conn, who, "website", "https://viewer.example/", source="manual", at=minute(1))
        write(conn, two, "likes blue", 2)
        ratings.rate(conn, [two], 4, at=minute(3))
        merge(conn, one, two)
        ids = [one, two]
        assert [(a.username, a.url) for a in links.list_of(conn, ids)] == [
            ("viewer_one", "https://viewer.example/")
        ]
        assert not links.add(conn, one, "website", "https://viewer.example/", source="manual", at=minute(4))
        assert not links.add(conn, one, "website", "https://other.example/", source="profile", at=minute(4))
        (found_note,) = notes.search(conn, terms("blue"), ids)
        assert found_note.username == "viewer_one"
        assert ratings.history(conn, ids) == [(4, minute(3))]
        assert links.remove(conn, ids, ["https://viewer.example/"], at=minute(5)) == 2
        assert links.list_of(conn, ids) == []


def test_each_change_of_a_relationship_is_kept(database: Database) -> None:
    with database.write() as conn:
        (one,) = make(conn, "viewer_one")
        assert relations.find(conn, [one]) is None
        changed = relations.change(
            conn, [one], roles=["sub", "sub"], since=minute(0), by="manual", at=minute(1)
        )
        assert changed == ["roles", "status", "since"]
        assert relations.change(conn, [one], roles=["sub"], by="manual", at=minute(2)) == []
        changed = relations.change(
            conn, [one], status="Active", since=relations.CLEARED, label="pal", by="manual", at=minute(3)
        )
        assert changed == ["label", "status", "since"]
        assert relations.find(conn, [one]) == Relationship(("sub",), "pal", "Active")
        assert [tuple(change) for change in relations.history(conn, [one])] == [
            ("roles", (), ("sub",), "manual", minute(1)),
            ("status", None, "Potential", "manual", minute(1)),
            ("since", None, minute(0), "manual", minute(1)),
            ("label", None, "pal", "manual", minute(3)),
            ("status", "Potential", "Active", "manual", minute(3)),
            ("since", minute(0), None, "manual", minute(3)),
        ]
        row = conn.execute(select(schema.relationship)).one()
        assert (row.roles, row.label, row.status, row.traits) == ('["sub"]', "pal", "Active", "[]")
        assert relations.remove(conn, [one], by="manual", at=minute(4))
        assert not relations.remove(conn, [one], by="manual", at=minute(5))
        assert relations.find(conn, [one]) is None
        assert relations.list_all(conn) == []
        assert conn.execute(select(schema.relationship)).all() == []


def test_a_merged_relationship_is_of_each_field_the_last_that_was_said(database: Database) -> None:
    with database.write() as conn:
        one, two = make(conn, "viewer_one", "viewer_two")
        relations.change(conn, [one], roles=["friend"], label="pal", by="manual", at=minute(1))
        relations.change(conn, [two], roles=["sub"], status="Active", by="manual", at=minute(2))
        before = [relations.find(conn, [i]) for i in (one, two)]
        merge(conn, one, two)
        assert relations.find(conn, [one, two]) == Relationship(("sub",), "pal", "Active")
        assert [r.username for r in relations.list_all(conn)] == ["viewer_one"]
        unmerge(conn, two)
        assert [relations.find(conn, [i]) for i in (one, two)] == before
        merge(conn, one, two)
        assert relations.change(conn, [one, two], roles=[], by="manual", at=minute(10)) == ["roles"]
        assert relations.find(conn, [one, two]) == Relationship((), "pal", "Active")
        unmerge(conn, two)
        assert relations.find(conn, [one]) == Relationship((), "pal", "Potential")
        assert relations.find(conn, [two]) == before[1]


def set_to(conn: Connection, ids: list[int], value: str, at: datetime, confidence: str = "high") -> bool:
    return attributes.set_value(conn, ids, "location", value, confidence=confidence, evidence="manual", at=at)


def test_an_attribute_keeps_its_history_and_the_last_of_a_merged_person_holds(database: Database) -> None:
    def now(ids: list[int]) -> list[str]:
        return [one.value for one in attributes.list_of(conn, ids)]

    with database.write() as conn:
        one, two = make(conn, "viewer_one", "viewer_two")
        assert set_to(conn, [one], "Lyon", minute(1))
        assert not set_to(conn, [one], "Lyon", minute(2))
        assert set_to(conn, [one], "Lyon", minute(3), "low")
        assert set_to(conn, [two], "Graz", minute(4))
        merge(conn, one, two)
        assert now([one, two]) == ["Graz"]
        assert set_to(conn, [one, two], "Oslo", minute(5))
        assert now([one, two]) == ["Oslo"]
        assert [(a.value, a.unset_at) for a in attributes.history(conn, [one, two])] == [
            ("Oslo", None),
            ("Graz", None),
            ("Lyon", minute(5)),
            ("Lyon", minute(3)),
        ]
        assert attributes.unset(conn, [one, two], "location", at=minute(6))
        assert not attributes.unset(conn, [one, two], "location", at=minute(7))
        assert now([one, two]) == []


def test_a_key_is_known_from_the_start_or_defined(database: Database) -> None:
    with database.write() as conn:
        assert attributes.define(conn, "shoe_size", label="Shoe size", kind="number")
        assert not attributes.define(conn, "shoe_size", label="Shoe size", kind="number")
        assert attributes.define(conn, "shoe_size", label="Shoes", kind="number")
        known = attributes.keys(conn)
    assert known["shoe_size"] == Key("shoe_size", "Shoes", "number")
    assert set(known) == {*KNOWN, "shoe_size"}


def test_a_private_name_is_one_and_forms_of_address_are_many(database: Database) -> None:
    with database.write() as conn:
        one, two = make(conn, "viewer_one", "viewer_two")

        def add(kind: str, name: str, at: float, batch_id: int | None = None) -> bool:
            return person_names.add(conn, one, kind, name, at=minute(at), batch_id=batch_id)

        assert person_names.add(conn, two, "private", "Old Nick", at=minute(0))
        merge(conn, one, two)
        assert add("private", "Nick", 1)
        assert not add("private", "Nick", 2)
        assert not add("private", "Imported", 3, batch_id=4)
        assert add("private", "Nicholas", 4)
        assert add("address", "Sir", 5)
        assert add("address", "my dear", 6)
        assert not add("address", "Sir", 7)
        shown = [(n.kind, n.name) for n in person_names.list_of(conn, [one, two])]
        assert shown == [("address", "my dear"), ("address", "Sir"), ("private", "Nicholas")]
        assert person_names.remove(conn, [one, two], "private", at=minute(8)) == 2
        assert [n.kind for n in person_names.list_of(conn, [one, two])] == ["address", "address"]


def test_a_rating_keeps_what_it_was(database: Database) -> None:
    with database.write() as conn:
        (one,) = make(conn, "viewer_one")
        assert not ratings.rate(conn, [one], None, at=minute(1))
        assert ratings.rate(conn, [one], 4, at=minute(2))
        assert not ratings.rate(conn, [one], 4, at=minute(3))
        assert ratings.rate(conn, [one], None, at=minute(4))
        assert ratings.history(conn, [one]) == [(None, minute(4)), (4, minute(2))]


def test_not_to_be_rated_is_so_for_all_that_reads_as_one_and_stays_so_after_parting(
    database: Database,
) -> None:
    with database.write() as conn:
        one, two, three = make(conn, "viewer_one", "viewer_two", "viewer_three")
        ratings.rate(conn, [two], 4, at=minute(1))
        ratings.rate(conn, [three], 2, at=minute(2))
        for other in (two, three):
            merge(conn, one, other)
        ids = [one, two, three]
        assert ratings.rate(conn, ids, 5, at=minute(4))
        assert ratings.rate(conn, ids, None, at=minute(5))
        assert not ratings.rate(conn, ids, None, at=minute(6))
        assert as_one(people.merged(conn, one), one).rating is None
        assert ratings.history(conn, ids) == [
            (None, minute(5)), (5, minute(4)), (2, minute(2)), (4, minute(1))
        ]  # fmt: skip
        unmerge(conn, two)
        assert ratings.history(conn, [two]) == [(None, minute(5)), (4, minute(1))]
        assert as_one(people.merged(conn, two), two).rating is None


@pytest.mark.parametrize("turned", [False, True])
def test_a_pair_is_stored_once_and_read_from_both_sides(database: Database, turned: bool) -> None:
    with database.write() as conn:
        one, two, three = make(conn, "viewer_one", "viewer_two", "viewer_three")
        first = (two, one) if turned else (one, two)
        assert pairs.add(conn, *first, "alternate", note=None, at=minute(1))
        assert not pairs.add(conn, two, one, "alternate", note="same voice", at=minute(2))
        assert pairs.add(conn, one, two, "collaborator", note=None, at=minute(3))
        assert not pairs.add(conn, one, one, "alternate", note=None, at=minute(3))
        (alternate, _) = pairs.list_of(conn, [two])
        assert alternate == ("viewer_two", "viewer_one", "alternate", "same voice", minute(1))
        assert [(p.username, p.other) for p in pairs.list_of(conn)] == [("viewer_one", "viewer_two")] * 2
        merge(conn, three, two)  # who was paired with viewer_two is paired with the one they are now
        assert [p.other for p in pairs.list_of(conn, [one])] == ["viewer_three", "viewer_three"]
        assert not pairs.add(conn, one, three, "alternate", note=None, at=minute(4))
        assert pairs.remove(conn, [one], [three, two], "alternate", at=minute(5)) == 1
        assert [p.kind for p in pairs.list_of(conn, [one])] == ["collaborator"]
