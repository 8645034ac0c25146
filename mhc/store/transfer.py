"""One page of an export's lines into the database: all of one type, with the people and the stream that they name.

The caller takes over whom and what a page made when it is committed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from mhc.store import (
    lines,
    transfer_erasures,
    transfer_in,
    transfer_people,
    transfer_sessions,
    transfer_typed,
)
from mhc.store.events import Resolved
from mhc.store.streams import Stream

# A line with the stream that it names; None is one that a rehearsal would have made.
Captured = tuple[Any, Stream | None]


@dataclass(frozen=True, slots=True)
class How:
    """How a page is to be kept."""

    made_at: datetime  # when the file was made
    gap: timedelta  # the pause that parts sessions
    write: bool  # else only say what would be new


@dataclass(frozen=True, slots=True)
class Done:
    """What a page did."""

    new: int
    conflicting: int = 0  # events whose id is here with another body
    refused: int = 0  # what contradicts what is here
    clashes: Sequence[str] = ()  # names that are another's here
    people: dict[int, int] = field(default_factory=dict)
    since: dict[int, datetime] = field(default_factory=dict)  # from when on somebody counts who was forgotten
    streams: dict[int, Stream | None] = field(default_factory=dict)


def keep(conn: Connection, kind: type, found: Sequence[Any], how: How) -> Done:
    """Keep lines of one type."""
    return _KEEPERS[kind](conn, found, how)


def _people(conn: Connection, found: Sequence[lines.Person], how: How) -> Done:
    left = transfer_erasures.people(conn, found, how.made_at)
    done = transfer_people.add(conn, left.people, how.made_at, write=how.write)
    return Done(done.new, clashes=done.clashes, people=done.ids | left.gone, since=left.since)


def _erasures(conn: Connection, found: Sequence[tuple[lines.Erasure, int | None]], how: How) -> Done:
    return Done(transfer_erasures.add(conn, found, write=how.write))


def _streams(conn: Connection, found: Sequence[tuple[lines.Stream, int]], how: How) -> Done:
    streams = {line.ref: transfer_in.find_stream(conn, line, room) for line, room in found}
    new = list(streams.values()).count(None)
    if how.write:
        streams = {line.ref: transfer_in.add_stream(conn, line, room) for line, room in found}
    return Done(new, streams=streams)


def _events(conn: Connection, found: Sequence[tuple[Resolved, Stream | None]], how: How) -> Done:
    given, source = [one for one, _source in found], found[0][1]
    if how.write and source is not None:
        done = transfer_in.add_events(conn, source, given, how.gap)
    else:
        done = transfer_in.count_events(conn, source, given)
    return Done(done.new, done.conflicting)


def _gaps(conn: Connection, found: Sequence[Captured], how: How) -> Done:
    gaps = [line for line, _source in found]
    return Done(transfer_in.add_gaps(conn, found[0][1], gaps, how.gap, write=how.write))


def _coverage(conn: Connection, found: Sequence[Captured], how: How) -> Done:
    spans = [line for line, _source in found]
    return Done(transfer_in.add_coverage(conn, found[0][1], spans, write=how.write))


def _rejected(conn: Connection, found: Sequence[Captured], how: How) -> Done:
    rows = transfer_erasures.rejected(conn, [line for line, _source in found])
    return Done(transfer_in.add_rejected(conn, found[0][1], rows, write=how.write))


def _sessions(conn: Connection, found: Sequence[tuple[lines.Session, int]], how: How) -> Done:
    found = _cleaned(conn, found, how)
    new, refused = transfer_sessions.add(conn, found, how.gap, write=how.write)
    return Done(new, refused=len(refused))


def _session_notes(conn: Connection, found: Sequence[tuple[lines.SessionNote, int]], how: How) -> Done:
    return Done(transfer_typed.add_session_notes(conn, _cleaned(conn, found, how), write=how.write))


def _merges(conn: Connection, found: Sequence[tuple[lines.Merge, int, int]], how: How) -> Done:
    new, refused = transfer_typed.add_merges(conn, found, write=how.write)
    return Done(new, refused=refused)


def _lists(conn: Connection, found: Sequence[lines.List], how: How) -> Done:
    named = transfer_erasures.texts(conn, found, how.made_at)
    return Done(transfer_typed.add_lists(conn, named, write=how.write))


def _members(conn: Connection, found: Sequence[tuple[lines.Member, int]], how: How) -> Done:
    return Done(transfer_typed.add_members(conn, _cleaned(conn, found, how), write=how.write))


def _notes(conn: Connection, found: Sequence[tuple[lines.Note, int]], how: How) -> Done:
    return Done(transfer_typed.add_notes(conn, _cleaned(conn, found, how), write=how.write))


def _cleaned(conn: Connection, found: Sequence[tuple[Any, int]], how: How) -> list[tuple[Any, int]]:
    """Give what was typed, without names of who was forgotten since."""
    texts = transfer_erasures.texts(conn, [line for line, _who in found], how.made_at)
    return list(zip(texts, (who for _line, who in found), strict=True))


_KEEPERS: dict[type, Callable[[Connection, Any, How], Done]] = {
    lines.Person: _people,
    lines.Erasure: _erasures,
    lines.Stream: _streams,
    lines.Event: _events,
    lines.Gap: _gaps,
    lines.Coverage: _coverage,
    lines.Rejected: _rejected,
    lines.Session: _sessions,
    lines.SessionNote: _session_notes,
    lines.Merge: _merges,
    lines.List: _lists,
    lines.Member: _members,
    lines.Note: _notes,
}
