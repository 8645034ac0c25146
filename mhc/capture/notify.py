"""What the service manager hears (systemd's notify protocol): one voice for all rooms of a process."""

import logging
import os
import socket
import threading
from collections.abc import Hashable

log = logging.getLogger("mhc.listen")


def notify(message: str) -> None:
    """Tell the service manager, where there is one. Never fails."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)  # a manager that does not read must not stop the capture
            channel.connect("\0" + address[1:] if address.startswith("@") else address)
            channel.sendall(message.encode(errors="replace"))  # a path in it need not be UTF-8
    except OSError as error:
        log.debug("the service manager was not told: %s", error.strerror)


class Rooms:
    """Says for all rooms together: ready once, how each does, and that none of them hangs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready = False
        self._running: set[Hashable] = set()
        self._went_on: set[Hashable] = set()
        self._said: dict[str, str] = {}

    def join(self, one: Hashable) -> None:
        """Count with a room: from now on it has to go on, too."""
        with self._lock:
            self._running.add(one)

    def leave(self, one: Hashable) -> None:
        """Count with a room no longer: it has ended."""
        with self._lock:
            self._running.discard(one)
            self._went_on.discard(one)

    def ready(self) -> None:
        """Say that the service has started: one of its rooms does what it is there for."""
        with self._lock:
            if not self._ready:
                notify("READY=1")
            self._ready = True

    def not_yet(self, seconds: int) -> None:
        """Ask for more time to start, where the service has not."""
        with self._lock:
            if not self._ready:
                notify(f"EXTEND_TIMEOUT_USEC={seconds * 1_000_000}")

    def status(self, room: str, text: str) -> None:
        """Say how a room does."""
        with self._lock:
            if self._said.get(room) == text:
                return
            self._said[room] = text
            notify("STATUS=" + "; ".join(f"{name}: {said}" for name, said in self._said.items()))

    def went_on(self, one: Hashable) -> None:
        """Note that a room made progress. The watchdog hears of it when every running room did: one may hang."""
        with self._lock:
            self._went_on.add(one)
            if self._went_on >= self._running:
                self._went_on.clear()
                notify("WATCHDOG=1")
