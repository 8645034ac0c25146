"""What the feed refuses, and where the listener goes then."""

from pathlib import Path

import pytest

import wire
from listening import BROKEN, HTML, TOKEN, Said, Station, at, event, listening, page, target
from mhc.errors import AccessError, DataError, TryLaterError, UnavailableError
from mhc.store.database import Database
from wire import Wire

REFUSED = Said(401, b"Unauthorized", HTML)
LOST = Said(400, b"You waited too long. Please start over using 'nextUrl'")
GIBBERISH = Said(200, b"<!DOCTYPE html><html></html>", HTML)


# The token.


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_token_that_never_worked_ends_the_listener_after_three_probes(
    station: Station, status: int
) -> None:
    refused = Said(status, b"no")
    assert station.steps(refused, refused) == [5, 5]
    with pytest.raises(AccessError) as raised:
        station.step(refused)
    assert raised.value.status == 77
    assert TOKEN not in raised.value.message
    assert station.events == []


@pytest.mark.parametrize("status", [401, 403])
def test_fault_f3_a_single_refusal_is_harmless(station: Station, status: int) -> None:
    once = [Said(status), Said(status), page(event(0), to="i=1")]
    again = [Said(status), Said(status), page(event(1), to="i=2")]
    assert station.steps(*once, *again) == [5, 5, 0, 5, 5, 0]
    assert station.gaps == []


def test_fault_f4_a_token_that_is_refused_later_is_waited_for_and_another_goes_on(going: Station) -> None:
    assert going.steps(REFUSED, REFUSED, REFUSED, REFUSED) == [5, 5, 300, 300]
    going.client.use_token("NEW0TOKEN")
    going.step(page(event(2), to="i=2"))
    assert going.feed.asked[-2:] == [target("i=1"), target("i=1", "NEW0TOKEN")]
    assert (going.stream.cursor, len(going.events)) == ("i=2", 2)


def test_fault_f4_the_token_is_read_again_at_each_wait_and_the_same_one_ends_no_wait(going: Station) -> None:
    read: list[bool] = []
    going.options.on_refused = lambda: read.append(going.client.use_token("NEW0TOKEN"))
    assert going.steps(REFUSED, REFUSED, REFUSED, REFUSED) == [5, 5, 300, 300]
    assert read == [True, False]
    going.step(page(event(2), to="i=2"))
    assert going.feed.asked[-1] == target("i=1", "NEW0TOKEN")


def test_fault_f4_who_asked_to_leave_leaves_when_the_token_is_refused_later(
    database: Database, tmp_path: Path
) -> None:
    with listening(database, tmp_path, exit_on_auth=True) as station:
        station.steps(page(event(0), to="i=1"), REFUSED, REFUSED)
        with pytest.raises(AccessError):
            station.step(REFUSED)


def test_a_room_that_is_gone_is_a_refusal_only_at_the_base_url(going: Station) -> None:
    missing = Said(404, b"<html>", HTML)
    assert going.steps(*[missing] * 4) == [1, 2, 4, 0]
    assert going.steps(missing, missing, missing) == [5, 5, 300]
    assert going.feed.cursors[1:] == ["i=1"] * 4 + ["timeout=10"] * 3
    assert going.stream.cursor == "i=1"


# The place in the feed.


@pytest.mark.parametrize("lost", [LOST, Said(404), Said(410), page(next_url=None, status=400)])
def test_fault_f7_a_lost_place_is_given_up_only_for_another(going: Station, lost: Said) -> None:
    assert going.steps(lost, lost, lost) == [1, 2, 4]
    assert going.step(lost) == (True, 0)
    assert going.step(Said(502))[0]
    assert (going.stream.cursor, going.gaps) == ("i=1", [])
    beyond = going.clock.seconds
    going.step(page(event(beyond - 3), event(beyond), to="i=9"))
    assert going.feed.cursors == ["timeout=10", *["i=1"] * 4, "timeout=10", "timeout=10"]
    assert going.stream.cursor == "i=9"
    assert going.gaps == [(at(1), at(beyond - 3), "cursor lost", "possible")]
    assert going.covered == [(at(0.5), at(1)), (at(beyond - 3), at(beyond + 1))]
    going.step(page(event(beyond + 1), to="i=10"))
    assert (going.feed.cursors[-1], len(going.gaps)) == ("i=9", 1)


def test_fault_f7_a_place_that_is_found_again_was_never_lost(going: Station) -> None:
    going.steps(LOST, LOST, LOST, page(event(2), to="i=2"))
    assert (going.stream.cursor, going.gaps) == ("i=2", [])


def test_another_start_tries_the_old_place_once_more(going: Station) -> None:
    going.steps(LOST, LOST, LOST, LOST)
    again = Station(going.db, going.feed, going.folder)
    going.lock.release()
    again.lock.acquire("example_room")
    again.listener.acquire()
    again.step(page(event(2), to="i=2"))
    again.close()
    assert again.feed.cursors[-1] == "i=1"
    assert again.gaps == []


def test_the_base_url_that_is_refused_too_is_asked_with_patience(going: Station) -> None:
    going.steps(LOST, LOST, LOST, LOST)
    waits = [going.step(LOST)[1] for _ in range(8)]
    assert all(0 <= wait <= 60 for wait in waits)
    assert going.feed.cursors[-8:] == ["timeout=10"] * 8


def test_fault_f7_a_400_that_says_start_over_at_the_same_place_is_a_lost_place(going: Station) -> None:
    body = b'{"status":"Please start over using nextUrl","events":[],"nextUrl":"{base}?i=1"}'
    assert going.steps(*[Said(400, body)] * 4) == [1, 2, 4, 0]


# The next URL.


