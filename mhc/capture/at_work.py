"""Who listens just now: for what may not happen while somebody does."""

from datetime import datetime
from pathlib import Path

from mhc.capture.lock import StreamLock, known_owner_id, taken_locks
from mhc.errors import TryLaterError
from mhc.store import streams
from mhc.store.database import Database


def refuse(db: Database, state_dir: Path, now: datetime, *, hint: str) -> None:
    """Raise TryLaterError, naming the room, where a listener holds a stream of this database.

    One of this state directory counts as long as its process lives, whatever its lease: that expires while the
    database is away, and after a kill nobody has to wait it out.
    """
    if db.is_empty() or db.schema_state() is None:
        return
    own = known_owner_id(state_dir)
    with db.look() as conn:
        elsewhere = (one for one in streams.leased(conn, now) if one.owner != own)
        here = (one for one in streams.list_all(conn) if StreamLock(state_dir, one.lock_name).is_taken())
        for one in (*elsewhere, *here):
            raise TryLaterError(f"{one.room} is being listened to", hint=hint)


def refuse_any(state_dir: Path, *, hint: str) -> None:
    """Raise TryLaterError where any listener of this state directory lives: of a database that cannot be asked."""
    if taken_locks(state_dir):
        raise TryLaterError("a listener is at work", hint=hint)
