"""All that follows when events were stored, or the listening changed: none of it can hold up or end the capture."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from mhc.capture.alerts import Alerts
from mhc.capture.beside import beside
from mhc.capture.forward import Forward
from mhc.capture.health import Beat
from mhc.capture.metrics import Metrics
from mhc.capture.pings import Pings
from mhc.capture.worker import Complaints
from mhc.store.events import NewEvent
from mhc.store.streams import Stream

_PATIENCE = 2.0  # seconds for what is queued, at the end
_LAST_WORDS = 0.5  # seconds for the metrics


@dataclass(frozen=True, slots=True)
class Actions:
    """What one process does beside capturing; what is not set up is not there."""

    forwards: Sequence[Forward]
    alerts: Alerts
    complaints: Complaints
    pings: Pings | None
    metrics: Metrics | None

    def stored(self, source: Stream, new: Sequence[NewEvent]) -> None:
        """Take events that were just stored."""
        if self.metrics is not None:
            self.metrics.stored(source.room, new)
        for one in self.forwards:
            one.offer(source, new)
        self.alerts.offer(source, new)

    def heard(self, beat: Beat) -> None:
        """Take a heartbeat."""
        for one in (self.pings, self.metrics):
            if one is not None:
                one.heard(beat)

    def poll_failed(self, room: str, kind: str) -> None:
        """Take note of a poll that failed."""
        if self.metrics is not None:
            self.metrics.failed(room, kind)

    def close(self, *, failed: bool) -> None:
        """End all of it: what is queued has two seconds in all, and what fails leaves the rest alone."""
        until = time.monotonic() + _PATIENCE
        for forward in self.forwards:
            beside(forward.end)
        beside(self.alerts.end)
        if self.pings is not None:
            beside(self.pings.end, failed=failed)
        for acting in (*self.forwards, self.alerts, self.pings):
            if acting is not None:
                beside(acting.close, until)
        beside(self.complaints.close)
        if self.metrics is not None:  # last: it counts what the others did not do
            beside(self.metrics.end)
            beside(self.metrics.close, time.monotonic() + _LAST_WORDS)
