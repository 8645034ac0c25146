"""`--forward-to`: what a receiver gets, and that the worst of them costs the capture nothing."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from listening import ROOM, Station, at, event, page, tip
from mhc.capture.forward import WAITING_BYTES, WAITING_MOST, Forward
from mhc.capture.worker import Complaints
from mhc.clients.hooks import Hook
from mhc.domain.events import Event, EventId, Flag
from mhc.store.events import NewEvent
from mhc.store.streams import Stream
from receiver import Receiver


class Failures(list[tuple[str, int]]):
    def add(self, room: str, times: int) -> None:
        self.append((room, times))


def describe(_source: Stream, one: NewEvent) -> bytes | None:
    return one.event.id.text.encode() if one.event.method == "tip" else None


@contextmanager
def forwarding(station: Station, url: str) -> Iterator[tuple[Forward, Failures]]:
    failures = Failures()
    hook = Hook(url, wait_scale=0.001)
    forward = Forward(hook, describe, Complaints(station.clock.monotonic), failures.add)
    station.options.on_events = forward.offer
    yield forward, failures
    hook.close()


def test_what_was_stored_is_posted_in_order_and_what_was_not_asked_for_is_not(station: Station) -> None:
    with Receiver(503) as receiver, forwarding(station, receiver.url) as (forward, failures):
        station.step(page(tip(0.1), event(0.2), tip(0.3), to="i=1"))
        station.step(page(tip(0.3), tip(1.4), to="i=2"))  # the first again: it is not new
        forward.close(time.monotonic() + 30)
    assert [one.body for one in receiver.posted] == [
        b"1767225600100-0",  # refused the first time
        b"1767225600100-0",
        b"1767225600300-0",
        b"1767225601400-0",
    ]
    assert failures == []


def test_a_receiver_that_hangs_slows_nothing_and_what_piles_up_is_counted(
    station: Station, caplog: pytest.LogCaptureFixture
) -> None:
    with Receiver(0) as receiver, forwarding(station, receiver.url) as (forward, failures):
        station.step(page(tip(0.1), to="i=1"))
        assert receiver.until(1)  # it has the first, and says nothing
        many = [tip(1, seq=number) for number in range(WAITING_MOST + 5)]
        station.step(page(*many, to="i=2"))
        station.step(page(tip(2), to="i=3"))
        assert len(station.events) == WAITING_MOST + 7
        assert failures == [(ROOM, 5), (ROOM, 1)]
        forward.close(time.monotonic())
        assert len(receiver.posted) == 1
    host = receiver.url.removeprefix("http://")
    said = [r.getMessage() for r in caplog.records if r.getMessage().startswith("forward")]
    assert said[0] == f"forward to {host}: its receiver is too slow: events are left out (5 times)"


def new(text: str | None) -> NewEvent:
    made = Event(EventId("1-0", 1), "tip", ROOM, "viewer_one", None, 5, text, Flag(0), b"x" * 1000)
    return NewEvent(made, at(0), at(0), None, None, None)


def test_long_texts_that_pile_up_are_left_out_before_they_fill_the_memory(station: Station) -> None:
    with Receiver(0) as receiver, forwarding(station, receiver.url) as (forward, failures):
        forward.offer(station.stream, [new(None)])
        assert receiver.until(1)
        texts = [new("é" * (WAITING_BYTES // 8)) for _ in range(5)]
        forward.offer(station.stream, texts)
        assert failures == [(ROOM, 1)]
        forward.close(time.monotonic())


def test_what_waits_for_a_receiver_holds_no_raw_event_and_makes_room_when_it_went(station: Station) -> None:
    raws: list[bytes] = []
    described = threading.Semaphore(0)

    def describe(_source: Stream, one: NewEvent) -> None:
        raws.append(one.event.raw)
        described.release()

    hook, failures = Hook("http://127.0.0.1:1/"), Failures()
    forward = Forward(hook, describe, Complaints(), failures.add)
    for _ in range(3):
        forward.offer(station.stream, [new("x" * WAITING_BYTES)])
        assert described.acquire(timeout=30)
    forward.close(time.monotonic() + 30)
    hook.close()
    assert (raws, failures) == ([b""] * 3, [])


def test_a_receiver_that_is_gone_is_counted_and_said_by_its_host_alone(
    station: Station, caplog: pytest.LogCaptureFixture
) -> None:
    with Receiver() as receiver:
        url = f"{receiver.url}/CANARY0PATH"
    with forwarding(station, url) as (forward, failures):
        station.step(page(tip(0.1), tip(0.2), to="i=1"))
        forward.close(time.monotonic() + 30)
    assert failures == [(ROOM, 1)] * 2
    assert f"forward to {receiver.url.removeprefix('http://')}: connection refused" in caplog.text
    assert "CANARY" not in caplog.text
