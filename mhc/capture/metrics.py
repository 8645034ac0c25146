"""How the listening goes as text files for node-exporter, one a room. A disk that fails hurts nothing."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from mhc.capture.health import FAILED, STANDBY, Beat
from mhc.capture.worker import Worker
from mhc.domain.events import METHODS
from mhc.store import files
from mhc.store.events import NewEvent

log = logging.getLogger("mhc.listen")

_EVERY = 15.0  # seconds between two writings where the state is the same
STATES = (
    "starting", "listening", "backing off", "spooling", "replaying", "paused", "token refused", "failed", "stopped",
)  # fmt: skip
_KNOWN = frozenset(METHODS.values())
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})

_HELP = {
    "mhc_listen_up": ("gauge", "Whether a process holds the room's lease."),
    "mhc_listen_state": ("gauge", "1 for the state that the listener is in."),
    "mhc_listen_last_poll_timestamp_seconds": ("gauge", "When a poll last went well."),
    "mhc_listen_last_event_timestamp_seconds": ("gauge", "When the latest stored event happened."),
    "mhc_listen_events_total": ("counter", "Events that this process stored."),
    "mhc_listen_failures_total": (
        "counter",
        "Polls that failed, by class; database: nothing could be stored.",
    ),
    "mhc_listen_spooled_pages": ("gauge", "Pages that wait for the database."),
    "mhc_forward_failures_total": ("counter", "Events that were not forwarded."),
    "mhc_alert_failures_total": ("counter", "Alerts that did not reach anybody."),
}


@dataclass(slots=True)
class _Room:
    """What one room's file says."""

    name: str
    beat: Beat | None = None
    event_at: datetime | None = None
    events: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    not_forwarded: int = 0
    alerts: Counter[str] = field(default_factory=Counter)
    written_at: float = float("-inf")
    written_state: str = ""


class Metrics:
    """Counts what happens in each room, and writes it: at a change of state, else every 15 seconds at most."""

    def __init__(self, folder: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._rooms: dict[str, _Room] = {}
        self._failed = False
        self._worker = Worker("metrics", self._write, 100)

    def heard(self, beat: Beat) -> None:
        """Take a room's heartbeat; never waits. May be called from any thread."""
        if beat.kind != "live" or beat.state == STANDBY:  # the room's file is another's
            return
        with self._lock:
            room = self._room(beat.room)
            room.beat = beat
            room.failures["database"] += beat.state == "paused"
            now = self._monotonic()
            if beat.state == room.written_state and now - room.written_at < _EVERY:
                return
            room.written_at, room.written_state = now, beat.state
            text = "".join(_rendered(room))
        self._worker.put((room.name, text))

    def stored(self, room: str, new: Sequence[NewEvent]) -> None:
        """Count what was stored."""
        with self._lock:
            mine = self._room(room)
            mine.events.update(e if e in _KNOWN else "other" for e in (n.event.method for n in new))
            latest = max(one.at for one in new)
            mine.event_at = max(mine.event_at or latest, latest)

    def failed(self, room: str, kind: str) -> None:
        """Count a poll that failed."""
        with self._lock:
            self._room(room).failures[kind] += 1

    def not_forwarded(self, room: str, times: int) -> None:
        """Count what could not be forwarded."""
        with self._lock:
            self._room(room).not_forwarded += times

    def alert_failed(self, room: str, rule: str) -> None:
        """Count what a rule could not tell."""
        with self._lock:
            self._room(room).alerts[rule] += 1

    def end(self) -> None:
        """Write the last words."""
        with self._lock:
            texts = [(one.name, "".join(_rendered(one))) for one in self._rooms.values() if one.beat]
        for text in texts:
            self._worker.put(text)
        self._worker.end()

    def close(self, until: float) -> None:
        """Write what is queued, until an instant of time.monotonic()."""
        self._worker.close(until)

    def _room(self, name: str) -> _Room:
        return self._rooms.setdefault(name, _Room(name))

    def _write(self, item: tuple[str, str]) -> None:
        room, text = item
        name = f"mhc_listen_{quote(room, safe='')}.prom"
        try:
            files.replace(self._folder / name, text)
        except OSError as error:
            log.log(
                logging.DEBUG if self._failed else logging.WARNING,
                "no metrics written to %s: %s", self._folder, error.strerror,
            )  # fmt: skip
            self._failed = True


def _rendered(room: _Room) -> Iterator[str]:
    for name, samples in _samples(room).items():
        kind, about = _HELP[name]
        yield f"# HELP {name} {about}\n# TYPE {name} {kind}\n"
        for labels, value in samples:
            pairs = ",".join(f'{key}="{text.translate(_ESCAPES)}"' for key, text in labels.items())
            yield f"{name}{{{pairs}}} {value}\n"


def _samples(room: _Room) -> dict[str, list[tuple[dict[str, str], int | str]]]:
    """Give each metric's lines: what is not known has none."""
    beat, here = room.beat, {"room": room.name}
    assert beat is not None
    polled = None if beat.last_poll_at is None else datetime.fromisoformat(beat.last_poll_at)
    found: dict[str, Iterable[tuple[dict[str, str], int | str]]] = {
        "mhc_listen_up": [(here, int(beat.state not in {"stopped", FAILED}))],
        "mhc_listen_state": [
            ({**here, "state": one}, int(one == beat.state)) for one in dict.fromkeys([*STATES, beat.state])
        ],
        "mhc_listen_last_poll_timestamp_seconds": [(here, _seconds(polled))] if polled else [],
        "mhc_listen_last_event_timestamp_seconds": [(here, _seconds(room.event_at))] if room.event_at else [],
        "mhc_listen_events_total": [
            ({**here, "method": one}, room.events[one]) for one in sorted(room.events)
        ],
        "mhc_listen_failures_total": [
            ({**here, "class": one}, room.failures[one]) for one in sorted(room.failures)
        ],
        "mhc_listen_spooled_pages": [(here, beat.spooled)],
        "mhc_forward_failures_total": [(here, room.not_forwarded)],
        "mhc_alert_failures_total": [
            ({**here, "rule": one}, room.alerts[one]) for one in sorted(room.alerts)
        ],
    }
    return {name: list(samples) for name, samples in found.items() if samples}


def _seconds(at: datetime) -> str:
    return f"{at.timestamp():.3f}"
