"""What was rejected, tried again: a newer mhc, or another database, may take what an older one did not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from mhc.capture.envelope import read_events
from mhc.domain.events import Event
from mhc.store import coverage, derived, events, sessions, streams
from mhc.store.coverage import Kept
from mhc.store.database import Database
from mhc.store.streams import Stream

_BLOCK = 50  # rows of up to 64 KiB


@dataclass(frozen=True, slots=True)
class Retried:
    """How many are events now, and how many still are none."""

    events: int
    rest: int


def retry(db: Database, gap: timedelta, room: str | None, *, write: bool) -> Retried:
    """Try what was rejected, of one room or all; what is an event now is stored as one. Without `write`, count."""
    with db.read() as conn:
        found = streams.list_all(conn, room)
    became = rest = 0
    for source in found:
        after = ""
        while True:
            with db.read() as conn:
                block = coverage.kept(conn, source.id, after, _BLOCK)
            if not block:
                break
            after = block[-1].hash
            done = _again(db, source, _read(block), gap, write=write)
            became += done
            rest += len(block) - done
    return Retried(became, rest)


def _read(block: Sequence[Kept]) -> list[tuple[Kept, Event]]:
    """Give what can be read as an event now; of what is kept in part only nothing can."""
    whole = [one for one in block if one.size == len(one.body)]
    return [(one, event) for one in whole for event in read_events([one.body])[0]]


def _again(
    db: Database, source: Stream, found: Sequence[tuple[Kept, Event]], gap: timedelta, *, write: bool
) -> int:
    """Store events, and take them out of what was rejected; give how many those are."""
    if not found:
        return 0
    if not write:
        with db.read() as conn:
            _fresh, conflicting = events.unknown(conn, source.id, [event for _kept, event in found])
        return len(found) - len(conflicting)
    with db.write() as conn:
        streams.hold(conn, source.id)
        sessions.lock(
            conn, source.room_id
        )  # before the methods' lock, which a new one takes, as a listener does
        new, done = [], []
        for kept, event in found:
            added, refused = events.add_singly(conn, source.id, [event], kept.received_at, made_by="events")
            new += added.new
            if not refused and not added.conflicting:
                done.append(kept.hash)
        coverage.take_out(conn, source.id, done)
        derived.add(conn, source, new, gap)
    return len(done)
