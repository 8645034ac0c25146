"""How a listener is doing, for those who look from outside: a heartbeat file, and the service manager."""

import json
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from mhc.capture.beside import beside
from mhc.capture.notify import Rooms
from mhc.domain.clock import iso_z
from mhc.store.streams import Stream

log = logging.getLogger("mhc.listen")

STANDBY, FAILED = "standby", "failed"


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
    spooled: int = 0


class Health:
    """Writes one room's heartbeat where its state, or its time of polling, has changed."""

    def __init__(
        self,
        state_dir: Path,
        now: Callable[[], datetime],
        rooms: Rooms | None = None,
        on_beat: Callable[[Beat], None] = lambda _beat: None,
    ) -> None:
        self.state_dir = state_dir
        self._on_beat = on_beat
        self._now = now
        self._rooms = rooms or Rooms()
        self._rooms.join(self)
        self._beat: Beat | None = None
        self._spooled = 0

    def ready(self, held: Stream) -> None:
        """Say that the lease is held, or that pages are spooled until it can be."""
        self._leave_standby()
        if self._spooled == 0:
            self._set(held, "starting", "")
        self._rooms.ready()

    def polled(self, held: Stream, at: datetime, last_event_id: str | None) -> None:
        """Say that a poll went well, and its page is in the database."""
        self._spooled = 0
        self._set(held, "listening", "", polled=at, event_id=last_event_id)
        self._rooms.went_on(self)

    def spooled(
        self, held: Stream, pages: int, why: str, polled: datetime | None, last_event_id: str | None
    ) -> None:
        """Say that a page waits for the database, and how many do."""
        self._spooled = pages
        self._set(held, "spooling", why, polled=polled, event_id=last_event_id)
        self._rooms.went_on(self)

    def replaying(self, held: Stream, left: int) -> None:
        """Say that a page came from the spool into the database, and how many are left."""
        self._spooled = left
        self._set(held, "replaying", "")
        self._rooms.went_on(self)

    def state(self, held: Stream, state: str, detail: str) -> None:
        """Say that something is not as it should be."""
        self._set(held, state, detail)

    def standby(self, held: Stream, detail: str) -> None:
        """Say that another has the stream, and that we wait for it. The heartbeat file is the other's."""
        self._set(held, STANDBY, detail)
        self._rooms.ready()
        self._rooms.went_on(self)

    def elsewhere(self, held: Stream, detail: str) -> None:
        """Say that another captures the room, and that we only try again: whoever hears of it, no file is ours."""
        beat = self._made(held, STANDBY, detail)
        beside(self._on_beat, beat)

    def waiting(self, held: Stream, state: str, detail: str) -> None:
        """Say that we cannot start yet."""
        self._set(held, state, detail)
        self._rooms.not_yet(60)
        self._rooms.went_on(self)

    def progress(self) -> None:
        """Say that we do not hang, whatever we wait for."""
        self._rooms.went_on(self)

    def stopped(self, held: Stream) -> None:
        """Say that the listener ends."""
        self._set(held, "stopped", "")

    def ended(self) -> None:
        """Take back that we stand by, and count no longer among the rooms that have to go on."""
        self._leave_standby()
        self._rooms.leave(self)

    def _leave_standby(self) -> None:
        if self._beat is not None and self._beat.state == STANDBY:
            remove_beat(self.state_dir, self._beat)
            self._beat = None

    def _set(
        self,
        held: Stream,
        state: str,
        detail: str,
        *,
        polled: datetime | None = None,
        event_id: str | None = None,
    ) -> None:
        before = self._beat
        self._beat = self._made(held, state, detail, polled=polled, event_id=event_id)
        if before is None or (before.state, before.detail) != (state, detail):
            self._rooms.status(held.room, f"{state}{': ' + detail if detail else ''}")
        write_beat(self.state_dir, self._beat)
        beside(self._on_beat, self._beat)

    def _made(
        self,
        held: Stream,
        state: str,
        detail: str,
        *,
        polled: datetime | None = None,
        event_id: str | None = None,
    ) -> Beat:
        old, now = self._beat, iso_z(self._now())
        same = old is not None and (old.state, old.detail) == (state, detail)
        return Beat(
            room=held.room,
            kind=held.kind,
            host=held.host,
            pid=os.getpid(),
            state=state,
            detail=detail,
            since=old.since if old is not None and same else now,
            last_poll_at=iso_z(polled) if polled else old.last_poll_at if old else None,
            last_event_id=event_id or (old.last_event_id if old else None),
            spooled=self._spooled,
        )


def _path(state_dir: Path, beat: Beat) -> Path:
    """Give a heartbeat's file: one a stream, and one for each process that stands by."""
    name = quote(f"{beat.room}-{beat.kind}-{beat.host}", safe="")
    standby = f".{STANDBY}-{beat.pid}" if beat.state == STANDBY else ""
    return state_dir / "heartbeat" / f"{name}{standby}.json"


def write_beat(state_dir: Path, beat: Beat) -> None:
    """Replace a heartbeat file whole. A failure is said, and hurts nothing."""
    path = _path(state_dir, beat)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.write_text(json.dumps(asdict(beat)), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        log.debug("no heartbeat written: %s", error.strerror)


def remove_beat(state_dir: Path, beat: Beat) -> None:
    """Remove a heartbeat file. A failure is said, and hurts nothing."""
    try:
        _path(state_dir, beat).unlink(missing_ok=True)
    except OSError as error:
        log.debug("a heartbeat was not removed: %s", error.strerror)


def read_beats(state_dir: Path) -> list[Beat]:
    """Give what the listener of each stream in this state directory last said; by file name."""
    return [beat for beat in _read(state_dir) if beat.state != STANDBY]


def read_standbys(state_dir: Path) -> list[Beat]:
    """Give what those say that stand by on this machine and live; by file name."""
    return [beat for beat in _read(state_dir) if beat.state == STANDBY and is_alive(beat)]


def _read(state_dir: Path) -> Iterator[Beat]:
    known = {field.name for field in fields(Beat)}
    for path in sorted((state_dir / "heartbeat").glob("*.json")):
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            beat = Beat(**{name: value for name, value in said.items() if name in known})
        except FileNotFoundError:  # just removed
            continue
        except (OSError, ValueError, TypeError, AttributeError) as error:
            log.warning("%s is not readable: %s", path, type(error).__name__)
            continue
        yield beat


def is_alive(beat: Beat) -> bool:
    """Whether the process that wrote a heartbeat on this machine still runs."""
    try:
        os.kill(beat.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
