"""How often a host is asked: whoever asks, in whatever order, and whatever becomes of them."""

import fcntl
import json
import os
import re
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mhc.clients.pacing import LONGEST_QUIET, PacedError, Pacer, Rate, StoppedError, parse_retry_after
from mhc.errors import ConfigError, OutputError, TryLaterError
from upstreams import NOW, Clock, pacer

HOST = "api.example"
SLOW = Rate("one", 10.0)


def file_of(folder: Path) -> Path:
    return folder / "pacing" / f"{HOST}.json"


def test_the_first_request_goes_at_once_and_the_next_waits_its_turn(tmp_path: Path) -> None:
    clock = Clock()
    first, second = pacer(tmp_path, clock), pacer(tmp_path, clock)
    first.take(HOST, [SLOW])
    assert clock.waits == []
    second.take(HOST, [SLOW])
    assert clock.waits == [10.0]


def test_other_kinds_and_other_hosts_do_not_wait_for_it(tmp_path: Path) -> None:
    clock = Clock()
    for host, rate in ((HOST, SLOW), (HOST, Rate("two", 10.0)), ("other.example", SLOW)):
        pacer(tmp_path, clock).take(host, [rate])
    assert clock.waits == []


def test_a_request_of_two_rates_waits_for_the_slower(tmp_path: Path) -> None:
    clock = Clock()
    rates = [Rate("all", 2.0), Rate("room", 30.0)]
    pacer(tmp_path, clock).take(HOST, rates)
    pacer(tmp_path, clock).take(HOST, [Rate("all", 2.0), Rate("room two", 30.0)])
    assert clock.waits == [2.0]
    pacer(tmp_path, clock).take(HOST, rates)
    assert sum(clock.waits) == 30.0


def test_what_would_wait_too_long_is_told_when_it_may_come_again_and_takes_no_turn(tmp_path: Path) -> None:
    clock = Clock()
    rate = Rate("room", 300.0)
    pacer(tmp_path, clock).take(HOST, [rate])
    before = file_of(tmp_path).read_text()
    with pytest.raises(PacedError, match=r"^api\.example may be asked again in 300 s$") as caught:
        pacer(tmp_path, clock).take(HOST, [rate])
    assert (caught.value.status, clock.waits, file_of(tmp_path).read_text()) == (75, [], before)


def test_a_host_that_wants_quiet_gets_it_from_everyone(tmp_path: Path) -> None:
    clock = Clock()
    pacer(tmp_path, clock).hush(HOST, 45)
    pacer(tmp_path, clock).hush(HOST, 5)  # does not shorten it
    pacer(tmp_path, clock).take(HOST, [SLOW])
    assert clock.waits == [45.0]
    pacer(tmp_path, clock).hush(HOST, 10**9)
    with pytest.raises(PacedError) as caught:
        pacer(tmp_path, clock).take(HOST, [SLOW])
    assert caught.value.seconds == LONGEST_QUIET


def test_quiet_that_is_asked_for_during_a_wait_holds_for_who_waits(tmp_path: Path) -> None:
    clock = Clock()
    other = pacer(tmp_path, clock)

    def sleep(seconds: float) -> bool:
        if not clock.waits:
            other.hush(HOST, 40)
        return clock.sleep(seconds)

    mine = Pacer(tmp_path, clock=clock, sleep=sleep)
    mine.take(HOST, [SLOW])
    mine.take(HOST, [SLOW])
    assert clock.waits == [10.0, 30.0]


def test_a_wait_ends_when_it_is_stopped(tmp_path: Path) -> None:
    clock = Clock()
    clock.stop_after = 1
    mine = pacer(tmp_path, clock)
    mine.take(HOST, [SLOW])
    with pytest.raises(StoppedError):
        mine.take(HOST, [SLOW])
    assert clock.waits == [10.0]


def test_a_clock_that_went_back_costs_one_wait(tmp_path: Path) -> None:
    clock = Clock()
    mine = pacer(tmp_path, clock)
    mine.hush(HOST, 5)
    clock.now += 10
    mine.take(HOST, [SLOW])
    clock.now -= 86400
    clock.waits.clear()
    with pytest.raises(PacedError):  # the quiet of then lies a day ahead, and is cut to the longest there is
        mine.take(HOST, [SLOW])
    clock.now += LONGEST_QUIET
    mine.take(HOST, [SLOW])
    assert sum(clock.waits) <= SLOW.seconds


@pytest.mark.parametrize(
    "text", ["{", '{"last":5}', '{"last":{"one":"x"}}', "\0" * 300, "[]", '{"quiet_until":"x"}']
)
def test_a_damaged_file_costs_one_wait(tmp_path: Path, text: str) -> None:
    clock = Clock()
    file_of(tmp_path).parent.mkdir()
    file_of(tmp_path).write_text(text)
    pacer(tmp_path, clock).take(HOST, [SLOW])
    assert clock.waits == [10.0]
    assert json.loads(file_of(tmp_path).read_text())["last"] == {"one": NOW + 10}


