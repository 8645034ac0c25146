"""The names that a shell completes: read without SQLAlchemy, from a SQLite file or from a list in the state directory.

A PostgreSQL server would take too long to ask at each press of a key, so commands that make names keep a list of
them, one file a database, readable by its owner only.
"""

import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from mhc.config import Settings
    from mhc.store.database import Database

log = logging.getLogger("mhc.names")

MOST = 200  # matches
_PAUSE = 60.0  # seconds between two writings of a listener
_LISTED = 20_000  # people: those seen last
_QUERIES = {
    "person": (
        "SELECT DISTINCT username FROM alias WHERE username >= ? AND username < ? || char(1114111)"
        " AND username NOT GLOB '*[^a-z0-9_]*' ORDER BY username LIMIT ?"
    ),
    "watchlist": "SELECT name FROM watchlist WHERE lower(substr(name, 1, length(?1))) = ?1 AND ?2 = ?1 ORDER BY name LIMIT ?3",
    "attribute": (
        "SELECT key FROM attribute_key WHERE key >= ? AND key < ? || char(1114111) ORDER BY key LIMIT ?"
    ),
    "room": (
        "SELECT DISTINCT username FROM stream JOIN person ON person.id = stream.room_id"
        " WHERE username >= ? AND username < ? || char(1114111) ORDER BY username LIMIT ?"
    ),
}


def matching(loaded: "Settings", kind: str, begin: str) -> list[str]:
    """Give the names of a kind (person, watchlist, room, attribute) that begin so, in any case; at most MOST."""
    start = begin.lower()
    if loaded.database_file is None:
        return sorted(name for name in _listed(loaded, kind) if name.lower().startswith(start))[:MOST]
    import sqlite3
    from contextlib import closing

    where = quote(str(loaded.database_file))
    with closing(sqlite3.connect(f"file:{where}?mode=ro", uri=True, timeout=0.05)) as conn:
        return [str(row[0]) for row in conn.execute(_QUERIES[kind], (start, start, MOST))]


def _listed(loaded: "Settings", kind: str) -> Iterator[str]:
    with _path(loaded).open(encoding="utf-8") as file:
        for line in file:
            of, _, name = line.rstrip("\n").partition("\t")
            if of == kind:
                yield name


def _path(loaded: "Settings") -> Path:
    """Give the file of a database's names."""
    digest = hashlib.sha256(loaded.database_shown.encode()).hexdigest()[:16]
    return loaded.state_dir / f"names-{digest}.txt"


def refresh(db: "Database", loaded: "Settings") -> None:
    """Write the list of a PostgreSQL database's names anew. A failure hurts nothing but completion."""
    if db.is_sqlite:
        return
    from mhc.errors import MhcError
    from mhc.store import naming

    path = _path(loaded)
    try:
        with db.read() as conn:
            names = naming.everything(conn, _LISTED)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".names-")  # 0600
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.writelines(f"{kind}\t{' '.join(name.split())}\n" for kind, name in names)
        Path(temporary).replace(path)
    except (OSError, MhcError) as error:
        log.debug("the names for completion were not written: %s", error)


class Keeper:
    """Has a listener's names written: every minute at most, and on a thread of its own, however slow the database is."""

    def __init__(self, db: "Database", loaded: "Settings") -> None:
        from mhc.capture.worker import Worker  # not where names are only completed

        self._due = float("-inf")
        self._worker: Worker[bool] = Worker("names", lambda _: refresh(db, loaded), 1)
        self._wanted = not db.is_sqlite

    def came(self) -> None:
        """Note that somebody may have come; never waits."""
        if self._wanted and time.monotonic() >= self._due:
            self._due = time.monotonic() + _PAUSE
            self._worker.put(True)

    def close(self, until: float) -> None:
        """Write what is due, until an instant of time.monotonic()."""
        self._worker.close(until)
