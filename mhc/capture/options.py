"""How a listener behaves, and what it calls."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mhc.capture.backoff import Backoff
from mhc.capture.classify import Class
from mhc.capture.pace import Pace
from mhc.store.events import NewEvent
from mhc.store.streams import Kind, Stream


@dataclass(slots=True)
class Options:
    """How a listener behaves."""

    now: Callable[[], datetime]
    kind: Kind = Kind.LIVE
    merge_gap: timedelta = timedelta(minutes=30)
    wait_scale: float = 1.0
    once: bool = False
    exit_on_auth: bool = False
    standby: bool = False  # waits for the lease of another, and takes over
    alone: bool = True  # no other room in this process: its trouble may end it
    spool_max: int = 1 << 30  # bytes
    monotonic: Callable[[], float] = time.monotonic
    # After the commit, with what is new; also for what is replayed from the spool.
    on_events: Callable[[Stream, Sequence[NewEvent]], None] = lambda _stream, _new: None
    on_failed: Callable[[Class], None] = lambda _kind: None  # a poll, not the database
    on_refused: Callable[[], None] = lambda: None  # reads the token again, where its source may have changed
    pace: Pace | None = None  # shared by rooms: nobody says whether the API counts by token or by address
    backoff: Backoff = field(default_factory=Backoff)
