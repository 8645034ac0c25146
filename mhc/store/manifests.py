"""The file beside a backup that says what is in it: written with the backup, compared by whoever reads it later."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import mhc
from mhc.errors import CheckError
from mhc.store import files
from mhc.store.contents import Contents

FORMAT = 1
_REVISION = re.compile(r"[0-9a-z]{1,32}", re.ASCII)
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an archive of PostgreSQL comes from: the schema that its tables were in, the server's major version."""

    schema: str
    server: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is, and holds. `verified` is restored, or read where nothing could be restored."""

    made_at: datetime
    database: str  # as a person names it, without a password
    origin: Origin | None  # None: SQLite
    bytes: int
    sha256: str
    verified: str
    contents: Contents


def path_of(backup: Path) -> Path:
    """Give where the manifest of a backup lies."""
    return backup.with_name(backup.name + ".json")


def checksum(path: Path) -> tuple[int, str]:
    """Give the bytes of a file and their SHA-256."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def write(path: Path, manifest: Manifest) -> None:
    """Write a manifest, for us alone, and make it last."""
    body = {"format": FORMAT, "mhc": mhc.__version__} | asdict(manifest)
    body["made_at"] = manifest.made_at.isoformat()
    with files.new(path) as file:
        file.write(json.dumps(body, indent=1).encode() + b"\n")
        files.sync(file)


def read(backup: Path) -> Manifest | None:
    """Give the manifest of a backup; None where there is none. Raises CheckError where it is damaged."""
    path = path_of(backup)
    try:
        body = json.loads(path.read_bytes())
        return _parse(body)
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        raise CheckError(f"{path} is damaged: it is a directory") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise CheckError(f"{path} is damaged: it is no manifest ({type(error).__name__})") from None


def _parse(body: dict[str, Any]) -> Manifest:
    if body["format"] != FORMAT:
        raise ValueError("another format")
    given, origin = body["contents"], body["origin"]
    contents = Contents(
        str(given["revision"]),
        int(given["compatibility"]),
        {str(name): int(rows) for name, rows in given["tables"].items()},
        tuple(int(part) for part in given["last_event"]),
    )
    made_at = datetime.fromisoformat(body["made_at"])
    if made_at.utcoffset() is None:
        raise ValueError("a time without a zone")
    if not _REVISION.fullmatch(contents.revision) or body["verified"] not in {"restored", "read"}:
        raise ValueError("a word that mhc does not write")
    return Manifest(
        made_at=made_at,
        database=str(body["database"]),
        origin=None if origin is None else Origin(str(origin["schema"]), int(origin["server"])),
        bytes=int(body["bytes"]),
        sha256=str(body["sha256"]),
        verified=body["verified"],
        contents=contents,
    )
