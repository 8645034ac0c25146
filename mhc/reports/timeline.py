"""The timeline of a person: what they did, and what was noted and changed about them, in one order of time.

Two sources, each read page by page along its own order, are merged; where times are equal the order of kinds decides.
"""

import heapq
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from mhc.domain import metric_changes
from mhc.domain.clock import EPOCH, known
from mhc.domain.events import ALIASES
from mhc.reports.snapshots import known as known_metrics
from mhc.store import changes, history, series

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.changes import Change
    from mhc.store.database import Database
    from mhc.store.events import StoredEvent

_WORDS = {method: word for word, method in ALIASES.items()}
_UNKNOWN = datetime.max.replace(tzinfo=UTC)  # where what has no time stands while time runs upwards: last
_SNAPSHOT = "snapshot"
_EVENTS = 0  # the rank of events among what happened at one time: what was typed about them came later


class Entry(NamedTuple):
    """One thing of a timeline; what does not fit its kind is None, and so is an unknown time."""

    at: datetime | None
    kind: str
    room: str | None
    tokens: int | None
    direction: str | None  # of a private message: in is from them
    about: str | None
    before: str | None
    after: str | None
    text: str | None
    anonymous: bool
    source: str | None
    event_id: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose timeline, what of it (None: all), and what is shown that is hidden otherwise.

    `methods` are those of events, `kinds` those of changes.
    """

    person_ids: Sequence[int]
    methods: tuple[str, ...] | None = None
    kinds: frozenset[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    reveal: bool = False
    private: bool = False


Place = tuple[Any, ...]
Page = list[tuple[Place, Entry]]


def read(
    db: "Database", asked: Asked, limit: int | None = None, *, newest_first: bool = True
) -> Iterator[Entry]:
    """Give a timeline, streamed in bounded memory; no transaction is open while the caller prints it."""
    size = history.BLOCK if limit is None else min(history.BLOCK, limit)
    sources: tuple[_Source, ...] = (_Events(asked), _Changes(asked))
    with db.read() as conn:  # the beginnings are of one state
        pages = [one.page(conn, None, size, newest_first=newest_first) for one in sources]
    lanes = (
        _lane(db, one, first, size, newest_first=newest_first)
        for one, first in zip(sources, pages, strict=True)
    )
    merged = heapq.merge(*lanes, key=lambda one: one[0], reverse=newest_first)
    return (entry for _key, entry in islice(merged, limit))


def _lane(
    db: "Database", source: "_Source", first: Page, size: int, *, newest_first: bool
) -> Iterator[tuple[Place, Entry]]:
    found = first
    while found:
        after = source.last
        yield from found
        if len(found) < size:
            return
        with db.read() as conn:
            found = source.page(conn, after, size, newest_first=newest_first)


class _Source(Protocol):
    """What gives a part of a timeline in pages; `last` is the place of the last row that it read."""

    last: Place | None

    def page(self, conn: "Connection", after: Place | None, size: int, *, newest_first: bool) -> Page:
        """Give what comes beyond a place."""
        ...


class _Events:
    """The events that a person made or was sent."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self.last: Place | None = None

    def page(self, conn: "Connection", after: Place | None, size: int, *, newest_first: bool) -> Page:
        asked = self._asked
        if asked.methods == ():
            return []
        wanted = history.Filter(
            since=asked.since,
            until=asked.until,
            methods=asked.methods or (),
            person_ids=tuple(asked.person_ids),
            reveal=asked.reveal,
            once=True,
        )
        rows = history.block(conn, wanted, after, size, newest_first=newest_first)
        self.last = tuple(rows[-1][:5]) if rows else None
        mine = frozenset(asked.person_ids)
        found = [
            (
                (
                    row.at if newest_first or row.at > EPOCH else _UNKNOWN,
                    _EVENTS,
                    row.id_ms,
                    row.id_seq,
                    row.source_id,
                    one.room or "",
                    one.source,
                ),
                _event(one.masked(reveal=asked.reveal, private=asked.private), sent=row.actor_id in mine),
            )
            for row, one in zip(rows, history.shown(conn, rows), strict=True)
        ]
        # Between events that differ in their stream alone the numbers of streams must not decide.
        return sorted(found, key=lambda one: one[0], reverse=newest_first)


class _Changes:
    """What was noted and changed."""

    def __init__(self, asked: Asked) -> None:
        self._wanted = changes.Wanted(asked.person_ids, asked.kinds, asked.since, asked.until)
        self.last: Place | None = None

    def page(self, conn: "Connection", after: Place | None, size: int, *, newest_first: bool) -> Page:
        found = changes.page(conn, self._wanted, after, size, newest_first=newest_first)
        self.last = found[-1].key if found else None
        said = series.metrics_of(conn, _payloads(found))
        return [(one.key, _read(one, said) if one.kind == _SNAPSHOT else _changed(one)) for one in found]


def _event(event: "StoredEvent", *, sent: bool) -> Entry:
    private = event.method == "privateMessage"
    return Entry(
        at=known(event.at),
        kind=_WORDS.get(event.method, event.method),
        room=event.room,
        tokens=event.tokens,
        direction=("in" if sent else "out") if private else None,
        about=None,
        before=None,
        after=None,
        text=event.text,
        anonymous=event.anonymous,
        source=event.source,
        event_id=event.event_id,
    )


def _changed(change: "Change") -> Entry:
    read_as = _plain if change.kind == "relationship" else _as_it_is
    return Entry(
        at=change.at,
        kind=change.kind,
        room=change.room,
        tokens=None,
        direction=None,
        about=change.about,
        before=read_as(change.before),
        after=read_as(change.after),
        text=change.text,
        anonymous=False,
        source=change.source,
        event_id=None,
    )


def _payloads(found: Iterable["Change"]) -> set[int]:
    """Give the numbers of what sources said before and after each change."""
    changes = (one for one in found if one.kind == _SNAPSHOT)
    return {int(number) for one in changes for number in (one.before, one.after) if number is not None}


def _read(one: "Change", said: Mapping[int, Mapping[str, Any]]) -> Entry:
    """Give a reading as what became of its figures; of the first one nothing is to be said."""
    before, after = (said[int(number)] if number else {} for number in (one.before, one.after))
    told = (
        metric_changes.change(m, before.get(m.name), after.get(m.name))
        for m in known_metrics(one.about or "")
    )
    words = "; ".join(metric_changes.in_words(change) for change in told if change is not None)
    about = " ".join([one.about or "", *(one.text or "").split()])
    source = (one.about or "").partition(".")[0]
    return _changed(one)._replace(about=about, before=None, after=None, text=words or None, source=source)


def _as_it_is(text: str | None) -> str | None:
    return text


def _plain(text: str | None) -> str | None:
    """Give what a relationship keeps as JSON, a text or a list of them, as text."""
    value = None if text is None else json.loads(text)
    return ", ".join(map(str, value)) if isinstance(value, list) else value
