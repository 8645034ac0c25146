"""Tells a health check how the listening goes: started, going well, failed. It hears too little rather than too late."""

import threading
import time
from collections.abc import Callable

from mhc.capture.health import STANDBY, Beat
from mhc.capture.worker import Complaints, Worker
from mhc.clients.hooks import Hook, HookError

_EVERY = 60.0  # seconds between two pings that all goes well
_PATIENCE = 300.0  # seconds that a room may be in trouble before that is told
_ASIDE = frozenset({"stopped", STANDBY})  # neither well nor in trouble
# Where the lease is held, or a spool to go on with.
_BEGINS = frozenset({"starting", "spooling", "replaying"})

START, WELL, FAIL = "/start", "", "/fail"


class Pings:
    """Pings one URL for all rooms of a process: all is well while every room is."""

    def __init__(
        self, hook: Hook, complaints: Complaints, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._hook = hook
        self._complaints = complaints
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._trouble: dict[str, float | None] = {}  # room → since when
        self._told = False  # that something failed
        self._started = False
        self._well_at = float("-inf")
        self._worker = Worker("pings", self._ping, 3)

    def heard(self, beat: Beat) -> None:
        """Take a room's heartbeat; never waits. May be called from any thread."""
        with self._lock:
            ping = self._due(beat, self._monotonic())
        if ping is not None:
            self._worker.put(ping)

    def end(self, *, failed: bool) -> None:
        """Tell of a failure that ended the listening; where it never began, another listener may do well."""
        if failed and self._started:
            self._worker.put(FAIL)
        self._worker.end()

    def close(self, until: float) -> None:
        """Tell what is queued, until an instant of time.monotonic()."""
        self._worker.close(until)
        self._hook.stop()

    def _due(self, beat: Beat, now: float) -> str | None:
        if beat.state in _ASIDE:
            self._trouble.pop(beat.room, None)
            return None
        well = beat.state in {"starting", "listening"}
        before = self._trouble.get(beat.room)
        since = self._trouble[beat.room] = None if well else now if before is None else before
        if beat.state in _BEGINS and not self._started:
            self._started = True
            return START
        if beat.state == "starting":
            return None
        if since is not None:
            due = now - since >= _PATIENCE and not self._told
            self._told = self._told or due
            return FAIL if due else None
        if any(one is not None for one in self._trouble.values()) or (
            now - self._well_at < _EVERY and not self._told
        ):
            return None
        self._well_at, self._told = now, False
        return WELL

    def _ping(self, below: str) -> None:
        try:
            self._hook.post(b"", below=below)
        except HookError as error:
            self._complaints.add(f"health check at {self._hook.host}", str(error))
