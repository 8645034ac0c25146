"""When a job is due: on a grid or at times of day, once after a pause, not in quiet hours."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.schedules import Schedule, delay_of, due, next_due

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # half an hour of summer time
MINUTE = timedelta(minutes=1)
SIX_HOURS = Schedule(timedelta(hours=6))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def runs(schedule: Schedule, begin: datetime, end: datetime, step: timedelta = MINUTE) -> list[datetime]:
    """Ask each minute, as cron does, and run what is due."""
    found, last, now = [], begin - step, begin
    while now < end:
        if due(last, schedule, now):
            found.append(now)
            last = now
        now += step
    return found


def test_a_job_that_never_ran_is_due_at_once() -> None:
    assert due(None, SIX_HOURS, at("2026-03-01T03:17Z"))
    assert next_due(None, SIX_HOURS, at("2026-03-01T03:17Z")) == at("2026-03-01T03:17Z")


def test_an_interval_lies_on_a_grid_and_does_not_wander() -> None:
    found = runs(SIX_HOURS, at("2026-03-01T00:01:30Z"), at("2026-03-02T12:00Z"))
    assert [f"{one:%H:%M:%S}" for one in found] == [
        "06:00:30",
        "12:00:30",
        "18:00:30",
        "00:00:30",
        "06:00:30",
    ]


def test_what_was_missed_300_times_runs_once() -> None:
    last = at("2026-03-01T00:00Z")
    now = last + 300 * timedelta(hours=6) + MINUTE
    assert due(last, SIX_HOURS, now)
    assert not due(now, SIX_HOURS, now + MINUTE)
    assert next_due(now, SIX_HOURS, now + MINUTE) == now - MINUTE + timedelta(hours=6)


def test_a_run_that_lies_in_the_future_proves_nothing_but_a_clock_that_is_a_little_off() -> None:
    now = at("2026-03-01T03:17Z")
    assert due(now + timedelta(days=1), SIX_HOURS, now)
    assert not due(now + timedelta(seconds=3), SIX_HOURS, now)


@pytest.mark.parametrize(
    ("zone", "clock", "day", "instant"),
    [
        (BERLIN, time(2, 30), "2026-03-29", "2026-03-29T01:30Z"),  # there is no 2:30: it is 3:30
        (BERLIN, time(2, 30), "2026-10-25", "2026-10-25T00:30Z"),  # there are two: the first
        (LORD_HOWE, time(2, 15), "2026-10-04", "2026-10-03T15:45Z"),
        (LORD_HOWE, time(1, 45), "2026-04-05", "2026-04-04T14:45Z"),
    ],
)
def test_the_days_on_which_the_clocks_change_have_one_run(
    zone: ZoneInfo, clock: time, day: str, instant: str
) -> None:
    midnight = datetime.combine(date.fromisoformat(day), time(), zone).astimezone(UTC)
    found = runs(Schedule(None, (clock,), zone), midnight, midnight + timedelta(hours=23))
    assert found == [at(instant)]


def test_a_day_may_have_several_times() -> None:
    schedule = Schedule(None, (time(16, 0), time(4, 15)), BERLIN)
    found = runs(schedule, at("2026-06-01T00:00Z"), at("2026-06-03T00:00Z"))
    assert [f"{one.astimezone(BERLIN):%d %H:%M}" for one in found] == [
        "01 04:15",
        "01 16:00",
        "02 04:15",
        "02 16:00",
    ]
    assert schedule.longest == timedelta(hours=12, minutes=15)


def test_in_quiet_hours_nothing_runs_and_what_was_due_runs_after_them() -> None:
    schedule = Schedule(timedelta(hours=1), zone=BERLIN, quiet=(time(23, 0), time(8, 0)))
    found = runs(schedule, at("2026-06-01T18:00Z"), at("2026-06-02T08:00Z"))
    local = [f"{one.astimezone(BERLIN):%H:%M}" for one in found]
    assert local == ["20:00", "21:00", "22:00", "08:00", "09:00"]
    assert next_due(found[2], schedule, at("2026-06-01T23:00Z")) == at("2026-06-02T06:00Z")
    assert schedule.longest == timedelta(hours=10)


def test_jitter_is_the_same_for_a_job_on_a_host_and_differs_between_them() -> None:
    jitter = timedelta(minutes=10)
    found = {(job, host): delay_of(job, host, jitter) for job in ("one", "two") for host in ("a", "b")}
    assert len(set(found.values())) == 4
    assert found == {key: delay_of(*key, jitter) for key in found}
    assert all(timedelta() <= one <= jitter for one in found.values())
    assert delay_of("one", "a", timedelta()) == timedelta()


def test_a_slot_that_another_host_ran_is_done() -> None:
    here, there = (Schedule(timedelta(hours=6), delay=minutes * MINUTE) for minutes in (5, 2))
    before, slot = at("2026-03-01T06:00Z"), at("2026-03-01T12:00Z")
    assert not due(before, there, slot + MINUTE)
    assert due(before, there, slot + 2 * MINUTE)
    assert not due(slot + 2 * MINUTE, here, slot + 5 * MINUTE)
    assert next_due(slot + 2 * MINUTE, here, slot + 5 * MINUTE) == slot + timedelta(hours=6, minutes=5)


zones = st.sampled_from([UTC, BERLIN, LORD_HOWE, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu")])
clocks = st.builds(time, st.integers(0, 23), st.integers(0, 59))
hours = st.tuples(clocks, clocks).filter(lambda two: two[0] != two[1])
intervals = st.integers(1, 14 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
instants = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)).map(lambda one: one.replace(tzinfo=UTC))  # noqa: DTZ001
delays = st.integers(0, 3600).map(lambda seconds: timedelta(seconds=seconds))
schedules = st.one_of(
    st.builds(Schedule, intervals, st.just(()), zones, st.none() | hours, delays),
    st.builds(Schedule, st.none(), st.lists(clocks, min_size=1, max_size=3).map(tuple), zones, st.none() | hours, delays),
)  # fmt: skip


@given(schedules, instants)
def test_a_job_that_just_ran_is_not_due(schedule: Schedule, now: datetime) -> None:
    assert not due(now, schedule, now)


@given(schedules, st.none() | instants, instants)
def test_it_is_due_when_it_is_said_to_be_and_not_before(
    schedule: Schedule, last: datetime | None, now: datetime
) -> None:
    then = next_due(last, schedule, now)
    assert then >= now
    assert (then == now) == due(last, schedule, now)
    if then > now:
        assert due(last, schedule, then) or (last is not None and last - now > timedelta(hours=1))
        assert not due(last, schedule, now + (then - now) / 2)


@given(schedules, instants)
def test_each_slot_brings_one_run_and_the_next_comes_in_time(schedule: Schedule, now: datetime) -> None:
    first = next_due(now, schedule, now)
    second = next_due(first, schedule, first)
    assert now < first < second
    # An hour more where a day has 25, and what two different delays of quiet hours leave.
    assert second - first <= schedule.longest + timedelta(hours=1)


@given(
    st.builds(Schedule, st.none(), st.tuples(clocks), zones), st.dates(date(2024, 1, 2), date(2027, 12, 30))
)
def test_a_time_of_day_comes_once_each_local_day(schedule: Schedule, day: date) -> None:
    zone = schedule.zone
    midnights = [datetime.combine(day + timedelta(days=n), time(), zone).astimezone(UTC) for n in (0, 1)]
    before = midnights[0] - timedelta(microseconds=1)
    first = next_due(before, schedule, before)
    assert midnights[0] <= first < midnights[1]
    assert next_due(first, schedule, first) >= midnights[1]
