"""Tells a health check how the listening goes: started, going well, failed. It hears too little rather than too late."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from mhc.capture.health import FAILED, STANDBY, Beat
from mhc.capture.worker import Complaints, Worker
from mhc.clients.hooks import Hook, HookError

_EVERY = 60.0  # seconds between two pings that all goes well
_PATIENCE = 300.0  # seconds that a room may be in trouble before that is told
_ASIDE = frozenset({"stopped", STANDBY})  # neither well nor in trouble
# Where the lease is held, or a spool to go on with.
_BEGINS = frozenset({"starting", "spooling", "replaying"})

START, WELL, FAIL = "/start", "", "/fail"


@dataclass(frozen=True, slots=True)
class _Room:
    """What a room last said."""

    heard_at: float
    trouble_since: float | None

    def in_trouble(self, now: float) -> float | None:
        """Give since when it is in trouble: a room that says nothing any more is, too."""
        if self.trouble_since is None and now - self.heard_at >= _PATIENCE:
            return self.heard_at
        return self.trouble_since


class Pings:
    """Pings one URL for all rooms of a process: all is well while every room is."""

    def __init__(
        self, hook: Hook, complaints: Complaints, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._hook = hook
        self._complaints = complaints
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._rooms: dict[str, _Room] = {}
        self._left: dict[str, _Room | None] = {}  # as they were when they stopped
        self._told = False  # that something failed
        self._started = False
        self._well_at = float("-inf")
        self._worker = Worker("pings", self._ping, 3)

    def heard(self, beat: Beat) -> None:
        """Take a room's heartbeat; never waits. May be called from any thread."""
        with self._lock:
            now = self._monotonic()
            self._note(beat, now)
            ping = self._due(beat.state, now)
            if ping is not None and self._worker.put(ping):  # else it is due still
                self._started = self._started or ping == START
                self._told = ping == FAIL or (self._told and ping == START)
                self._well_at = now if ping == WELL else self._well_at

    def end(self, *, failed: bool) -> None:
        """Tell of a failure that ended the listening; where it never began, another listener may do well."""
        if failed and self._started:
            self._worker.put(FAIL)
        self._worker.end()

    def close(self, until: float) -> None:
        """Tell what is queued, until an instant of time.monotonic()."""
        self._worker.close(until)
        self._hook.stop()

    def _note(self, beat: Beat, now: float) -> None:
        """Note how a room does. One that fails again and again is in trouble until a poll goes well."""
        before = self._rooms.pop(beat.room, None)
        if beat.state in _ASIDE:
            self._left[beat.room] = None if beat.state == STANDBY else before
            return
        if before is None and beat.state == FAILED:
            before = self._left.get(beat.room)
        since = None if before is None else before.trouble_since
        if beat.state == "listening":
            since = None
        elif beat.state != "starting" and since is None:
            since = now
        self._rooms[beat.room] = _Room(now, since)

    def _due(self, state: str, now: float) -> str | None:
        if state in _BEGINS and not self._started:
            return START
        if state in {"starting", *_ASIDE}:
            return None
        troubles = [since for one in self._rooms.values() if (since := one.in_trouble(now)) is not None]
        if any(now - since >= _PATIENCE for since in troubles):
            return None if self._told else FAIL
        if troubles or (now - self._well_at < _EVERY and not self._told):
            return None
        return WELL

    def _ping(self, below: str) -> None:
        try:
            self._hook.post(b"", below=below)
        except HookError as error:
            self._complaints.add(f"health check at {self._hook.host}", str(error))
