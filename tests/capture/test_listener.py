"""The listener goes on: cursor, coverage, pace, and the gaps that it finds."""

import pytest
from sqlalchemy import delete, update

from listening import BROKEN, TOKEN, Said, Station, at, event, ids, page, tip
from mhc.store import coverage, follows, payment_quarters, payments, sessions
from mhc.store.counting import Scope
from mhc.store.pages import LeaseLostError
from mhc.store.schema import follow_change, payment_quarter
from mhc.store.schema import stream as streams

FAILURES = [
    Said(500), Said(502), Said(429), Said(401), Said(403), Said(404), Said(410), Said(302),
    Said(400, b"<html>"), Said(200, b"<html>"), Said(200, b'{"events": [{"method": "tip", '),
]  # fmt: skip


def test_the_first_start_leaves_a_certain_gap_without_a_beginning(station: Station) -> None:
    station.step(page(event(-30), event(0.5), to="i=1"))
    with station.db.read() as conn:
        (gap,) = coverage.gaps(conn)
    assert (gap.from_at, gap.to_at, gap.cause, gap.certainty) == (None, at(-30), "first start", "certain")
    assert station.covered == [(at(-30), at(1))]


def test_a_first_page_without_events_covers_from_now_on(station: Station) -> None:
    station.steps(page(to="i=1"), page(to="i=1"))
    assert station.covered == [(at(1), at(2))]


def test_each_poll_asks_from_where_the_last_one_led_word_for_word(station: Station) -> None:
    strange = "i=1767225675500-0&x=%2F+a&&timeout=0"
    station.steps(page(event(0), to="i=5"), page(event(1), to=strange), page(to="i=7"))
    assert station.feed.cursors == ["timeout=10", "i=5", strange]
    assert station.stream.cursor == "i=7"


def test_another_process_goes_on_where_the_last_one_was(going: Station) -> None:
    again = Station(going.db, going.feed, going.folder)
    going.lock.release()
    again.lock.acquire("example_room")
    again.listener.acquire()
    again.step(page(event(2), to="i=2"))
    again.close()
    assert again.feed.cursors[-1] == "i=1"
    assert (going.stream.cursor, going.gaps) == ("i=2", [])


def test_a_start_keeps_what_a_listener_of_an_older_version_did_not(going: Station) -> None:
    """That one went on with the newer schema for a while, and knew nothing of what is kept beside the events."""
    follow = event(2, "follow", user={"username": "viewer_one"})
    going.step(page(tip(1.5), follow, to="i=2"))
    going.run(lambda conn: conn.execute(delete(payment_quarter)))
    going.run(lambda conn: conn.execute(update(follow_change).values(is_last=False)))
    again = Station(going.db, going.feed, going.folder)
    going.lock.release()
    again.lock.acquire("example_room")
    again.listener.acquire()
    again.close()
    with going.db.read() as conn:
        assert (payment_quarters.differences(conn), follows.differences(conn)) == (0, 0)
        assert [one.tokens for one in payments.list_all(conn, Scope())] != []


def test_events_cursor_coverage_and_time_of_the_poll_are_there_together(going: Station) -> None:
    going.step(page(tip(1.5), event(1.7), to="i=2"))
    stream = going.stream
    assert ids(going.events) == [ids(going.events)[0], "1767225601500-0", "1767225601700-0"]
    assert (stream.cursor, stream.cursor_at, stream.last_poll_ok_at) == ("i=2", at(2), at(2))
    assert going.covered == [(at(0.5), at(2))]


def test_a_stop_of_which_no_start_is_known_is_noted_once(
    going: Station, caplog: pytest.LogCaptureFixture
) -> None:
    going.step(page(event(1.2, "broadcastStop"), to="i=2"))
    going.step(page(event(1.2, "broadcastStop"), event(2.1, "broadcastStart"), to="i=3"))
    going.step(page(event(3.1, "broadcastStop"), event(3.2, "broadcastStart"), to="i=4"))
    going.step(page(event(4.1, "broadcastStart"), event(4.2, "broadcastStop"), to="i=5"))
    going.run(lambda conn: sessions.start(conn, going.stream.room_id, at(5), None))
    going.step(page(event(6.1, "broadcastStop"), to="i=6"))  # in a session that somebody began by hand
    said = [one.getMessage() for one in caplog.records if "no start" in one.getMessage()]
    assert said == [
        "example_room: a show stopped at 2026-01-01T00:00:01.200Z of which no start is known: mhc session add"
    ]


@pytest.mark.parametrize("said", FAILURES, ids=lambda said: f"{said.status} {said.body[:6].decode()}")
def test_a_failure_moves_nothing(going: Station, said: Said) -> None:
    before = going.stream
    more, _ = going.step(said)
    after = going.stream
    assert more
    assert (after.cursor, after.cursor_at, after.last_poll_ok_at) == ("i=1", before.cursor_at, at(1))
    assert (going.covered, going.gaps, len(going.events)) == ([(at(0.5), at(1))], [], 1)
    going.step(page(event(2), to="i=2"))
    assert going.feed.cursors[-2:] == ["i=1", "i=1"]
    assert going.covered == [(at(0.5), at(3))]