@pytest.mark.parametrize("missing", [page(event(2), next_url=None), Said(200, b'{"events":[]}')])
def test_fault_f9_without_a_next_url_the_base_url_comes_next_with_one_possible_gap(
    going: Station, missing: Said
) -> None:
    assert going.step(missing)[1] == 1
    assert (going.stream.cursor, going.gaps) == (None, [])
    going.steps(missing, missing, missing, page(event(9), to="i=3"))
    assert going.feed.cursors == ["timeout=10", "i=1", *["timeout=10"] * 4]
    ((begin, _, cause, certainty),) = going.gaps
    assert (begin, cause, certainty) == (at(2), "no cursor", "possible")


def test_one_incident_is_one_gap_also_while_events_come(going: Station) -> None:
    going.step(page(next_url=None))
    for second in range(3, 30, 3):
        going.clock.seconds = second
        going.step(page(event(second - 0.5), next_url=None))
    ((begin, end, cause, _),) = going.gaps
    assert (begin, end, cause) == (at(2), at(28), "no cursor")
    assert len(going.covered) <= 2


def test_reading_once_ends_though_no_next_url_ever_comes(database: Database, tmp_path: Path) -> None:
    with listening(database, tmp_path, once=True) as station:
        backlog = page(event(-2), event(-1), next_url=None)
        assert station.step(backlog) == (True, 1)
        assert station.step(backlog) == (False, 1)


def test_fault_f9_a_relative_next_url_is_resolved(going: Station) -> None:
    going.step(page(next_url=target("i=5")))
    going.step(page(to="i=6"))
    assert going.feed.asked[-1] == target("i=5")


FOREIGN = [
    "{other}/events/example_room/" + TOKEN + "/?i=9",
    "https://evil.example.net/events/example_room/stolen/?i=9",
    "http://user:word@127.0.0.1/events/example_room/" + TOKEN + "/?i=9",
    "http://example.org@{other}/events/?i=9", "//evil.example.net/?i=9", "file:///etc/passwd",
    "/events/other_room/" + TOKEN + "/?i=9", "{base}../?i=9",
    "{base}?i=9\r\nHost: evil.example.net", "{base}?i=" + "9" * 1_000_000, "{base}?i=" + TOKEN,
    5, 1.5, True, [], {},
]  # fmt: skip


@pytest.mark.parametrize("url", FOREIGN, ids=lambda url: str(url)[:40].strip())
def test_fault_f9_a_next_url_that_leads_elsewhere_is_not_followed_and_its_events_stay(
    going: Station, url: object
) -> None:
    with Wire(wire.reply()) as other:
        there = url.replace("{other}", other.url) if isinstance(url, str) else url
        more, wait = going.step(page(event(1.5), next_url=there))
        going.step(page(event(1.7), next_url=there))
        assert other.connections == 0
    assert more
    assert 0 <= wait <= 2
    assert (going.stream.cursor, going.stream.last_poll_ok_at, len(going.events)) == ("i=1", at(1), 3)
    going.step(page(to="i=2"))
    assert going.feed.cursors[1:] == ["i=1", "i=1", "i=1"]
    assert going.covered == [(at(0.5), at(4))]


# Answers that are no page.


def test_after_twenty_unreadable_answers_in_ten_minutes_the_place_is_given_up(going: Station) -> None:
    for _ in range(19):
        going.clock.seconds += 40
        going.step(GIBBERISH)
    going.step(BROKEN)
    assert set(going.feed.cursors[1:]) == {"i=1"}
    going.step(GIBBERISH)
    beyond = going.clock.seconds
    going.step(page(event(beyond - 5), to="i=9"))
    assert going.feed.cursors[-2:] == ["i=1", "timeout=10"]
    assert going.gaps == [(at(1), at(beyond - 5), "unreadable answers", "certain")]
    assert going.stream.cursor == "i=9"


def test_a_hundred_unreadable_answers_in_less_time_are_borne(going: Station) -> None:
    for _ in range(100):
        going.clock.seconds += 4
        going.step(GIBBERISH)
    assert set(going.feed.cursors[1:]) == {"i=1"}


def test_nineteen_unreadable_answers_in_hours_are_borne(going: Station) -> None:
    for _ in range(19):
        going.clock.seconds += 600
        going.step(GIBBERISH)
    going.step(page(event(2), to="i=2"))
    assert going.feed.cursors[-1] == "i=1"
    for _ in range(19):
        going.clock.seconds += 600
        going.step(GIBBERISH)
    going.step(page(event(3), to="i=3"))
    assert going.feed.cursors[-1] == "i=2"


def test_the_ten_minutes_begin_anew_after_a_good_answer(going: Station) -> None:
    going.steps(GIBBERISH, page(to="i=2"))
    going.clock.seconds += 700
    for _ in range(25):
        going.step(GIBBERISH)
    assert set(going.feed.cursors[3:]) == {"i=2"}


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Said(502), UnavailableError),
        (Said(429), TryLaterError),
        (GIBBERISH, DataError),
        (Said(503, b"<html>", HTML), UnavailableError),
    ],
)
def test_reading_once_gives_up_after_three_failures(
    database: Database, tmp_path: Path, said: Said, error: type[Exception]
) -> None:
    with listening(database, tmp_path, once=True) as station:
        station.steps(said, said)
        with pytest.raises(error):
            station.step(said)


def test_reading_once_gives_up_at_once_where_nobody_answers(database: Database, tmp_path: Path) -> None:
    with listening(database, tmp_path, once=True) as station:
        with pytest.raises(UnavailableError) as raised:
            station.step(BROKEN)
        assert raised.value.status == 69
        assert TOKEN not in raised.value.message