def test_the_file_is_ours_alone_and_small(tmp_path: Path) -> None:
    clock = Clock()
    for number in range(50):
        pacer(tmp_path, clock).take(HOST, [Rate(f"room {number}", 60)])
        clock.now += 86400
    file = file_of(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert file.stat().st_size < 200


def test_a_host_with_a_port_or_worse_is_a_file_name(tmp_path: Path) -> None:
    pacer(tmp_path, Clock()).take("../../127.0.0.1:8080", [SLOW])
    assert [path.name for path in (tmp_path / "pacing").iterdir()] == [".._.._127.0.0.1_8080.json"]


def test_a_folder_that_cannot_be_used_is_named_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "pacing").write_text("")
    with pytest.raises((ConfigError, OutputError), match=re.escape(str(tmp_path / "pacing"))):
        pacer(tmp_path, Clock()).take(HOST, [SLOW])


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "pacing").mkdir()
    file_of(tmp_path).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Exception, match="cannot use"):
        pacer(tmp_path, Clock()).take(HOST, [SLOW])
    assert not (tmp_path / "elsewhere").exists()


def test_a_process_that_holds_the_file_for_ever_is_not_waited_for(tmp_path: Path) -> None:
    clock = Clock()
    mine = pacer(tmp_path, clock)
    mine.take(HOST, [SLOW])
    handle = os.open(file_of(tmp_path), os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(TryLaterError, match="another process holds the pacing"):
        mine.take(HOST, [SLOW])
    assert 1 <= sum(clock.waits) <= 5
    assert len(clock.waits) <= 200
    os.close(handle)


# Any order of any number of processes.

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["claim", "claim", "claim", "hush", "tick"]),
        st.integers(0, 3),
        st.sampled_from([0.0, 0.001, 0.4, 0.5, 3.0, 7.0, 30.0, -20.0]),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(STEPS)
def test_no_order_of_processes_asks_more_often_than_the_rate_or_into_the_quiet(
    steps: list[tuple[str, int, float]],
) -> None:
    with TemporaryDirectory() as folder:
        clock = Clock()
        processes = [pacer(Path(folder), clock) for _ in range(4)]
        went: dict[str, list[float]] = {"host": [], "room 0": [], "room 1": []}
        passed = quiet_until = 0.0  # by a clock that never goes back
        for step, who, seconds in steps:
            if step == "tick":
                passed += max(seconds, 0.0)
                clock.now += seconds
            elif step == "hush":
                processes[who].hush(HOST, abs(seconds))
                quiet_until = max(quiet_until, passed + abs(seconds))
            else:
                room = f"room {who % 2}"
                if processes[who].claim(HOST, [Rate("host", 0.5), Rate(room, 5.0)]) == 0:
                    went["host"].append(passed)
                    went[room].append(passed)
                    assert passed >= quiet_until - 1e-6
        for key, least in (("host", 0.5), ("room 0", 5.0), ("room 1", 5.0)):
            assert all(later - earlier >= least - 1e-6 for earlier, later in pairwise(went[key]))


WORKER = """
import sys, time
from pathlib import Path
from mhc.clients.pacing import Pacer, Rate
for _ in range(8):
    Pacer(Path(sys.argv[1])).take("api.example", [Rate("one", 0.05)])
    print(repr(time.time()), flush=True)
"""


def test_two_processes_share_one_rate(tmp_path: Path) -> None:
    began = time.time()
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, tmp_path], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    went = sorted(float(line) for worker in workers for line in worker.communicate()[0].splitlines())
    assert [worker.returncode for worker in workers] == [0, 0]
    assert len(went) == 16
    assert went[-1] - began >= 15 * 0.05  # what a scheduler does to a single step is not ours to promise


def test_the_turn_of_a_process_that_is_killed_while_it_holds_the_file_goes_on(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom mhc.clients.pacing import Pacer\n"
        "with Pacer(Path(sys.argv[1]))._open('api.example'):\n print('held', flush=True)\n sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    clock = Clock()
    pacer(tmp_path, clock).take(HOST, [SLOW])
    assert clock.waits == []


# Retry-After.


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30), (" 120 ", 120), ("0", 1), ("1.5", 1.5), ("9999999999", 3600), ("3601", 3600),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30), ("Thu, 01 Jan 2026 01:00:30 +0100", 30),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 1), ("Fri, 01 Jan 2027 00:00:00 GMT", 3600),
        ("Thursday, 01-Jan-26 00:00:30 GMT", 30),
        ("", None), ("soon", None), ("-5", None), ("1e3", None), ("٣٠", None), ("99999999999", None),
        ("Thu, 99 Jan 2026 00:00:30 GMT", None), ("inf", None), ("nan", None),
    ],
)  # fmt: skip
def test_retry_after(text: str, seconds: float | None) -> None:
    assert parse_retry_after({"retry-after": text}, NOW) == seconds
    assert parse_retry_after({}, NOW) is None


@given(st.integers(0, 10**6), st.integers(-(10**6), 10**6))
def test_a_date_counts_by_the_clock_that_wrote_it(ahead: int, skew: int) -> None:
    theirs = datetime.fromtimestamp(NOW + skew, UTC)
    until = datetime.fromtimestamp(NOW + skew + ahead, UTC)
    headers = {
        "retry-after": format_datetime(until, usegmt=True),
        "date": format_datetime(theirs, usegmt=True),
    }
    assert parse_retry_after(headers, NOW) == min(max(ahead, 1), LONGEST_QUIET)


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_the_headers_say_the_wait_is_bounded(text: str, date: str) -> None:
    seconds = parse_retry_after({"retry-after": text, "date": date}, NOW)
    assert seconds is None or 1 <= seconds <= LONGEST_QUIET