def test_nothing_is_kept_where_the_database_refuses_the_cursor(going: Station) -> None:
    """A page is kept whole or not at all."""
    going.run(lambda conn: conn.execute(update(streams).values(epoch=streams.c.epoch + 1)))
    with pytest.raises(LeaseLostError):
        going.step(page(tip(1.5), to="i=2"))
    assert (going.stream.cursor, len(going.events), going.covered) == ("i=1", 1, [(at(0.5), at(1))])


def test_pages_that_follow_each_other_cover_one_time(going: Station) -> None:
    going.steps(page(to="i=1"), page(event(2.5), to="i=2"), page(to="i=2", takes=60))
    assert going.covered == [(at(0.5), at(63))]
    assert going.gaps == []


def test_an_absence_that_the_server_has_bridged_before_is_no_gap(going: Station) -> None:
    going.clock.seconds = 1000
    going.step(page(event(2), to="i=2"))
    assert going.stream.served_age_max == 999_000
    assert going.gaps == [(at(1), at(2), "away", "possible")]
    assert going.covered == [(at(0.5), at(1)), (at(2), at(1001))]
    going.clock.seconds = 1900
    going.step(page(event(1850), to="i=3"))
    assert len(going.gaps) == 1
    assert going.covered[-1] == (at(2), at(1901))


def test_an_absence_longer_than_any_bridged_before_may_have_lost_something(going: Station) -> None:
    going.clock.seconds = 1000
    going.step(page(to="i=1"))
    assert going.gaps == [(at(1), at(1001), "away", "possible")]
    assert going.covered == [(at(0.5), at(1)), (at(1001), at(1001))]


def test_two_minutes_without_a_good_poll_are_no_absence(going: Station) -> None:
    going.clock.seconds = 120
    going.step(page(to="i=1"))
    assert (going.gaps, going.covered) == ([], [(at(0.5), at(121))])


def test_a_400_that_leads_on_is_an_empty_poll(going: Station) -> None:
    assert going.step(page(to="i=9", status=400)) == (False, 0)
    assert (going.stream.cursor, going.gaps, going.covered) == ("i=9", [], [(at(0.5), at(2))])


def test_a_400_that_leads_on_after_an_absence_may_have_lost_something(going: Station) -> None:
    going.clock.seconds = 1000
    going.step(page(event(2), to="i=2"))
    going.clock.seconds = 1500
    going.step(page(to="i=9", status=400))
    assert going.stream.cursor == "i=9"
    assert going.gaps[1:] == [(at(1001), at(1501), "waited too long", "possible")]


def test_a_page_is_followed_at_once_and_an_empty_one_too(station: Station) -> None:
    assert station.step(page(event(0), to="i=1")) == (True, 0)
    assert station.step(page(to="i=1")) == (False, 0)


def test_five_instant_empty_answers_are_followed_by_a_second(going: Station) -> None:
    instant, held = page(to="i=1", takes=0.1), page(to="i=1", takes=10)
    assert going.steps(*[instant] * 6) == [0, 0, 0, 0, 1, 1]
    assert going.steps(held, *[instant] * 5) == [0, 0, 0, 0, 0, 1]
    assert going.steps(page(event(9), to="i=2", takes=0.1), instant) == [0, 0]


def test_a_cursor_that_stays_while_events_come_is_asked_once_a_second(going: Station) -> None:
    same = page(event(1.5), to="i=1", takes=0.1)
    assert [going.step(same), going.step(same)] == [(False, 1), (False, 1)]
    assert len(going.events) == 2


def test_no_minute_holds_more_than_1000_requests(going: Station) -> None:
    going.let_waits_pass()
    going.steps(*[page(to="i=1", takes=0.01)] * 5)
    for _ in range(2100):
        going.step(Said(500, takes=0.02))
    asked = going.feed.asked_at
    assert asked[1000] >= 60
    spans = [late - early for early, late in zip(asked, asked[1000:], strict=False)]
    assert min(spans) == pytest.approx(60)


def test_after_a_minute_of_good_polls_a_failure_is_the_first_again(going: Station) -> None:
    assert going.steps(Said(500), Said(500))[1] >= 0
    going.steps(*[page(to="i=1", takes=31)] * 3)
    tries = going.options.backoff._tries
    assert tries == {}


def test_a_lost_connection_is_tried_again_at_once(going: Station) -> None:
    assert going.step(BROKEN) == (True, 0)
    assert 0 < going.step(BROKEN)[1] <= 1
    assert going.stream.cursor == "i=1"


def test_what_a_server_asks_for_is_waited(going: Station) -> None:
    assert going.step(Said(429, headers={"Retry-After": "17"})) == (True, 17)


def test_a_listener_that_was_stopped_asks_no_more(going: Station) -> None:
    going.listener.stop()
    asked = len(going.feed.asked)
    assert going.listener.step() == (False, 0)
    assert len(going.feed.asked) == asked


def test_new_events_are_handed_on_once(going: Station) -> None:
    heard: list[str] = []
    going.options.on_events = lambda _stream, new: heard.extend(one.event.id.text for one in new)
    going.steps(page(event(1), event(2), to="i=2"), page(event(2), event(3), to="i=3"))
    assert heard == [f"176722560{n}000-0" for n in (1, 2, 3)]


def test_the_token_is_stored_nowhere(going: Station) -> None:
    body = event(2, "chatMessage", message={"message": f"{going.feed.url}/events/example_room/{TOKEN}/"})
    going.step(page(body, to="i=2"))
    assert TOKEN not in str(going.events)
    assert TOKEN not in str(going.stream)
