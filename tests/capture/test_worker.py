"""Work on a thread of its own: who gives it never waits, and what fails costs nothing but itself."""

import threading
import time

import pytest

from listening import Clock
from mhc.capture.worker import Complaints, Worker


def soon() -> float:
    return time.monotonic() + 30


def test_things_are_done_in_their_order_and_the_end_waits_for_them() -> None:
    done: list[int] = []
    worker = Worker("test", done.append, 100)
    assert all(worker.put(number) for number in range(50))
    assert worker.close(soon()) == 0
    assert done == list(range(50))
    assert not worker.put(50)


def test_a_worker_with_nothing_to_do_has_no_thread() -> None:
    before = threading.active_count()
    worker = Worker("test", print, 1)
    assert threading.active_count() == before
    assert worker.close(soon()) == 0


def test_what_is_beyond_the_queue_is_refused_and_what_is_left_is_counted() -> None:
    begun, go_on = threading.Event(), threading.Event()
    done: list[int] = []

    def work(number: int) -> None:
        begun.set()
        go_on.wait()
        done.append(number)

    worker = Worker("test", work, 2)
    assert worker.put(0)
    assert begun.wait(30)
    assert [worker.put(number) for number in (1, 2, 3)] == [True, True, False]
    assert worker.close(time.monotonic()) == 3  # the one that is under way, too
    go_on.set()
    assert worker.close(soon()) == 0
    assert done == [0]  # what was given up is not begun


@pytest.mark.parametrize("kind", [ZeroDivisionError, SystemExit, KeyboardInterrupt])
def test_a_failure_is_logged_and_the_next_thing_is_done(
    caplog: pytest.LogCaptureFixture, kind: type[BaseException]
) -> None:
    done: list[int] = []

    def work(number: int) -> None:
        if number == 0:
            raise kind
        done.append(number)

    worker = Worker("test", work, 10)
    for number in (0, 1):
        worker.put(number)
    worker.close(soon())
    assert done == [1]
    assert "test failed" in caplog.text


def test_one_matter_is_said_once_a_minute_with_its_number(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    complaints = Complaints(clock.monotonic)
    for seconds in (0, 1, 59, 60, 61):
        clock.seconds = seconds
        complaints.add("alert one", "ended with 1")
    complaints.add("alert two", "left out", 5)
    complaints.add("alert two", "left out", 2)
    complaints.close()
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "alert one: ended with 1",
        "alert one: ended with 1 (3 times)",
        "alert two: left out (5 times)",
        "alert one: 1 more",
        "alert two: 2 more",
    ]
