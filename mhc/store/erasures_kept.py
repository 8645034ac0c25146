"""A copy of the erasures outside the database: one that a backup replaces knows of more of them than the backup does."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from secrets import token_hex

from sqlalchemy import Connection

from mhc.domain.clock import from_ms, to_ms
from mhc.errors import DataError, MhcError, of_os_error
from mhc.store import erasures, files
from mhc.store.database import Database
from mhc.store.erasures import Erasure

Kept = dict[str, Erasure]


def _path(state_dir: Path, db: Database) -> Path:
    return state_dir / f"erasures-{hashlib.sha256(db.address.encode()).hexdigest()[:16]}.json"


def save(state_dir: Path, db: Database, known: Kept) -> None:
    """Keep the erasures of a database in the state directory: hashes, no name but that of who has the amounts."""
    path = _path(state_dir, db)
    rows = {name: [to_ms(one.at), one.blocked, one.heir] for name, one in known.items()}
    fresh = path.with_name(f".{path.name}.{token_hex(6)}.part")
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with files.new(fresh) as file:
            file.write(json.dumps(rows).encode())
            files.sync(file)
            fresh.replace(path)
        files.sync_directory(state_dir)
    except OSError as error:
        raise of_os_error(error, f"cannot write {path}") from error


def of(state_dir: Path, db: Database) -> Kept:
    """Give all erasures that a database knows of, or that were kept of it: it may be empty, damaged, or an old one."""
    known = _saved(_path(state_dir, db))
    try:
        if db.is_empty():
            return known
        with db.read() as conn:
            rows = erasures.rows(conn)
    except MhcError:
        return known
    for name, one in rows.items():
        if name not in known or known[name].at <= one.at:
            known[name] = one
    return known


def _saved(path: Path) -> Kept:
    try:
        found = json.loads(path.read_bytes())
        return {
            name: Erasure(from_ms(at), bool(blocked), heir, None)
            for name, (at, blocked, heir) in found.items()
        }
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise of_os_error(error, f"cannot read {path}") from error
    except (ValueError, TypeError, AttributeError):
        raise DataError(
            f"{path} is damaged: it says who was forgotten", hint="remove it to go on without"
        ) from None


def take_over(conn: Connection, known: Kept, at: datetime) -> None:
    """Note in a database the erasures that it does not know of: they are to be done."""
    for name, one in known.items():
        if name.startswith("key:"):
            erasures.put_check(conn, name)
            continue
        heir_id = None if one.heir is None else erasures.heir(conn, one.heir, at)
        erasures.merge(conn, name, at=one.at, blocked=one.blocked, heir_id=heir_id)
