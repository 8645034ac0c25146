"""What a health check hears of a listener."""

import time

import pytest

from listening import Clock
from mhc.capture.health import Beat
from mhc.capture.pings import Pings
from mhc.capture.worker import Complaints
from mhc.clients.hooks import Hook
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
