"""Who was forgotten, here or where an export was made: what of its lines is left of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from msgspec import structs
from sqlalchemy import Connection, select, update

from mhc.domain import erasing
from mhc.errors import ConfigError
from mhc.store import erasures, lines
from mhc.store.erased_events import may_keep
from mhc.store.schema import alias, erasure

NOBODY = 0  # in the place of a person who was forgotten; no row has this number
_Texts = TypeVar("_Texts", lines.Note, lines.Member, lines.Session, lines.SessionNote, lines.List)


@dataclass(frozen=True, slots=True)
class Left:
    """The people of a page who may come, the numbers of those who may not, and from when on the others count."""

    people: Sequence[lines.Person]
    gone: dict[int, int] = field(default_factory=dict)
    since: dict[int, datetime] = field(default_factory=dict)


def add(conn: Connection, found: Sequence[tuple[lines.Erasure, int | None]], *, write: bool) -> int:
    """Take over erasures; give how many are new. Raises ConfigError where they were made with another key."""
    key = erasures.key_of(conn)
    known = erasures.rows(conn)
    checks = [line.hash for line, _heir in found if line.is_check]
    if key is None:
        raise ConfigError(
            "the file says who was forgotten, and MHC_ERASURE_KEY is not set",
            hint="set it as on the host that wrote the file",
        )
    if any(one != erasing.check_value(key) for one in checks):
        raise ConfigError(
            "the file says who was forgotten under another key", hint="one MHC_ERASURE_KEY for all hosts"
        )
    erasures.load(conn)
    rest = [(line, heir) for line, heir in found if not line.is_check]
    if not write:
        return sum(line.hash not in known for line, _heir in rest)
    for one in checks:
        erasures.put_check(conn, one)
    return sum(
        erasures.merge(conn, line.hash, at=line.at, blocked=line.blocked, heir_id=heir) for line, heir in rest
    )


def people(conn: Connection, found: Sequence[lines.Person], made_at: datetime) -> Left:
    """Part the people of a file that was made at an instant: who was forgotten since does not come."""
    if erasures.until_ms(conn) is None:
        return Left(found)
    erased = erasures.load(conn)
    left = Left([], {}, {})
    may_come = []
    for one in found:
        names = {one.username, *(a.username for a in one.aliases)}
        theirs = [known for name in names if (known := erased.of(name)) is not None]
        if any(known.covers(made_at) for known in theirs):
            left.gone[one.ref] = NOBODY
            continue
        may_come.append(one)
        if theirs:
            left.since[one.ref] = max(known.at for known in theirs)
    return Left(may_come, left.gone, left.since)


def texts(conn: Connection, found: Sequence[_Texts], made_at: datetime) -> list[_Texts]:
    """Give lines of a file with what was typed, without the names of those who were forgotten after it was."""
    if erasures.until_ms(conn) is None:
        return list(found)
    erased = erasures.load(conn)
    return [_text(one, erased, made_at) for one in found]


def _text(one: _Texts, erased: erasures.Erased, made_at: datetime) -> _Texts:
    changed = {
        name: erasing.without(text, partial(erased.before, at=at))
        for name, at in _typed(one, made_at).items()
        if (text := getattr(one, name)) is not None
    }
    return structs.replace(one, **changed)


def _typed(one: object, made_at: datetime) -> dict[str, datetime]:
    """Give the fields of a line that hold what was typed, and when it was, as far as the line says it."""
    match one:
        case lines.Note() | lines.SessionNote():
            return {"body": one.created_at}
        case lines.Member():
            return {"note": one.added_at, "list": made_at}
        case lines.Session():
            return dict.fromkeys(("title", "tags", "theme"), one.started_at)
    return {"name": made_at}


def rejected(conn: Connection, found: Sequence[lines.Rejected]) -> list[lines.Rejected]:
    """Give what could not become an event and names nobody who was forgotten since."""
    return [one for one in found if may_keep(conn, lines.bytes_of(one), one.received_at)]


def settle(conn: Connection, at: datetime) -> list[str]:
    """Note as done what nobody here goes or went by; give the names that are still to be forgotten."""
    e = erasure.c
    open_ones = set(conn.execute(select(e.hash).where(e.done_at.is_(None))).scalars())
    if not open_ones:
        return []
    key = erasures.need_key(conn)
    names = conn.execute(select(alias.c.username).distinct().order_by(alias.c.username)).scalars()
    here = {erasing.digest(key, name): name for name in names}
    done = sorted(open_ones - here.keys())
    if done:
        conn.execute(update(erasure).where(e.hash.in_(done)).values(done_at=at))
    return sorted(here[one] for one in open_ones & here.keys())
