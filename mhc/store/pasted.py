"""Pasted lines: events of a stream of their own, one an import, that count only where nobody listened.

A line that says when it was said counts where no live stream of its room covered that instant. One that does not say
lies somewhere before it was pasted: it counts where nothing at all had been captured before that. What counts is noted
in each line's flags, and is judged again whenever coverage comes.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, or_, select, update

from mhc.domain.clock import EPOCH, from_ms
from mhc.domain.events import Event, Flag
from mhc.store import coverage, message_words, people, streams, totals
from mhc.store.bulk import Batch
from mhc.store.counting import counted
from mhc.store.events import NewEvent, Resolved, add_resolved, names_in
from mhc.store.people import CHUNK, Role
from mhc.store.recounting import recount
from mhc.store.schema import event, message_word, stream
from mhc.store.streams import Kind, Stream

_KEY = (event.c.stream_id, event.c.id_ms, event.c.id_seq, event.c.source_id)
_UNCOUNTED = int(Flag.UNCOUNTED)


class _Live:
    """When a room was captured live."""

    def __init__(self, spans: Sequence[tuple[datetime, datetime]]) -> None:
        self._begins = [begin for begin, _end in spans]
        self._ends = list(accumulate((end for _begin, end in spans), max))

    def holds(self, at: datetime, received_at: datetime) -> bool:
        """Whether a line was captured, or may have been where its time is unknown."""
        if at == EPOCH:
            return bool(self._begins) and self._begins[0] < received_at
        place = bisect_right(self._begins, at)
        return place > 0 and at < self._ends[place - 1]


def _live(conn: Connection, room_id: int) -> _Live:
    ids = people.members(conn, room_id)
    spans = coverage.live_spans(conn, ids)
    return _Live(sorted(span for one in spans.values() for span in one))


def streams_of(conn: Connection, room_ids: Sequence[int]) -> list[int]:
    """Give the paste streams of a room."""
    query = select(stream.c.id).where(stream.c.room_id.in_(room_ids), stream.c.kind == Kind.PASTE)
    return list(conn.execute(query.order_by(stream.c.id)).scalars())


def unknown(conn: Connection, room_ids: Sequence[int], lines: Sequence[Event]) -> list[Event]:
    """Give the lines that no paste into a room has brought yet. Writes nothing."""
    known: set[str] = set()
    mine = streams_of(conn, room_ids)
    query = select(event.c.source_id).where(event.c.stream_id.in_(mine))
    dated = sorted({one.id.ms for one in lines if one.id.ms})
    undated = sorted({one.id.text for one in lines if not one.id.ms})
    for start in range(0, len(dated) if mine else 0, CHUNK):
        known.update(conn.execute(query.where(event.c.id_ms.in_(dated[start : start + CHUNK]))).scalars())
    for start in range(0, len(undated) if mine else 0, CHUNK):
        texts = event.c.source_id.in_(undated[start : start + CHUNK])
        known.update(conn.execute(query.where(event.c.id_ms == 0, texts)).scalars())
    return [one for one in lines if one.id.text not in known]


def live_at(conn: Connection, room_id: int, lines: Iterable[Event], received_at: datetime) -> list[bool]:
    """Say of each line whether it was, or may have been, captured live. Writes nothing."""
    live = _live(conn, room_id)
    return [live.holds(_at(one), received_at) for one in lines]


def _at(one: Event) -> datetime:
    return from_ms(one.id.ms)


def add(conn: Connection, room: str, host: str, lines: Sequence[Event], at: datetime) -> int:
    """Store lines in a paste stream of their own, and count those that count; give how many are new.

    New people are viewers, and who said something or tipped is one.
    """
    room_id = people.ensure(conn, [room], source="import", at=at, role=Role.MODEL)[room]
    source = streams.ensure_of(conn, room_id, Kind.PASTE, host)
    streams.hold(conn, source.id)
    ids: dict[str | None, int | None] = {None: None}
    ids.update(people.ensure(conn, names_in(lines), source="import", at=at, role=Role.VIEWER).items())
    seen = {ids[one.actor] for one in lines if not one.anonymous} - {None, room_id}
    people.add_evidence(conn, (who for who in seen if who is not None), Role.VIEWER)
    given = [Resolved(one, at, ids[one.room], ids[one.actor], ids[one.partner]) for one in lines]
    added = add_resolved(conn, source.id, given)
    batch = Batch(conn)
    message_words.add(batch, source, added.new)
    settle(batch, source, added.new)
    batch.send()
    return len(added.new)


def settle(batch: Batch, source: Stream, new: Sequence[NewEvent]) -> None:
    """Bring totals and flags up to date after lines of a paste stream were stored."""
    live = _live(batch.conn, people.root_of(batch.conn, source.room_id))
    held = [live.holds(one.at, one.received_at) for one in new]
    _flag(
        batch.conn,
        [_key(source.id, one) for one, is_held in zip(new, held, strict=True) if is_held],
        to=_UNCOUNTED,
    )
    totals.add(batch, source.room_id, [one for one, is_held in zip(new, held, strict=True) if not is_held])


def _key(stream_id: int, one: NewEvent) -> tuple[Any, ...]:
    return stream_id, one.event.id.ms, one.event.id.seq, one.event.id.rest


class _Judged(NamedTuple):
    """A line whose flag says another thing than coverage does."""

    key: tuple[Any, ...]
    people: tuple[int, ...]
    held: bool


def judge(conn: Connection, room_id: int, since: datetime | None = None, *, undated: bool = True) -> None:
    """Let the pasted lines of a room since an instant (None: all) count anew, after coverage came or went.

    Those of unknown time change by the first coverage only: `undated` says whether that may have come.
    """
    wrong = list(_wrong(conn, people.root_of(conn, room_id), since, undated=undated))
    for held in (False, True):
        _flag(conn, [one.key for one in wrong if one.held == held], to=_UNCOUNTED if held else 0)
    recount(conn, [who for one in wrong for who in one.people])


def judge_all(conn: Connection) -> None:
    """Let every pasted line count anew."""
    for room_id in rooms(conn):
        judge(conn, room_id)


def misjudged(conn: Connection) -> int:
    """Give how many pasted lines count that should not, or the other way round."""
    return sum(len(list(_wrong(conn, room_id, None))) for room_id in rooms(conn))


def rooms(conn: Connection) -> list[int]:
    """Give the rooms that something was pasted into, merged ones as their root."""
    query = select(stream.c.room_id).where(stream.c.kind == Kind.PASTE).distinct()
    return sorted({people.root_of(conn, room_id) for room_id in conn.execute(query).scalars()})


def _wrong(
    conn: Connection, root_id: int, since: datetime | None, *, undated: bool = True
) -> Iterator[_Judged]:
    mine = streams_of(conn, people.members(conn, root_id))
    if not mine:
        return
    live = _live(conn, root_id)
    query = select(*_KEY, event.c.at, event.c.received_at, event.c.actor_id, event.c.partner_id, counted)
    query = query.where(event.c.stream_id.in_(mine))
    if since is not None:
        dated = event.c.at >= since
        query = query.where(or_(dated, event.c.at == EPOCH) if undated else dated)
    for row in conn.execute(query.order_by(*_KEY)):
        held = live.holds(row.at, row.received_at)
        if held == row[-1]:
            yield _Judged(tuple(row[:4]), tuple(who for who in (row[6], row[7]) if who is not None), held)


def _flag(conn: Connection, keys: Sequence[tuple[Any, ...]], *, to: int) -> None:
    names = ("k_stream", "k_ms", "k_seq", "k_source")
    mine = (column == bindparam(name) for column, name in zip(_KEY, names, strict=True))
    rest = event.c.flags.bitwise_and(~_UNCOUNTED)
    query = update(event).where(*mine).values(flags=rest.bitwise_or(to))
    if keys:
        conn.execute(query, [dict(zip(names, key, strict=True)) for key in keys])


def remove(conn: Connection, stream_id: int) -> int:
    """Take a paste stream's events away, and the stream; give how many there were."""
    query = select(event.c.actor_id, event.c.partner_id).where(event.c.stream_id == stream_id)
    rows = conn.execute(query).all()
    conn.execute(delete(event).where(event.c.stream_id == stream_id))
    conn.execute(delete(message_word).where(message_word.c.stream_id == stream_id))
    conn.execute(delete(stream).where(stream.c.id == stream_id))
    recount(conn, [who for row in rows for who in row if who is not None])
    return len(rows)
