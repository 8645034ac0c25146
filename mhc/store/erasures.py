"""Who was forgotten: keyed hashes of their names, and what follows for who or what comes under one of them again.

Whatever is dated before an erasure comes from nobody; what is dated later comes from somebody new, unless the name is
blocked. The key comes with the connection (`Database(erasure_key=…)`): all hosts share it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, case, func, select, type_coerce, update
from sqlalchemy.types import BigInteger

from mhc.config import Secret
from mhc.domain.clock import to_ms
from mhc.domain.erasing import check_value, digest
from mhc.errors import ConfigError
from mhc.store.schema import erasure, person
from mhc.store.upsert import insert_new

KEY = "mhc_erasure_key"  # an execution option of the engine
ALWAYS_MS = 2**62  # later than every event: a name is blocked
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)  # of the row that tells one key from another
_CHECK = "key:"
NO_KEY = "people were forgotten here, and MHC_ERASURE_KEY, which tells who, is not set"
OTHER_KEY = "MHC_ERASURE_KEY is not the key with which people were forgotten here"
_HINT = "set it as on the host that forgot them"


class Erasure(NamedTuple):
    """A name that was forgotten: all before `at`, or (`blocked`) for good."""

    at: datetime
    blocked: bool
    heir: str | None  # the name of who has the amounts that were kept
    done_at: datetime | None

    def covers(self, at: datetime) -> bool:
        """Whether what is dated so comes from nobody."""
        return self.blocked or at < self.at


@dataclass(slots=True)
class Erased:
    """All names that were forgotten, and the key to look one up."""

    key: str
    known: dict[str, Erasure]
    _found: dict[str, Erasure | None] = field(default_factory=dict)

    def of(self, name: str) -> Erasure | None:
        """Give the erasure of a name, whatever its time."""
        if not self.known:
            return None
        if name not in self._found:
            self._found[name] = self.known.get(digest(self.key, name))
        return self._found[name]

    def covers(self, name: str | None, at: datetime) -> bool:
        """Whether who is called so is nobody, at an instant."""
        found = None if name is None else self.of(name)
        return found is not None and found.covers(at)

    def mentions(self, at: datetime) -> bool:
        """Whether anybody was forgotten after an instant."""
        return any(at < one.at for one in self.known.values())

    def before(self, name: str, at: datetime) -> bool:
        """Whether a mention of a name at an instant is one of somebody who was forgotten later."""
        found = self.of(name)
        return found is not None and at < found.at


def key_of(conn: Connection) -> str | None:
    """Give the key that a connection came with."""
    key = conn.get_execution_options().get(KEY)
    return key.reveal() if isinstance(key, Secret) else None


def until_ms(conn: Connection) -> int | None:
    """Give the instant, in milliseconds, from which on nothing has to be looked at; None where nobody was forgotten."""
    until = func.max(case((erasure.c.blocked, ALWAYS_MS), else_=type_coerce(erasure.c.at, BigInteger)))
    found: int | None = conn.execute(select(until)).scalar()
    return found


def load(conn: Connection) -> Erased:
    """Give all erasures. Raises ConfigError where there are some and the key is missing, or another."""
    known = rows(conn)
    checks = [one for one in known if one.startswith(_CHECK)]
    for one in checks:
        del known[one]
    key = key_of(conn)
    if known and key is None:
        raise ConfigError(NO_KEY, hint=_HINT)
    if key is not None and checks and checks != [check_value(key)]:
        raise ConfigError(OTHER_KEY, hint=_HINT)
    return Erased(key or "", known)


def rows(conn: Connection) -> dict[str, Erasure]:
    """Give the rows as they stand, the one that tells the key with them."""
    e = erasure.c
    query = select(e.hash, e.at, e.blocked, person.c.username, e.done_at).outerjoin(
        person, person.c.id == e.person_id
    )
    return {row[0]: Erasure(*row[1:]) for row in conn.execute(query.order_by(e.hash))}


def need_key(conn: Connection) -> str:
    """Give the key. Raises ConfigError where there is none, or it is not the one of this database."""
    key = key_of(conn)
    if key is None:
        hint = "mhc init makes one where there is no config.toml yet; else add mhc_erasure_key there"
        raise ConfigError("MHC_ERASURE_KEY is not set", hint=hint)
    load(conn)
    return key


def begin(
    conn: Connection, names: Iterable[str], *, at: datetime, blocked: bool, heir_id: int | None
) -> None:
    """Note that names are to be forgotten, before anything of them is touched."""
    key = need_key(conn)
    put_check(conn, check_value(key))
    for name in sorted(set(names)):
        merge(conn, digest(key, name), at=at, blocked=blocked, heir_id=heir_id)


def put_check(conn: Connection, value: str) -> None:
    """Note what tells the key from another."""
    insert_new(conn, erasure, {"hash": value, "at": _BEGINNING, "blocked": False, "done_at": _BEGINNING})


def merge(conn: Connection, of: str, *, at: datetime, blocked: bool, heir_id: int | None) -> bool:
    """Note an erasure; of one that is known the later time, the block and the heir count. False: nothing is new.

    What is new is to be done.
    """
    row = {"hash": of, "at": at, "blocked": blocked, "person_id": heir_id}
    if insert_new(conn, erasure, row):
        return True
    mine = erasure.c.hash == of
    was = conn.execute(select(erasure.c.at, erasure.c.blocked, erasure.c.person_id).where(mine)).one()
    now = (max(at, was.at), blocked or was.blocked, was.person_id if heir_id is None else heir_id)
    if now == tuple(was):
        return False
    values = dict(zip(("at", "blocked", "person_id"), now, strict=True))
    if now[0] > was.at:
        values["done_at"] = None
    conn.execute(update(erasure).where(mine).values(**values))
    return True


def heir(conn: Connection, name: str, at: datetime) -> int:
    """Give the person under a random name who has the amounts of somebody forgotten, making them where needed."""
    from mhc.store import people  # which needs this module to look names up

    return people.ensure(conn, [name], source="forgotten", at=at)[name]


def forgotten(conn: Connection) -> Callable[[str], bool]:
    """Give what tells whether a name is one that was forgotten, for what says no time: it is older than every erasure.

    Raises ConfigError without the key.
    """
    if until_ms(conn) is None:
        return lambda _name: False
    erased = load(conn)
    return lambda name: erased.of(name) is not None


def covering(conn: Connection, at: datetime) -> Callable[[str], bool]:
    """Give what tells whether a name is nobody's at an instant. Raises ConfigError without the key."""
    until = until_ms(conn)
    if until is None or to_ms(at) >= until:
        return lambda _name: False
    erased = load(conn)
    return lambda name: erased.covers(name, at)
