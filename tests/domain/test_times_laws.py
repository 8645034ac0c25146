"""What holds for every time, and an oracle that reads the same forms."""

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mhc.domain.clock import iso_z
from mhc.domain.times import duration, parse_duration, parse_instant, parse_range

ZONES = ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Asia/Kolkata", "UTC"]
NOW = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)

instants = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2037, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)
zones = st.sampled_from(ZONES).map(ZoneInfo)


@settings(deadline=None)
@given(moment=instants, now=instants, tz=zones)
def test_what_is_written_is_read_back(moment: datetime, now: datetime, tz: ZoneInfo) -> None:
    for text in (iso_z(moment), moment.astimezone(tz).isoformat(), f"@{int(moment.timestamp())}"):
        assert parse_instant(text, now=now, tz=tz) == moment


@settings(deadline=None)
@given(moment=instants, tz=zones)
def test_a_local_time_is_its_instant_or_the_earlier_of_two(moment: datetime, tz: ZoneInfo) -> None:
    local = moment.astimezone(tz)
    found = parse_instant(f"{local:%Y-%m-%d %H:%M:%S}", now=moment, tz=tz)
    assert found == moment if not local.fold else found < moment


@settings(deadline=None)
@given(moment=instants, near=instants, tz=zones)
def test_a_time_of_day_is_never_further_than_half_a_day_from_what_it_is_near(
    moment: datetime, near: datetime, tz: ZoneInfo
) -> None:
    local = moment.astimezone(tz)
    found = parse_instant(f"{local:%H:%M:%S}", now=NOW, tz=tz, near=near)
    assert abs(found - near) <= timedelta(hours=12.5)
    assert abs(found - near) <= abs(moment - near) or local.fold


@settings(deadline=None)
@given(now=instants, tz=zones, days=st.integers(0, 4000))
def test_days_of_a_zone_lie_end_to_end(now: datetime, tz: ZoneInfo, days: int) -> None:
    day = now.astimezone(tz).date() - timedelta(days=days)
    found = parse_range(str(day), str(day), now=now, tz=tz)
    assert found.end == parse_instant(str(day + timedelta(days=1)), now=now, tz=tz)
    assert found.end is not None
    assert found.start is not None
    assert timedelta(hours=22) < found.end - found.start < timedelta(hours=26)


@settings(deadline=None)
@given(now=instants, tz=zones, seconds=st.integers(0, 10**8))
def test_exact_units_are_exact(now: datetime, tz: ZoneInfo, seconds: int) -> None:
    assert parse_instant(f"{seconds}s", now=now, tz=tz) == now - timedelta(seconds=seconds)


@settings(deadline=None)
@given(text=st.one_of(st.text(max_size=90), st.text("0123456789-:+ @TZdhmwy.agosn", max_size=30)))
def test_any_text_is_an_instant_or_a_sentence(text: str) -> None:
    try:
        assert parse_instant(text, now=NOW, tz=ZoneInfo(ZONES[0])).tzinfo is UTC
    except ValueError as error:
        assert str(error)  # noqa: PT017 - either is fine, nothing else may be raised


@settings(deadline=None)
@given(length=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=999)))
def test_a_written_length_is_read_back_but_for_its_small_units(length: timedelta) -> None:
    found = parse_duration(duration(length))
    assert timedelta(0) <= length - found < max(timedelta(seconds=1), length / 24 + timedelta(seconds=1))


ORACLE = shutil.which("systemd-analyze")
# Of a time that comes twice the C library means either, as it happens: not asked.
SHARED_FORMS = [
    "2026-03-01",
    "2026-03-01 10:00",
    "2026-03-01 10:00:30",
    "2026-03-08 02:30",
    "2026-03-08 03:00",
    "2026-03-29 02:30",
    "2026-10-04 02:15",
    "2026-03-01 10:00 UTC",
    "2026-03-01 UTC",
    "@1709251200",
    "@1709251200.5",
    "today",
    "yesterday",
    "tomorrow",
]


@pytest.mark.skipif(ORACLE is None, reason="systemd-analyze is not here")
@pytest.mark.parametrize("zone", ZONES)
def test_systemd_means_the_same(zone: str) -> None:
    assert ORACLE is not None
    # The day may change between the two readings of the clock: then they are read again.
    for _ in range(2):
        now = datetime.now(UTC)
        theirs = [oracle(text, zone) for text in SHARED_FORMS]
        ours = [parse_instant(text, now=now, tz=ZoneInfo(zone)).timestamp() for text in SHARED_FORMS]
        if ours == theirs:
            return
    assert dict(zip(SHARED_FORMS, ours, strict=True)) == dict(zip(SHARED_FORMS, theirs, strict=True))


def oracle(text: str, zone: str) -> float:
    environ = os.environ | {"TZ": zone, "LC_ALL": "C"}
    command = [str(ORACLE), "timestamp", "--", text]
    run = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    match = re.search(r"UNIX seconds: @([0-9.]+)", run.stdout)
    assert match, run.stdout
    return float(match[1])
