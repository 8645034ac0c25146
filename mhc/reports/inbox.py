"""The inbox: private messages by partner, one thread, and a search in their words."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from mhc.domain.clock import EPOCH
from mhc.domain.words import Term, has_all, words
from mhc.store import full_text, history, messages, people

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.database import Database
    from mhc.store.history import Filter
    from mhc.store.messages import Message, Owners, Thread

_DIRECTION = {False: "in", True: "out"}


class Partner(NamedTuple):
    """Somebody who wrote, or was written to."""

    username: str
    received: int
    sent: int
    outside: int
    last_at: datetime | None
    thread: "Thread"


class Last(NamedTuple):
    """The last message of a thread; its text is None unless it was asked for."""

    last_direction: str
    last_text: str | None


class Line(NamedTuple):
    """One message; `where` says whether it was written in one of your rooms or outside."""

    at: datetime | None
    username: str | None
    direction: str
    where: str
    room: str | None
    text: str | None
    event_id: str


def partners(conn: "Connection", since: datetime | None, until: datetime | None) -> list[Partner]:
    """Give who wrote or was written to, the last message first, equals by name; those of unknown time last."""
    found = messages.threads(conn, messages.owners(conn), since, until)
    names = people.names_by_id(conn, found)
    listed = [
        Partner(names[root], one.received, one.sent, one.outside, one.last_at, one)
        for root, one in found.items()
    ]
    listed.sort(key=lambda one: one.username)
    return sorted(listed, key=lambda one: one.last_at or EPOCH, reverse=True)


def last(conn: "Connection", shown: Sequence[Partner], *, private: bool) -> Iterator[Last]:
    """Give the last message with each partner."""
    own = messages.owners(conn)
    for one in shown:
        found = messages.last_of(conn, own, one.thread)
        yield Last(_DIRECTION[found.sent], found.text if private else None)


def thread(
    db: "Database", wanted: "Filter", limit: int | None, *, newest_first: bool, private: bool
) -> Iterator[Line]:
    """Give the messages of a filter: with a limit the latest so many, in the order that is asked for.

    Those of unknown time stand last.
    """
    if limit is None or newest_first:
        return _read(db, wanted, limit, newest_first=newest_first, private=private)
    latest = list(_read(db, wanted, limit, newest_first=True, private=private))[::-1]
    return iter(sorted(latest, key=lambda one: one.at is None))


def search(
    db: "Database", text: str, since: datetime | None, until: datetime | None, *, newest_first: bool
) -> Iterator[Line]:
    """Give the messages that have every word of a text, each of them read."""
    with db.read() as conn:
        mine = messages.owners(conn).ids
    asked = messages.of(mine, since, until)
    return _read(db, asked, None, newest_first=newest_first, private=True, having=words(text))


def search_indexed(
    db: "Database",
    text: str,
    since: datetime | None,
    until: datetime | None,
    first: int | None,
    *,
    newest_first: bool,
) -> Iterator[Line]:
    """Give what `search` gives, by the index of words. `first` is how many the caller is likely to read."""
    with db.read() as conn:
        own = messages.owners(conn)
    among = full_text.Among(sorted(own.ids), messages.METHOD, since, until)

    def shown(conn: "Connection", rows: list[Any]) -> list[Line]:
        return _lines(conn, own, [messages.read(row, own) for row in rows], private=True)

    wanted = [Term(word) for word in sorted(words(text))]
    found = full_text.read(db, wanted, among, shown, first=first if newest_first else None)
    ordered = (
        one
        for _at, group in groupby(found, key=lambda one: one.at)
        for one in sorted(group, key=lambda one: full_text.order(one.event_id), reverse=True)
    )
    if newest_first:
        return ordered
    upwards = list(ordered)
    upwards.reverse()
    return iter(sorted(upwards, key=lambda one: one.at is None))


def _read(
    db: "Database",
    wanted: "Filter",
    limit: int | None,
    *,
    newest_first: bool,
    private: bool,
    having: AbstractSet[str] = frozenset(),
) -> Iterator[Line]:
    """Give messages page by page, those with all of some words; no transaction is open while the caller prints them."""
    after: tuple[Any, ...] | None = None
    with db.read() as conn:
        own = messages.owners(conn)
    while wanted.person_ids and (limit is None or limit > 0):
        size = history.BLOCK if limit is None else min(history.BLOCK, limit)
        with db.read() as conn:
            found = messages.page(conn, own, wanted, after, size, newest_first=newest_first)
            kept = [one for one in found if has_all(one.text or "", having)] if having else found
            lines = _lines(conn, own, kept, private=private)
        yield from lines
        if len(found) < size:
            return
        after = found[-1].place
        limit = None if limit is None else limit - size


def _lines(conn: "Connection", own: "Owners", found: "list[Message]", *, private: bool) -> list[Line]:
    ids = {i for one in found for i in (one.partner_id, one.room_id) if i is not None}
    names = people.names_by_id(conn, ids)
    return [
        Line(
            at=one.at,
            username=None if one.partner_id is None else names[one.partner_id],
            direction=_DIRECTION[one.sent],
            where="room" if one.room_id in own.ids else "outside",
            room=None if one.room_id is None else names[one.room_id],
            text=one.text if private else None,
            event_id=one.event_id,
        )
        for one in found
    ]
