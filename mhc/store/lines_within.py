"""How many public lines were written in some stretches of time: from the counts of each quarter of an hour, and exact.

Whole quarters are summed. Of a quarter that a stretch cuts, what lies outside is counted among the events, and taken
off: rooms are quiet while they are dark. Only where several groups share a quarter is each part counted by itself.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    cast,
    func,
    select,
    type_coerce,
)

from mhc.domain.clock import to_ms
from mhc.domain.events import METHODS
from mhc.domain.spans import Pair
from mhc.store.counting import counted, room_of_event
from mhc.store.line_counts import QUARTER_MS
from mhc.store.long_lists import one_of, stretches_of
from mhc.store.schema import event, room_quarter, stream
from mhc.store.spells import flat
from mhc.store.streams import Kind

_CHAT = next(number for number, name in METHODS.items() if name == "chatMessage")


class _Part(NamedTuple):
    """What a group has of a quarter, or lacks: half-open, in epoch milliseconds."""

    group: int
    begin: int
    end: int


def by_quarter(
    conn: Connection,
    room_ids: Sequence[int],
    groups: Sequence[Iterable[Pair]],
    without: Sequence[int] = (),
) -> list[Counter[int]]:
    """Give for each group of stretches, which do not overlap, its lines by the quarter in epoch milliseconds.

    Pasted lines count where totals count them; those of some people (their rows) do not.
    """
    found: list[Counter[int]] = [Counter() for _ in groups]
    spans = [_Part(n, to_ms(begin), to_ms(end)) for n, group in enumerate(groups) for begin, end in group]
    spans = [one for one in spans if one.begin < one.end]
    if not spans:
        return found
    parts: dict[int, list[_Part]] = defaultdict(list)
    for part in sorted(spans, key=lambda one: one.begin):
        for quarter in range(part.begin // QUARTER_MS * QUARTER_MS, part.end, QUARTER_MS):
            mine = max(part.begin, quarter), min(part.end, quarter + QUARTER_MS)
            parts[quarter].append(_Part(part.group, *mine))
    live, testbed = _streams(conn, Kind.LIVE), _streams(conn, Kind.TESTBED)
    other = _pasted(conn, min(parts), max(parts) + QUARTER_MS)
    lines = _rollup(conn, room_ids, min(parts), max(parts))
    apart = {quarter for quarter, theirs in parts.items() if len({one.group for one in theirs}) > 1}
    for quarter in lines.keys() & (parts.keys() - apart):
        found[parts[quarter][0].group][quarter] += lines[quarter]
    quarters = lines.keys() & parts.keys()
    outside = [gap for quarter in quarters - apart for gap in _gaps(quarter, parts[quarter])]
    inside = [part for quarter in quarters & apart for part in parts[quarter]]
    here = room_of_event.in_(room_ids)
    _add(found, _count(conn, outside, here, event.c.stream_id.in_(live)), -1)
    _add(found, _count(conn, inside, here, event.c.stream_id.in_(live)), 1)
    pieces = [part for theirs in parts.values() for part in theirs]
    if other:
        _add(found, _count(conn, pieces, here, event.c.stream_id.in_(other), counted), 1)
    if without:
        real = [event.c.stream_id.not_in(testbed)] if testbed else []
        for at in _lines_of(conn, room_ids, without, (min(parts), max(parts) + QUARTER_MS), real):
            quarter = at // QUARTER_MS * QUARTER_MS
            for part in parts.get(quarter, ()):
                found[part.group][quarter] -= part.begin <= at < part.end
    return found


def _lines_of(
    conn: Connection,
    room_ids: Sequence[int],
    person_ids: Sequence[int],
    span: tuple[int, int],
    real: Sequence[ColumnElement[bool]],
) -> Iterator[int]:
    """Give when some people wrote a line that counts; what names its room is told by the index alone."""
    at, room = type_coerce(event.c.at, BigInteger), event.c.room_id
    lines = one_of(conn, event.c.actor_id, person_ids), event.c.method_id == _CHAT, counted, *real
    for here in (room.in_(room_ids), and_(room.is_(None), room_of_event.in_(room_ids))):
        yield from flat(conn, (at,), (*lines, here, at >= span[0], at < span[1]))


def _streams(conn: Connection, *kinds: Kind) -> list[int]:
    return list(conn.execute(select(stream.c.id).where(stream.c.kind.in_(kinds))).scalars())


def _pasted(conn: Connection, begin: int, end: int) -> list[int]:
    """Give the streams of no listener that have any line in a time: mostly there are none."""
    at = type_coerce(event.c.at, BigInteger)
    line = select(event.c.at).where(event.c.stream_id == stream.c.id, event.c.method_id == _CHAT)
    line = line.where(at >= begin, at < end).correlate(stream)
    query = select(stream.c.id).where(stream.c.kind.in_((Kind.PASTE, Kind.IMPORT)), line.exists())
    return list(conn.execute(query).scalars())


def _rollup(conn: Connection, room_ids: Sequence[int], first: int, last: int) -> dict[int, int]:
    begins = type_coerce(room_quarter.c.begins_at, BigInteger)
    query = select(begins, cast(func.sum(room_quarter.c.messages), BigInteger))
    query = query.where(room_quarter.c.room_id.in_(room_ids), begins.between(first, last)).group_by(begins)
    return {row[0]: row[1] for row in conn.execute(query)}


def _gaps(quarter: int, parts: Sequence[_Part]) -> Iterator[_Part]:
    """Give what the parts of a quarter, in order, leave out of it."""
    reached = quarter
    for part in parts:
        if reached < part.begin:
            yield _Part(part.group, reached, part.begin)
        reached = part.end
    if reached < quarter + QUARTER_MS:
        yield _Part(parts[0].group, reached, quarter + QUARTER_MS)


def _count(
    conn: Connection, parts: Sequence[_Part], *which: ColumnElement[bool]
) -> Iterator[tuple[int, int, int]]:
    """Count the lines in each part of a quarter, as (group, quarter, number)."""
    if not parts:
        return
    at = type_coerce(event.c.at, BigInteger)
    given = stretches_of(conn, [(part.begin, part.end) for part in parts])
    # One count a part, so that each is a range of an index: as a join, PostgreSQL would read all of it.
    lines = select(func.count()).where(event.c.method_id == _CHAT, *which)
    lines = lines.where(given.c.since <= at, given.c.until > at).correlate(given)
    for place, number in conn.execute(select(given.c.place, lines.scalar_subquery()).select_from(given)):
        part = parts[place]
        yield part.group, part.begin // QUARTER_MS * QUARTER_MS, number


def _add(found: Sequence[Counter[int]], counts: Iterable[tuple[int, int, int]], sign: int) -> None:
    for group, quarter, number in counts:
        found[group][quarter] += sign * number
