"""Messages by the words in them, the newest first: read along the index of words, block by block."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal, or_, select, tuple_

from mhc.domain.clock import EPOCH
from mhc.domain.events import METHODS, EventId, parse_id
from mhc.domain.words import Term, words
from mhc.store import history
from mhc.store.counting import shown_once
from mhc.store.database import Database
from mhc.store.events import StoredEvent
from mhc.store.message_words import OF_EVENT
from mhc.store.notes import said
from mhc.store.schema import event, message_word

T = TypeVar("T")
_FEW = 2000  # messages that are no work to look at
_NAMES = ("at", "stream_id", "id_ms", "id_seq", "source_id")
_PLACE = tuple(message_word.c[name] for name in _NAMES)
_NEWEST = tuple(column.desc() for column in _PLACE)


class Among(NamedTuple):
    """Which messages are looked through; None: all."""

    person_ids: Sequence[int] | None = None  # from or to one of these
    method: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def messages(
    db: Database, wanted: Sequence[Term], person_ids: Sequence[int] | None = None, *, first: int | None = None
) -> Iterator[StoredEvent]:
    """Give the messages that have every word, the newest first; `person_ids`: those from or to one of these.

    `first` is how many the caller is likely to read. No transaction is open while they are printed.
    """
    found = read(db, wanted, Among(person_ids), history.shown, first=first)
    for _at, group in groupby(found, key=lambda one: one.at):
        yield from sorted(
            group, key=lambda one: (*order(one.event_id), one.room or "", one.source), reverse=True
        )


def order(event_id: str) -> tuple[int, int, str]:
    """Tell messages of one instant apart as any other database would: the number of a stream says nothing."""
    known = parse_id(event_id) or EventId(event_id)
    return known.ms, known.seq, known.rest


@dataclass(frozen=True, slots=True)
class _Search:
    """What the index is asked, and what is looked for in each text: prefixes of so many words that this is quicker."""

    conditions: Sequence[ColumnElement[bool]]
    rest: Sequence[Term]

    def fits(self, text: str) -> bool:
        if not self.rest:
            return True
        found = words(text)
        return all(any(word.startswith(term.word) for word in found) for term in self.rest)


def read(
    db: Database,
    wanted: Sequence[Term],
    among: Among,
    show: Callable[[Connection, list[Any]], list[T]],
    *,
    first: int | None = None,
) -> Iterator[T]:
    """Give the messages that have every word, block by block as `show` makes them, the newest first."""
    size = history.BLOCK if first is None else min(history.BLOCK, first + 1)
    with db.read() as conn:
        search = _search(conn, wanted, among)
    place: tuple[Any, ...] | None = None
    while search is not None:
        with db.read() as conn:
            rows = conn.execute(_block(search, place, size)).all()
            fit = (row for row in rows if row.stands and search.fits(row.text))
            known = {tuple(row[:5]): row for row in fit}  # a prefix finds one twice
            found = show(conn, list(known.values()))
        yield from found
        if len(rows) < size:
            return
        place = tuple(getattr(rows[-1], name) for name in _NAMES)
        size = history.BLOCK


def _block(search: _Search, after: tuple[Any, ...] | None, size: int) -> Select[Any]:
    """Give the query of the next messages: first their places in the index, and only of these the messages."""
    places = select(*_PLACE).where(*search.conditions)
    if after is not None:
        place = tuple_(*(literal(value, column.type) for value, column in zip(after, _PLACE, strict=True)))
        places = places.where(tuple_(*_PLACE) < place, message_word.c.at <= after[0])
    found = places.order_by(*_NEWEST).limit(size).subquery()
    same = and_(*(event.c[name] == found.c[name] for name in _NAMES))
    query = select(*history.COLUMNS, shown_once.label("stands")).join_from(found, event, same)
    return query.order_by(*(found.c[name].desc() for name in _NAMES))


def _search(conn: Connection, wanted: Sequence[Term], among: Among) -> _Search | None:
    """Say how to search: along the rarest word, looking for the others. None where one is in no message."""
    counts = {term: _count(conn, term) for term in wanted} if len(wanted) > 1 else dict.fromkeys(wanted, 1)
    if not all(counts.values()):
        return None
    rarest, *others = sorted(wanted, key=lambda term: (counts[term], term.prefix, term.word))
    rest = [term for term in others if term.prefix and counts[term] == _FEW]
    conditions = [said(message_word.c.word, rarest), *(_has(term) for term in others if term not in rest)]
    return _Search([*conditions, *_within(among)], rest)


def _within(among: Among) -> Iterator[ColumnElement[bool]]:
    """Give the conditions that a message is one of those that are looked through."""
    if among.since is not None:
        yield message_word.c.at >= among.since
    if among.until is not None:
        yield message_word.c.at < among.until
        yield message_word.c.at > EPOCH  # nobody knows of the others
    its: list[ColumnElement[bool]] = []
    if among.person_ids is not None:
        its.append(or_(event.c.actor_id.in_(among.person_ids), event.c.partner_id.in_(among.person_ids)))
    if among.method is not None:
        its.append(event.c.method_id == next(n for n, name in METHODS.items() if name == among.method))
    if its:
        yield select(literal(1)).where(OF_EVENT, *its).scalar_subquery().is_not(None)


def _count(conn: Connection, term: Term) -> int:
    """Give how often a word stands in messages, counting no further than _FEW."""
    some = select(message_word.c.word).where(said(message_word.c.word, term)).limit(_FEW).subquery()
    found: int = conn.execute(select(func.count()).select_from(some)).scalar_one()
    return found


def _has(term: Term) -> ColumnElement[bool]:
    """Give the condition that another word stands in the same message."""
    other = message_word.alias()
    place = [other.c[name] for name in _NAMES]
    if term.prefix:
        return tuple_(*_PLACE).in_(select(*place).where(said(other.c.word, term)))
    same = (column == mine for column, mine in zip(place, _PLACE, strict=True))
    # No EXISTS: PostgreSQL would join with all messages that have the word, where some looks into the index do.
    return select(literal(1)).where(other.c.word == term.word, *same).scalar_subquery().is_not(None)
