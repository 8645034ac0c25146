"""`--forward-to`: each new event posted to a URL, after it was stored. A receiver that is slow or gone slows nothing."""

import logging
import threading
from collections.abc import Callable, Sequence

from mhc.capture.worker import Complaints, Worker
from mhc.clients.hooks import Hook, HookError
from mhc.store.events import NewEvent
from mhc.store.streams import Stream

log = logging.getLogger("mhc.listen")

WAITING_MOST, WAITING_BYTES = 10_000, 16 << 20  # events, and bytes of their text

# Gives an event as it is posted, or None where it is not among those asked for.
Describe = Callable[[Stream, NewEvent], bytes | None]


class Forward:
    """Posts new events to one URL, in their order, one at a time."""

    def __init__(
        self, hook: Hook, describe: Describe, complaints: Complaints, on_failure: Callable[[str, int], None]
    ) -> None:
        self._hook = hook
        self._describe = describe
        self._complaints = complaints
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._waiting = 0  # bytes of text
        self._worker = Worker("forward", self._post, WAITING_MOST)

    def offer(self, source: Stream, new: Sequence[NewEvent]) -> None:
        """Have these posted soon; never waits. What a slow receiver lets pile up beyond the queue is left out."""
        left_out = sum(not self._put(source, one) for one in new)
        if left_out:
            self._failed(source.room, "its receiver is too slow: events are left out", left_out)

    def _put(self, source: Stream, one: NewEvent) -> bool:
        size = len((one.event.text or "").encode(errors="replace"))
        with self._lock:
            if self._waiting + size > WAITING_BYTES:
                return False
            self._waiting += size
        bare = one._replace(event=one.event._replace(raw=b""))  # which is never posted, and may be large
        if self._worker.put((source, bare, size)):
            return True
        self._done(size)
        return False

    def _done(self, size: int) -> None:
        with self._lock:
            self._waiting -= size

    def end(self) -> None:
        """Take nothing more; what is queued is posted."""
        self._worker.end()

    def close(self, until: float) -> None:
        """Post what is queued, until an instant of time.monotonic()."""
        left = self._worker.close(until)
        if left:
            log.warning("forward to %s: ended with %d events not posted", self._hook.host, left)
        self._hook.stop()

    def _post(self, item: tuple[Stream, NewEvent, int]) -> None:
        source, one, size = item
        self._done(size)
        body = self._describe(source, one)
        if body is None:
            return
        try:
            self._hook.post(body)
        except HookError as error:
            self._failed(source.room, str(error), 1)

    def _failed(self, room: str, why: str, times: int) -> None:
        self._on_failure(room, times)
        self._complaints.add(f"forward to {self._hook.host}", why, times)
