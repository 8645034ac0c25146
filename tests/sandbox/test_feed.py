"""What has happened by a given show time, and for how long it may be asked for."""

import itertools
from datetime import UTC, datetime

import pytest

from mhc.sandbox.feed import ExpiredError, Feed, Pace
from mhc.sandbox.show import iter_events

START = datetime(2026, 1, 1, tzinfo=UTC)
START_MS = 1767225600000
IDS = [event["id"] for event in iter_events(start=START, events=500)]


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def feed_of(clock: Clock, speed: float = 1, retention: int | None = None, wall_ms: int | None = None) -> Feed:
    pace = Pace(clock, clock(), START_MS, speed, wall_ms)
    return Feed(iter_events(start=START, events=500), pace, retention)


def ids(feed: Feed, cursor: str | None = None, limit: int = 1_000) -> list[str]:
    return [entry.id for entry in feed.wait_for_page(cursor, limit, timeout=0)]


def happened_by(ms: int) -> list[str]:
    return list(itertools.takewhile(lambda event_id: int(event_id.split("-")[0]) <= ms, IDS))


@pytest.mark.parametrize("speed", [0.5, 1, 10])
def test_events_come_when_show_time_reaches_them(speed: float) -> None:
    clock = Clock()
    feed = feed_of(clock, speed)
    assert ids(feed) == IDS[:1]
    clock.seconds += 30
    assert ids(feed) == happened_by(START_MS + int(30_000 * speed))


def test_show_time_never_overtakes_the_time_of_day() -> None:
    clock = Clock()
    feed = feed_of(clock, speed=1_000, wall_ms=START_MS + 60_000)
    clock.seconds += 5
    assert ids(feed) == happened_by(START_MS + 65_000)


def test_at_speed_zero_everything_up_to_the_time_of_day_is_there() -> None:
    assert ids(feed_of(Clock(), speed=0)) == IDS
    assert ids(feed_of(Clock(), speed=0, wall_ms=START_MS + 60_000)) == happened_by(START_MS + 60_000)


def test_a_cursor_without_a_sequence_stands_before_its_millisecond() -> None:
    feed = feed_of(Clock())
    assert ids(feed, str(START_MS)) == IDS[:1]
    assert ids(feed, f"{START_MS}-0") == []


def test_a_cursor_older_than_the_retention_has_expired() -> None:
    clock = Clock()
    feed = feed_of(clock, retention=10)
    clock.seconds += 36_000
    assert ids(feed, IDS[489]) == ids(feed) == IDS[490:]
    with pytest.raises(ExpiredError):
        ids(feed, IDS[488])


@pytest.mark.parametrize("cursor", ["nonsense", "1-2-3", "-1", "1" * 30])
def test_a_cursor_that_is_none_has_expired_too(cursor: str) -> None:
    with pytest.raises(ExpiredError):
        ids(feed_of(Clock()), cursor)


def test_at_speed_zero_a_retention_loses_nothing_for_who_reads_on() -> None:
    feed = feed_of(Clock(), speed=0, retention=20)
    seen: list[str] = []
    while page := ids(feed, seen[-1] if seen else None, limit=100):
        seen += page
    assert seen == IDS


def test_earlier_events_come_first_when_asked_for() -> None:
    entries = feed_of(Clock(), speed=0).wait_for_page(IDS[9], 5, timeout=0, back=3)
    assert [entry.id for entry in entries] == IDS[7:15]
