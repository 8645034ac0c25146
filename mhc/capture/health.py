"""How a listener is doing, for those who look from outside: a heartbeat file, and the service manager."""

import json
import logging
import os
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from mhc.domain.clock import iso_z
from mhc.store.streams import Stream

log = logging.getLogger("mhc.listen")


@dataclass(frozen=True, slots=True)
class Beat:
    """What a listener last said of itself."""

    room: str
    kind: str
    host: str
    pid: int
    state: str
    detail: str
    since: str
    last_poll_at: str | None
    last_event_id: str | None


class Health:
    """Writes one room's heartbeat where its state, or its time of polling, has changed."""

    def __init__(self, state_dir: Path, now: Callable[[], datetime]) -> None:
        self.state_dir = state_dir
        self._now = now
        self._beat: Beat | None = None

    def ready(self, held: Stream) -> None:
        """Say that the lease is held."""
        self._set(held, "starting", "")
        notify("READY=1")

    def polled(self, held: Stream, at: datetime, last_event_id: str | None) -> None:
        """Say that a poll went well."""
        self._set(held, "listening", "", polled=at, event_id=last_event_id)
        notify("WATCHDOG=1")

    def state(self, held: Stream, state: str, detail: str) -> None:
        """Say that something is not as it should be."""
        self._set(held, state, detail)

    def stopped(self, held: Stream) -> None:
        """Say that the listener ends."""
        self._set(held, "stopped", "")

    def _set(
        self,
        held: Stream,
        state: str,
        detail: str,
        *,
        polled: datetime | None = None,
        event_id: str | None = None,
    ) -> None:
        old = self._beat
        changed = old is None or (old.state, old.detail) != (state, detail)
        now = iso_z(self._now())
        self._beat = Beat(
            room=held.room,
            kind=held.kind,
            host=held.host,
            pid=os.getpid(),
            state=state,
            detail=detail,
            since=now if old is None or changed else old.since,
            last_poll_at=iso_z(polled) if polled else old.last_poll_at if old else None,
            last_event_id=event_id or (old.last_event_id if old else None),
        )
        if changed:
            notify(f"STATUS={held.room}: {state}{': ' + detail if detail else ''}")
        write_beat(self.state_dir, self._beat)


def notify(message: str) -> None:
    """Tell the service manager, where there is one (systemd's notify protocol). Never fails."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.connect("\0" + address[1:] if address.startswith("@") else address)
            channel.sendall(message.encode())
    except OSError as error:
        log.debug("the service manager was not told: %s", error.strerror)


def write_beat(state_dir: Path, beat: Beat) -> None:
    """Replace a heartbeat file whole. A failure is said, and hurts nothing."""
    folder = state_dir / "heartbeat"
    name = quote(f"{beat.room}-{beat.kind}-{beat.host}", safe="")
    temporary = folder / f".{name}.{os.getpid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.write_text(json.dumps(asdict(beat)), encoding="utf-8")
        temporary.replace(folder / f"{name}.json")
    except OSError as error:
        log.debug("no heartbeat written: %s", error.strerror)


def read_beats(state_dir: Path) -> list[Beat]:
    """Give what the listeners of this state directory last said; by file name."""
    found = []
    for path in sorted((state_dir / "heartbeat").glob("*.json")):
        try:
            beat = Beat(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            log.warning("%s is not readable: %s", path, type(error).__name__)
            continue
        found.append(beat)
    return found


def is_alive(beat: Beat) -> bool:
    """Whether the process that wrote a heartbeat on this machine still runs."""
    try:
        os.kill(beat.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
