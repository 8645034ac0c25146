"""Looks for a token wherever a run left bytes: in files, tables and output, and in what is packed inside of them."""

import base64
import json
import sqlite3
import zlib
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import inspect, text

from mhc.domain.packing import unpack
from mhc.store.database import Database

_SQLITE = b"SQLite format 3\0"
_GZIP, _MOST = b"\x1f\x8b", 64 * 1024 * 1024


def leaks(canaries: Collection[str], folder: Path | None = None, db: Database | None = None) -> list[str]:
    """Say where one of the tokens stands: a file, or a table's column."""
    forms = {form for canary in canaries for form in _forms(canary)}
    found = [] if folder is None else [str(path) for path in _files(folder) if _in_file(path, forms)]
    if db is not None and not db.is_sqlite:
        found += sorted({place for place, data in _cells_of(db) if holds(data, forms)})
    return found


def said(canaries: Collection[str], output: str) -> bool:
    """Whether one of the tokens stands in what was written."""
    return holds(output.encode("utf-8", "surrogateescape"), {f for one in canaries for f in _forms(one)})


def holds(data: bytes, forms: Collection[bytes]) -> bool:
    """Whether one of the forms stands in the data, or in what it unpacks to."""
    return any(form in layer for layer in _layers(data) for form in forms)


def _forms(canary: str) -> set[bytes]:
    quoted = {quote(canary, safe=""), quote(canary), quote(canary, safe="").lower()}
    plain = {canary, json.dumps(canary)[1:-1], canary.encode("utf-16-le").hex(), canary.encode().hex()}
    encoded = {_inner_base64(canary, shift) for shift in range(3)}
    return {form.encode() for form in quoted | plain | encoded}


def _inner_base64(canary: str, shift: int) -> str:
    """Give what base64 makes of it behind so many other bytes, without the signs that depend on neighbours."""
    whole = base64.b64encode(b"x" * shift + canary.encode()).decode().rstrip("=")
    return whole[(shift * 8 + 5) // 6 : -1]


def _layers(data: bytes) -> Iterator[bytes]:
    """Give the data, and what it holds packed: as gzip, as zlib, as an event."""
    yield data
    if data[:2] == _GZIP:
        yield from _layers(_inflated(data, 31))
    elif data[:1] == b"x":
        yield _inflated(data, 15)
    elif data[:1] in {b"\0", b"\1"}:
        try:
            yield unpack(data)
        except ValueError:
            return


def _inflated(data: bytes, window: int) -> bytes:
    try:
        return zlib.decompressobj(window).decompress(data, _MOST)
    except zlib.error:
        return b""


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _in_file(path: Path, forms: Collection[bytes]) -> bool:
    data = path.read_bytes()
    cells = _cells_in(path) if data.startswith(_SQLITE) else iter(())
    return holds(data, forms) or any(holds(one, forms) for one in cells) or _in_a_line(data, forms)


def _in_a_line(data: bytes, forms: Collection[bytes]) -> bool:
    """Whether a line of JSON holds one in a packed value: base64 of something that unpacks."""
    lines = data.splitlines() if data[:1] == b"{" else []
    return any(holds(value, forms) for line in lines for value in _unpacked(line))


def _unpacked(line: bytes) -> Iterator[bytes]:
    try:
        todo: list[object] = [json.loads(line)]
    except (ValueError, RecursionError):
        return
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            todo += one.values()
        elif isinstance(one, list):
            todo += one
        elif isinstance(one, str):
            try:
                yield base64.b64decode(one, validate=True)
            except ValueError:
                continue


def _cells_in(path: Path) -> Iterator[bytes]:
    """Give every text and blob of a SQLite file, which is opened as it lies there; of a damaged one, what can be read.

    Its bytes are looked through as they are in any case.
    """
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as conn:
        conn.text_factory = bytes
        try:
            found = conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        except sqlite3.DatabaseError:
            return
        names = [row[0].decode() for row in found]
        for name in names:
            yield from _cells_of_table(conn, name)


def _cells_of_table(conn: sqlite3.Connection, name: str) -> Iterator[bytes]:
    try:
        for row in conn.execute(f'SELECT * FROM "{name}"'):
            yield from (cell for cell in row if isinstance(cell, bytes))
    except sqlite3.DatabaseError as error:
        if not error.sqlite_errorname.startswith("SQLITE_CORRUPT"):
            raise


def _cells_of(db: Database) -> Iterator[tuple[str, bytes]]:
    """Give every text and blob of a database with the name of its column."""
    with db.look() as conn:
        for name in inspect(conn).get_table_names():
            for row in conn.execute(text(f'SELECT * FROM "{name}"')).mappings():
                for column, cell in row.items():
                    if isinstance(cell, str | bytes | memoryview):
                        data = cell.encode() if isinstance(cell, str) else bytes(cell)
                        yield f"{name}.{column}", data
