"""What was paid in stretches of time, and the changes of a subject, on both databases."""

from collections.abc import Sequence

import pytest

from factories import ROOM, cover, happening, media, minute, store, tip
from mhc.domain.spans import Pair
from mhc.store import people, stretches
from mhc.store.database import Database
from mhc.store.streams import Kind

WHEN = [(0, 5), (5, 10), (10, 10.5), (20, 30)]


def spans(times: Sequence[tuple[float, float]] = WHEN) -> list[Pair]:
    return [(minute(begin), minute(end)) for begin, end in times]


def tokens(database: Database, without: Sequence[int] = (), *, room: str = ROOM) -> list[int]:
    with database.read() as conn:
        (number,) = people.ids_of(conn, [room]).values()
        return stretches.tokens(conn, number, spans(), without)


@pytest.fixture
def paid(database: Database) -> Database:
    with database.write() as conn:
        items = [
            tip(0, "viewer_one", 1),
            media(4.99, "viewer_two", 2),
            tip(5, "viewer_one", 4, anonymous=True),
            tip(10, "viewer_two", 8),
            tip(15, "viewer_one", 16),
            happening(25, "chatMessage", "viewer_one", message={"message": "hi"}),
        ]
        store(conn, items)
        store(conn, [tip(1, "viewer_one", 1000, room="other_room")], room="other_room", page=1)
        cover(conn, 0, 30)
    return database


def test_a_payment_counts_in_the_span_that_holds_its_instant(paid: Database) -> None:
    assert tokens(paid) == [3, 4, 8, 0]
    assert tokens(paid, room="other_room") == [1000, 0, 0, 0]
    with paid.read() as conn:
        assert stretches.tokens(conn, 1, [], []) == []


def test_who_does_not_count_still_does_unnamed(paid: Database) -> None:
    with paid.read() as conn:
        (one,) = people.ids_of(conn, ["viewer_one"]).values()

    assert tokens(paid, [one]) == [2, 4, 8, 0]


def test_a_payment_that_names_no_room_is_of_the_room_that_was_listened_to(paid: Database) -> None:
    with paid.write() as conn:
        store(conn, [tip(6, "viewer_one", 100, room=None)], page=2)

    assert tokens(paid) == [3, 104, 8, 0]
    assert tokens(paid, room="other_room") == [1000, 0, 0, 0]


def test_what_was_paid_on_the_testbed_counts_nowhere(paid: Database) -> None:
    with paid.write() as conn:
        store(conn, [tip(6, "viewer_one", 100)], kind=Kind.TESTBED, page=2)

    assert tokens(paid) == [3, 4, 8, 0]


def test_changes_of_the_subject_are_those_of_the_room_that_was_captured(database: Database) -> None:
    def change(at: float, subject: str | None, room: str = ROOM) -> None:
        with database.write() as conn:
            more = {} if subject is None else {"subject": subject}
            store(conn, [happening(at, "roomSubjectChange", room=room, **more)], room=room, page=int(at))

    for at, subject in ((1, "first"), (2, None), (3, "third"), (9, "late")):
        change(at, subject)
    change(2.5, "elsewhere", "other_room")
    with database.read() as conn:
        room = people.ids_of(conn, [ROOM])[ROOM]
        found = stretches.subjects(conn, room, minute(1), minute(9))
        before = stretches.subject_before(conn, room, minute(0), minute(3))

        assert found == [(minute(1), "first"), (minute(2), None), (minute(3), "third")]
        assert before == (minute(2), None)
        assert stretches.subject_before(conn, room, minute(4), minute(9)) is None
