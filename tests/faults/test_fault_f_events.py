"""What becomes of events: stored once, whatever they hold, and what cannot be is kept aside."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from listening import ROOM, Said, Station, event, ids, listening, page, tip
from mhc.store import coverage, schema
from mhc.store.database import Database
from mhc.store.history import with_raw
from mhc.store.streams import Kind

ID = "1767225602000-0"
ODD_IDS: list[Any] = [None, 5, "", "x" * 1_000_000, [], "a\0b", "\ud800"]


def body(event_id: object = ID, **payload: Any) -> dict[str, Any]:
    return {"method": "tip", "object": {"broadcaster": ROOM, **payload}, "id": event_id}


def raw(station: Station, event_id: str) -> bytes:
    with station.db.read() as conn:
        ((_, found),) = with_raw(conn, event_id)
    return found


def rows(station: Station, table: Any) -> int:
    with station.db.read() as conn:
        found: int = conn.execute(select(func.count()).select_from(table)).scalar_one()
    return found


def test_an_event_is_kept_byte_for_byte(going: Station) -> None:
    odd = b'{ "id":"1767225602000-0",\t"method":"follow", "object":{"user":{"username":"\\u0076iewer_two"}}, "new": 1.50}'
    going.step(page(odd, to="i=2"))
    assert raw(going, ID) == odd


def test_fault_f11_pages_that_come_double_overlap_or_backwards_are_stored_once(going: Station) -> None:
    one, two, three = event(2), event(3), event(4)
    for found in ([one, two], [one, two], [two, three], [three, two, one], [one, one, one]):
        going.step(page(*found, to="i=2"))
    assert ids(going.events)[1:] == [e["id"] for e in (one, two, three)]
    assert going.rejected == []


def test_fault_g6_ten_equal_tips_in_a_second_are_ten(going: Station) -> None:
    going.step(page(*(tip(2, seq=seq) for seq in range(10)), to="i=2"))
    found = ids(going.events)[1:]
    assert found == [f"1767225602000-{seq}" for seq in range(10)]


def test_fault_f13_order_within_a_millisecond_is_by_number(going: Station) -> None:
    going.step(page(tip(2, seq=10), tip(2, seq=2), to="i=2"))
    assert ids(going.events)[1:] == ["1767225602000-2", "1767225602000-10"]


def test_fault_f12_of_two_bodies_of_one_id_the_first_stays_and_the_other_is_listed(going: Station) -> None:
    first, other, third = tip(2, 25), tip(2, 26), tip(2, 27)
    going.steps(page(first, other, to="i=2"), page(third, to="i=3"), page(first, to="i=3"))
    assert [e.tokens for e in going.events[1:]] == [25]
    said = "its id is stored already, with another body"
    assert sorted(going.rejected) == [(json.dumps(one).encode(), said, 1) for one in (other, third)]
    going.step(page(other, to="i=4"))
    assert [count for *_, count in sorted(going.rejected)] == [2, 1]


def test_fault_f12_the_same_body_written_otherwise_is_the_same_event(going: Station) -> None:
    first = tip(2)
    turned = dict(reversed(first.items()))
    going.steps(page(first, to="i=2"), page(json.dumps(turned, indent=2).encode(), to="i=3"))
    assert (len(going.events), going.rejected) == (2, [])


@pytest.mark.parametrize("odd", ODD_IDS, ids=repr)
def test_fault_f13_an_event_without_a_usable_id_gets_one_from_its_text(going: Station, odd: object) -> None:
    element = body(odd, tip={"tokens": 5})
    going.steps(page(element, to="i=2"), page(element, to="i=3"))
    stored = going.events[-1]
    assert (len(going.events), stored.tokens, stored.happened_at, stored.event_id[:2]) == (2, 5, None, "h:")
    with going.db.read() as conn:
        assert coverage.made_ids(conn, going.stream.id) == 1


def test_fault_f13_equal_events_without_ids_are_as_many_as_a_page_holds(going: Station) -> None:
    element = {"method": "tip", "object": {"broadcaster": ROOM, "tip": {"tokens": 5}}}
    for _ in range(2):
        going.step(page(element, element, to="i=2"))
    assert [e.tokens for e in going.events[1:]] == [5, 5]


def test_fault_f14_a_method_nobody_knows_is_kept_under_its_name(going: Station) -> None:
    going.steps(
        page(event(2, "fanclubGift", colour="blue"), to="i=2"), page(event(3, "fanclubGift"), to="i=3")
    )
    assert [e.method for e in going.events[1:]] == ["fanclubGift", "fanclubGift"]
    assert b"blue" in raw(going, ID)


@pytest.mark.parametrize(
    "payload",
    [
        {"user": [], "tip": {"tokens": 1}},
        *({"user": {"username": "viewer_one"}, "tip": {"tokens": value}} for value in ("25", True, 5.5, -1, 2**63, None)),
        {"user": "viewer_one", "tip": []},
        {"user": {"username": 5}, "message": "x", "media": 1, "subject": []},
    ],
)  # fmt: skip
def test_fault_f14_wrong_shapes_are_stored_without_an_amount(going: Station, payload: dict[str, Any]) -> None:
    going.step(page(event(1.5), body(**payload), event(2.5), to="i=2"))
    stored = going.events[2]
    assert (stored.event_id, going.rejected, len(going.events)) == (ID, [], 4)
    assert stored.tokens == (1 if payload["user"] == [] else None)
    assert json.loads(raw(going, ID))["object"] == {"broadcaster": ROOM, **payload}
    assert rows(going, schema.person_total) > 0


def test_fault_g1_nul_and_half_characters_are_marked_and_their_neighbours_unharmed(going: Station) -> None:
    said = event(2, "chatMessage", "viewer\0_\ud83d", message={"message": "a\0b\udc00c"})
    going.step(page(event(1.5), said, event(2.5), to="i=2"))
    stored = going.events[2]
    assert (stored.actor, stored.text) == ("viewer\ufffd_\ufffd", "a\ufffdb\ufffdc")
    assert (len(going.events), going.stream.cursor, going.rejected) == (4, "i=2", [])
    assert b"\\u0000" in raw(going, ID)


@pytest.mark.parametrize(
    "bad",
    [
        b'{"method":"tip","id":"1767225602000-0","x":"\xff\xfe"}',
        b'\xef\xbb\xbf{"method":"tip","id":"1767225602000-0"}',
        b'{"method":"tip","id":"1767225602000-0","x":NaN}',
        b'{"method":"tip","id":"1767225602000-0","x":Infinity}',
        b'{"method":"tip","id":"1767225602000-0","x":' + b"9" * 5000 + b"}",
        b'{"method":"tip","id":"1767225602000-0","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"null",
        b"[]",
        b'{"id":"1767225602000-0"}',
        b'{"method":"tip"}',
    ],
    ids=lambda bad: repr(bad[:50]),
)
def test_fault_f16_what_cannot_be_read_is_kept_aside_and_its_siblings_are_stored(
    going: Station, bad: bytes
) -> None:
    going.steps(*[page(event(1.5), bad, event(2.5), to="i=2")] * 2)
    assert ids(going.events)[1:] == ["1767225601500-0", "1767225602500-0"]
    ((kept, _, count),) = going.rejected
    assert (kept, count, going.stream.cursor) == (bad[: coverage.MAX_REJECTED], 2, "i=2")


def test_fault_f16_a_byte_order_mark_before_the_page_is_passed_over(going: Station) -> None:
    good = page(event(2), to="i=2")
    going.step(Said(200, b"\xef\xbb\xbf" + good.body))
    assert ids(going.events)[1:] == [ID]


def test_a_visitor_who_is_not_logged_in_is_counted_and_is_nobody(going: Station) -> None:
    before = rows(going, schema.person)
    going.step(page(event(2, "userEnter", "Anonymous"), event(3, "userLeave", "Anonymous"), to="i=2"))
    assert [(e.method, e.actor) for e in going.events[1:]] == [("userEnter", None), ("userLeave", None)]
    assert (rows(going, schema.person), rows(going, schema.visit)) == (before, 0)


def test_a_visitor_who_is_logged_in_is_a_person_with_a_visit(going: Station) -> None:
    going.step(page(event(2, "userEnter", "viewer_two"), event(3, "userLeave", "viewer_two"), to="i=2"))
    assert rows(going, schema.visit) == 1


REFUSE = {
    "sqlite": (
        "CREATE TRIGGER refuses BEFORE INSERT ON event WHEN NEW.text = 'unbearable' "
        "BEGIN SELECT RAISE(ABORT, 'refused'); END"
    ),
    "postgresql": "ALTER TABLE event ADD CONSTRAINT refuses CHECK (text <> 'unbearable')",
}


def test_what_the_database_refuses_is_kept_aside_and_the_rest_of_the_page_is_stored(going: Station) -> None:
    going.run(lambda conn: conn.execute(text(REFUSE[conn.dialect.name])))
    bad = event(2, "chatMessage", "viewer_two", message={"message": "unbearable"})
    going.step(page(event(1.5), bad, event(2.5), to="i=2"))
    assert ids(going.events)[1:] == ["1767225601500-0", "1767225602500-0"]
    assert going.rejected == [(json.dumps(bad).encode(), "the database refused it", 1)]
    assert going.stream.cursor == "i=2"


@pytest.mark.parametrize(("kind", "figures"), [(Kind.LIVE, 1), (Kind.TESTBED, 0)])
def test_the_testbed_counts_in_no_figure(
    database: Database, tmp_path: Path, kind: Kind, figures: int
) -> None:
    with listening(database, tmp_path, kind=kind) as station:
        station.step(page(tip(0), to="i=1"))
        assert rows(station, schema.event) == 1
        assert rows(station, schema.person_total) == figures
