"""What a health check hears of a listener."""

import threading
import time

import pytest

from listening import Clock
from mhc.capture.health import Beat
from mhc.capture.pings import Pings
from mhc.capture.worker import Complaints
from mhc.clients.hooks import JSON, Hook
from receiver import Receiver


def heard(*story: tuple[float, str, str], failed: bool = False) -> list[str]:
    """Tell of rooms' states at seconds; give what was pinged, below the check's own path."""
    clock = Clock()
    with Receiver() as receiver:
        hook = Hook(f"{receiver.url}/check", wait_scale=0.001)
        pings = Pings(hook, Complaints(clock.monotonic), clock.monotonic)
        for clock.seconds, room, state in story:
            pings.heard(Beat(room, "live", "host", 1, state, "", "", None, None))
        pings.end(failed=failed)
        pings.close(time.monotonic() + 30)
        hook.close()
    assert all(one.body == b"" for one in receiver.posted)
    return [target.removeprefix("/check") for target in receiver.targets]


def test_start_then_well_once_a_minute() -> None:
    well = [(seconds, "one", "listening") for seconds in (1, 2, 59, 61)]
    assert heard((0, "one", "starting"), *well) == ["/start", "", ""]


def test_trouble_is_told_after_five_minutes_once_and_its_end_at_once() -> None:
    story = [
        (0, "one", "starting"),
        (1, "one", "listening"),
        (2, "one", "backing off"),
        (301, "one", "paused"),
    ]
    assert heard(*story) == ["/start", ""]
    assert heard(*story[1:], (302, "one", "paused"), (400, "one", "backing off")) == ["", "/fail"]
    assert heard(*story[2:], (302, "one", "paused"), (303, "one", "listening")) == ["/fail", ""]


def test_all_is_well_only_while_every_room_is() -> None:
    story = [(1, "one", "listening"), (2, "two", "backing off"), (62, "one", "listening")]
    assert heard(*story) == [""]
    assert heard(*story, (63, "two", "listening")) == ["", ""]
    assert heard(*story, (63, "two", "stopped"), (64, "one", "listening")) == ["", ""]


def test_a_room_that_begins_and_fails_each_minute_is_in_trouble_until_a_poll_goes_well() -> None:
    story: list[tuple[float, str, str]] = []
    for minute in range(6):
        story += [(60.0 * minute + n, "two", s) for n, s in enumerate(("starting", "stopped", "failed"))]
        story += [(60.0 * minute + 30, "one", "listening")]
    assert heard(*story) == ["/start", "/fail"]
    assert heard(*story, (361, "two", "starting"), (362, "two", "listening")) == ["/start", "/fail", ""]


def test_a_room_that_another_host_took_is_no_trouble_of_this_one() -> None:
    story = [
        (1, "one", "listening"),
        (2, "two", "listening"),
        (3, "two", "backing off"),
        (4, "two", "standby"),
    ]
    later = [(seconds, "one", "listening") for seconds in (301.0, 302.0, 362.0)]
    assert heard(*story, *later) == ["", "", ""]


def test_a_room_that_says_nothing_any_more_is_in_trouble() -> None:
    story = [(1, "one", "listening"), (2, "two", "listening")]
    later = [(301, "one", "listening"), (302, "one", "listening"), (362, "one", "listening")]
    assert heard(*story, *later) == ["", "", "/fail"]
    assert heard(*story, (3, "two", "stopped"), *later) == ["", "", ""]


class Stuck(Hook):
    """A health check that takes nothing until it may."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1/")
        self.pinged: list[str] = []
        self.asked, self.told, self.may = threading.Semaphore(0), threading.Semaphore(0), threading.Event()

    def post(self, body: bytes, *, below: str = "", media_type: str = JSON) -> None:
        self.asked.release()
        assert self.may.wait(30)
        self.pinged.append(below)
        self.told.release()


def test_a_failure_for_which_there_was_no_room_is_told_later() -> None:
    hook, clock = Stuck(), Clock()
    pings = Pings(hook, Complaints(clock.monotonic), clock.monotonic)

    def hear(seconds: float, state: str) -> None:
        clock.seconds = seconds
        pings.heard(Beat("one", "live", "host", 1, state, "", "", None, None))

    hear(0, "starting")
    assert hook.asked.acquire(timeout=30)  # it is stuck, and three more fit
    for minute in range(1, 4):
        hear(60.0 * minute, "listening")
    hear(200, "paused")
    hear(500, "paused")  # no room for it
    hook.may.set()
    for _ in range(4):
        assert hook.told.acquire(timeout=30)
    hear(501, "paused")
    pings.close(time.monotonic() + 30)
    hook.close()
    assert hook.pinged == ["/start", "", "", "", "/fail"]


@pytest.mark.parametrize(
    ("story", "failed", "pinged"),
    [
        ([(0.0, "one", "starting")], True, ["/start", "/fail"]),
        ([(0.0, "one", "starting"), (1.0, "one", "stopped")], False, ["/start"]),
        ([], True, []),  # it never had the lease: who has it may be well
    ],
)
def test_an_end_in_trouble_is_told(
    story: list[tuple[float, str, str]], failed: bool, pinged: list[str]
) -> None:
    assert heard(*story, failed=failed) == pinged


def test_a_check_that_is_gone_is_tried_twice_and_said_by_its_host(caplog: pytest.LogCaptureFixture) -> None:
    with Receiver(503, 503) as receiver:
        hook = Hook(f"{receiver.url}/CANARY", tries=2, wait_scale=0.001)
        pings = Pings(hook, Complaints())
        pings.heard(Beat("one", "live", "host", 1, "starting", "", "", None, None))
        pings.close(time.monotonic() + 30)
        hook.close()
    assert receiver.targets == ["/CANARY/start"] * 2
    assert f"health check at {receiver.url.removeprefix('http://')}: answered 503" in caplog.text
    assert "CANARY" not in caplog.text


def test_who_stands_by_says_nothing_and_who_begins_with_a_spool_has_started() -> None:
    assert heard((0, "one", "standby"), (400, "one", "standby"), failed=True) == []
    assert heard((0, "one", "spooling"), (1, "one", "spooling"), (2, "one", "listening")) == ["/start", ""]
