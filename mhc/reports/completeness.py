"""Whether all that happened in a time was captured: what `--require-complete` asks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mhc.store import coverage, people, streams

if TYPE_CHECKING:
    from sqlalchemy import Connection

# A listener polls more often than this: what is newer than its last poll is no hole yet.
POLL_MOST = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which rooms (None: all that were listened to), in which half-open time, seen at which instant.

    Without a beginning the time begins with what was captured first.
    """

    room_ids: Sequence[int] | None
    since: datetime | None
    until: datetime | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Hole:
    """A time of a room for which events are, or may be, missing; `room` None where nothing was ever captured."""

    room: str | None
    since: datetime | None
    until: datetime
    cause: str
    certainty: str


def first_hole(conn: "Connection", asked: Iterable[Asked]) -> Hole | None:
    """Give the earliest time that is not captured whole; None where all of them are.

    A gap that another capture covers, once that was imported, is none.
    """
    listened = {one.room_id: one.room for one in streams.list_all(conn) if one.kind == "live"}
    spans = coverage.live_spans(conn, None)
    gaps = coverage.gaps(conn, kind="live")[::-1]
    found = []
    for one in asked:
        rooms = [i for i in listened if one.room_ids is None or i in one.room_ids]
        if not rooms:
            names = people.names_by_id(conn, one.room_ids or ())
            end = one.until or one.now
            found.append(
                Hole(next(iter(names.values()), None), one.since, end, "never listened to", "certain")
            )
        for i in rooms:
            mine = [gap for gap in gaps if gap.room == listened[i]]
            found += _holes(listened[i], spans.get(i, []), mine, one)
    return min(found, key=lambda hole: hole.since or hole.until, default=None)


def _holes(
    room: str, spans: Sequence[tuple[datetime, datetime]], gaps: Sequence[coverage.Gap], asked: Asked
) -> Iterator[Hole]:
    end = asked.now if asked.until is None else min(asked.until, asked.now)
    for begin, until in _uncovered(spans, asked.since, end):
        gap = next((gap for gap in gaps if _share(gap, begin, until)), None)
        if gap is not None:
            yield Hole(room, gap.from_at, gap.to_at, gap.cause, gap.certainty)
        elif begin is None or until - begin > POLL_MOST:
            yield Hole(room, begin, until, "not captured", "possible")


def _share(gap: coverage.Gap, begin: datetime | None, until: datetime) -> bool:
    later = begin is None or gap.to_at > begin
    return later and (gap.from_at is None or gap.from_at < until)


def _uncovered(
    spans: Sequence[tuple[datetime, datetime]], since: datetime | None, until: datetime
) -> Iterator[tuple[datetime | None, datetime]]:
    """Give what of a time lies in none of the spans, which are in order of their beginning."""
    reached = since
    if not spans:
        yield since, until
        return
    if reached is None:
        reached = spans[0][0]
    for begin, end in spans:
        if begin >= until:
            break
        if begin > reached:
            yield reached, begin
        reached = max(reached, end)
    if reached < until:
        yield reached, until
