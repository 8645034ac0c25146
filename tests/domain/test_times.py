"""Times as people write them: a table of cases, and the days on which clocks change."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mhc.domain.clock import iso_z
from mhc.domain.times import (
    Range,
    ago,
    duration,
    parse_duration,
    parse_instant,
    parse_range,
    start_of_day,
)

NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
# A Monday, the day after New York's clocks went forward.
NOW = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)


def instant(text: str, now: datetime = NOW, tz: ZoneInfo = NEW_YORK) -> str:
    return iso_z(parse_instant(text, now=now, tz=tz))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-03-09T12:00:00Z"),
        ("today", "2026-03-09T04:00:00Z"),
        ("yesterday", "2026-03-08T05:00:00Z"),
        ("Tomorrow", "2026-03-10T04:00:00Z"),
        ("2d", "2026-03-07T13:00:00Z"),
        ("-2d", "2026-03-07T13:00:00Z"),
        ("2 days ago", "2026-03-07T13:00:00Z"),
        ("3 days", "2026-03-06T13:00:00Z"),
        ("36h", "2026-03-08T00:00:00Z"),
        ("1h30m", "2026-03-09T10:30:00Z"),
        ("1h 30m ago", "2026-03-09T10:30:00Z"),
        ("1.5h", "2026-03-09T10:30:00Z"),
        ("5 min ago", "2026-03-09T11:55:00Z"),
        ("0d", "2026-03-09T12:00:00Z"),
        ("2w", "2026-02-23T13:00:00Z"),
        ("1mo", "2026-02-09T13:00:00Z"),
        ("1y 2mo", "2025-01-09T13:00:00Z"),
        ("2026-03-01", "2026-03-01T05:00:00Z"),
        ("2026-03-01 10:00", "2026-03-01T15:00:00Z"),
        ("  2026-03-01   10:00  ", "2026-03-01T15:00:00Z"),
        ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z"),
        ("2026-03-01t10:00:00z", "2026-03-01T10:00:00Z"),
        ("2026-03-01T10:00+02:00", "2026-03-01T08:00:00Z"),
        ("2026-03-01 10:00 -0530", "2026-03-01T15:30:00Z"),
        ("2026-03-01T10:00:00-05", "2026-03-01T15:00:00Z"),
        ("2026-03-01 10:00:00.25 UTC", "2026-03-01T10:00:00.250Z"),
        ("2026-03-01 10:00 Europe/Berlin", "2026-03-01T09:00:00Z"),
        ("2026-03-01 Europe/Berlin", "2026-02-28T23:00:00Z"),
        ("10:00", "2026-03-09T14:00:00Z"),
        ("yesterday 22:00", "2026-03-09T02:00:00Z"),
        ("mon", "2026-03-09T04:00:00Z"),
        ("Tuesday", "2026-03-03T05:00:00Z"),
        ("sun", "2026-03-08T05:00:00Z"),
        ("mon 07:00", "2026-03-09T11:00:00Z"),
        ("mon 11:00", "2026-03-02T16:00:00Z"),
        ("@1709251200", "2024-03-01T00:00:00Z"),
        ("@1709251200.5", "2024-03-01T00:00:00.500Z"),
    ],
)
def test_a_text_means_an_instant(text: str, expected: str) -> None:
    assert instant(text) == expected


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("03/04/2026", "2026-03-04 or 2026-04-03"),
        ("20260301", "write 2026-03-01"),
        ("march", '"2026-03-01"'),
        ("2M", "5min for minutes, 2mo for months"),
        ("1.5d", "36h"),
        ("5pm", '"10:00"'),
        ("10:70", '"10:00"'),
        ("24:00", '"10:00"'),
        ("2026-02-30", '"2026-03-01"'),
        ("2026-03-01 10:00 Mars/Base", '"2026-03-01 10:00"'),
        ("+2d", "lies in the past"),
        ("", '"2d"'),
        ("5 apples", '"2d"'),
        ("2d3", '"2d"'),
        ("-2d ago", '"2d"'),
        ("\u0661d", '"2d"'),
        ("x" * 5000, "…"),
        ("99999999y", "too far away"),
        ("9999-12-31", "too far away"),
        ("@999999999999", "too far away"),
        ("session", "no session to count from"),
    ],
)
def test_what_is_no_time_is_refused_with_a_nearby_form(text: str, near: str) -> None:
    with pytest.raises(ValueError, match=re.escape(near)) as caught:
        instant(text)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("text", "near", "tz", "expected"),
    [
        ("20:00", "2026-02-10T19:40Z", BERLIN, "2026-02-10T19:00:00Z"),
        ("23:30", "2026-02-10T23:10Z", BERLIN, "2026-02-10T22:30:00Z"),  # there it is past midnight
        ("00:30", "2026-02-10T22:50Z", BERLIN, "2026-02-10T23:30:00Z"),
        (
            "20:00:30",
            "2026-02-10T06:00Z",
            BERLIN,
            "2026-02-09T19:00:30Z",
        ),  # eleven hours before, not thirteen after
        ("20:00Z", "2026-02-10T19:40Z", BERLIN, "2026-02-10T20:00:00Z"),
        # On the night of 23 hours noon is eleven from one midnight, on that of 25 thirteen.
        ("12:00", "2026-03-28T23:00Z", BERLIN, "2026-03-29T10:00:00Z"),
        ("12:00", "2026-10-24T22:00Z", BERLIN, "2026-10-24T10:00:00Z"),
        ("02:30", "2026-10-25T01:40Z", BERLIN, "2026-10-25T00:30:00Z"),
        # What has a day, or is none of the clock, is not moved.
        ("2026-03-01 10:00", "2026-02-10T19:40Z", BERLIN, "2026-03-01T09:00:00Z"),
        ("today", "2026-02-10T19:40Z", BERLIN, "2026-03-08T23:00:00Z"),
        ("2h", "2026-02-10T19:40Z", BERLIN, "2026-03-09T10:00:00Z"),
    ],
)
def test_a_time_of_day_is_the_nearest_to_an_instant(
    text: str, near: str, tz: ZoneInfo, expected: str
) -> None:
    at = parse_instant(text, now=NOW, tz=tz, near=datetime.fromisoformat(near))
    assert iso_z(at) == expected


@pytest.mark.parametrize(
    ("text", "tz", "expected"),
    [
        # A time that does not exist moves on by the gap.
        ("2026-03-08 02:30", NEW_YORK, "2026-03-08T07:30:00Z"),
        ("2026-03-29 02:30", BERLIN, "2026-03-29T01:30:00Z"),
        ("2026-10-04 02:15", LORD_HOWE, "2026-10-03T15:45:00Z"),
        # Of a time that comes twice, the first.
        ("2026-11-01 01:30", NEW_YORK, "2026-11-01T05:30:00Z"),
        ("2026-10-25 02:30", BERLIN, "2026-10-25T00:30:00Z"),
        ("2026-04-05 01:45", LORD_HOWE, "2026-04-04T14:45:00Z"),
        # A midnight that does not exist: the day begins when it begins.
        ("2026-03-08", ZoneInfo("America/Havana"), "2026-03-08T05:00:00Z"),
    ],
)
def test_clocks_that_change(text: str, tz: ZoneInfo, expected: str) -> None:
    assert instant(text, tz=tz) == expected


@pytest.mark.parametrize(
    ("now", "tz", "text", "expected"),
    [
        ("2026-03-08T16:00Z", NEW_YORK, "1d", "2026-03-07T17:00:00Z"),  # noon to noon: 23 hours
        ("2026-03-08T16:00Z", NEW_YORK, "24h", "2026-03-07T16:00:00Z"),
        ("2026-03-09T06:30Z", NEW_YORK, "1d", "2026-03-08T07:30:00Z"),  # into the gap
        ("2026-11-01T06:30Z", NEW_YORK, "0d", "2026-11-01T06:30:00Z"),  # the second 01:30 stays the second
        ("2026-11-02T06:30Z", NEW_YORK, "1d", "2026-11-01T05:30:00Z"),  # the first of two
        ("2026-03-30T10:00Z", BERLIN, "1w", "2026-03-23T11:00:00Z"),
        ("2026-10-04T12:00Z", LORD_HOWE, "1d", "2026-10-03T12:30:00Z"),
        ("2026-03-31T12:00Z", BERLIN, "1mo", "2026-02-28T13:00:00Z"),
        ("2028-02-29T12:00Z", BERLIN, "1y", "2027-02-28T12:00:00Z"),
        ("2026-03-09T06:30Z", NEW_YORK, "1d 1h", "2026-03-08T06:30:00Z"),  # days first, then exact hours
    ],
)
def test_days_keep_the_time_of_day_and_hours_are_exact(
    now: str, tz: ZoneInfo, text: str, expected: str
) -> None:
    assert instant(text, at(now), tz) == expected


@pytest.mark.parametrize(
    ("day", "tz", "hours"),
    [
        ("2026-03-08", NEW_YORK, 23.0),
        ("2026-11-01", NEW_YORK, 25.0),
        ("2026-03-29", BERLIN, 23.0),
        ("2026-10-25", BERLIN, 25.0),
        ("2026-10-04", LORD_HOWE, 23.5),
        ("2026-04-05", LORD_HOWE, 24.5),
    ],
)
def test_a_day_as_until_includes_the_whole_of_it(day: str, tz: ZoneInfo, hours: float) -> None:
    found = parse_range(day, day, now=NOW, tz=tz)
    assert found.start is not None
    assert found.end is not None
    assert found.end - found.start == timedelta(hours=hours)
    assert found.end == start_of_day(date.fromisoformat(day) + timedelta(days=1), tz)


def test_a_range_is_half_open() -> None:
    found = parse_range("2026-03-01", "2026-03-02 10:00", now=NOW, tz=NEW_YORK)
    assert found == Range(at("2026-03-01T05:00Z"), at("2026-03-02T15:00Z"))
    assert at("2026-03-01T05:00Z") in found
    assert at("2026-03-02T15:00Z") not in found
    assert NOW in Range()
    assert parse_range(None, None, now=NOW, tz=NEW_YORK) == Range()


@pytest.mark.parametrize(
    ("until", "end"),
    [("today", "2026-03-10T04:00Z"), ("sun", "2026-03-09T04:00Z"), ("now", "2026-03-09T12:00Z")],
)
def test_words_for_days_are_days(until: str, end: str) -> None:
    assert parse_range(None, until, now=NOW, tz=NEW_YORK).end == at(end)


def test_since_after_until_is_refused() -> None:
    with pytest.raises(ValueError, match=r"begins .* after it ends"):
        parse_range("today", "2d", now=NOW, tz=NEW_YORK)


def test_anchors_are_asked_for_by_name() -> None:
    known = {"session:12": at("2026-02-01T20:00Z"), "last-run": at("2026-02-02T20:00+01:00")}
    found = parse_range("Session:12", "last-run", now=NOW, tz=NEW_YORK, anchors=known.get)
    assert found == Range(at("2026-02-01T20:00Z"), at("2026-02-02T19:00Z"))
    assert parse_instant("last-run:db-backup", now=NOW, tz=NEW_YORK, anchors=lambda _name: NOW) == NOW
    with pytest.raises(ValueError, match="is no time"):
        parse_instant("last-run:", now=NOW, tz=NEW_YORK, anchors=lambda _name: NOW)
    with pytest.raises(ValueError, match="no last-session to count from"):
        parse_instant("last-session", now=NOW, tz=NEW_YORK, anchors=known.get)


def test_a_clock_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        parse_instant("today", now=NOW.replace(tzinfo=None), tz=NEW_YORK)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10m", 600), ("90s", 90), ("1h30m", 5400), ("1.5h", 5400), ("2 days", 172800), ("0s", 0)],
)
def test_a_text_means_a_length(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "10", "m", "-5m", "1mo", "1y", "10m ago", "999999999w"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"length of time|too long"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"), (42, "42s"), (60, "1m 00s"), (303, "5m 03s"), (3900, "1h 05m"), (3959, "1h 05m"),
        (86400, "1d 00h"), (183600, "2d 03h"), (-42, "-42s"), (0.4, "0s"), (-0.4, "0s"),
    ],
)  # fmt: skip
def test_a_length_is_written_in_two_units(seconds: float, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "now"), (42, "42s ago"), (-300, "in 5m"), (300, "5m ago"), (7200, "2h ago"), (86400, "1d ago"),
        (59 * 86400, "59d ago"), (61 * 86400, "2mo ago"), (800 * 86400, "2y ago"),
    ],
)  # fmt: skip
def test_how_long_ago(seconds: int, text: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == text


def test_milliseconds_show_only_where_there_are_some() -> None:
    assert iso_z(at("2026-01-01T01:00+01:00")) == "2026-01-01T00:00:00Z"
    assert iso_z(NOW + timedelta(microseconds=250_999)) == "2026-03-09T12:00:00.250Z"
    assert iso_z(NOW + timedelta(microseconds=999)) == "2026-03-09T12:00:00Z"
    with pytest.raises(ValueError, match="without a zone"):
        iso_z(NOW.replace(tzinfo=None))
