"""What a source saw of one room in time past: a reading each few minutes, at the instants that all of its rooms share."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from mhc.domain.clock import to_ms
from mhc.domain.rooms import Reading, Scope, Source
from mhc.store import erasures, people
from mhc.store.bulk import Batch, Bulk, bulk_insert, together
from mhc.store.observations import ADD_RANKED, LATEST, SEEN
from mhc.store.people import Role
from mhc.store.schema import observation, room_poll
from mhc.store.totals import SEEN_EVERY_MS

_THERE = Bulk(
    observation,
    ("observed_at", "person_id", "source"),
    "SELECT observation.observed_at FROM observation, {new} WHERE observation.observed_at = new.observed_at"
    " AND observation.person_id = new.person_id AND observation.source = new.source",
    asks=True,
)
_POLLS = bulk_insert(
    room_poll,
    ("at", "source", "rooms", "kept", "scope", "complete"),
    "ON CONFLICT (at, source) DO UPDATE SET rooms = room_poll.rooms + 1, kept = room_poll.kept + 1",
)


class Past(NamedTuple):
    """One reading of a room, and the instant that it is of."""

    at: datetime
    reading: Reading


def add(conn: Connection, username: str, source: Source, segments: Sequence[Past], *, at: datetime) -> int:
    """Keep readings of a room, in order of time; give how many are new. What is there already stays as it is.

    `at` is when it was asked about. What is older than an erasure of its name is nobody's, and is not kept.
    """
    erased = erasures.load(conn) if erasures.until_ms(conn) is not None else None
    if erased is not None:
        segments = [one for one in segments if not erased.covers(username, one.at)]
    if not segments or (erased is not None and erased.covers(username, at)):
        return 0
    who = people.ensure(conn, [username], source=source.word, at=at, role=Role.MODEL)[username]
    times = [to_ms(one.at) for one in segments]
    (there,) = together(conn, (_THERE, [(ms, who, int(source)) for ms in times]))
    known = {row[0] for row in there}
    fresh = [(ms, one.reading) for ms, one in zip(times, segments, strict=True) if ms not in known]
    if fresh:
        _write(conn, who, source, fresh)
    people.add_evidence(conn, [who], Role.MODEL)
    return len(fresh)


def _write(conn: Connection, who: int, source: Source, fresh: Sequence[tuple[int, Reading]]) -> None:
    rows = [
        (
            ms,
            who,
            None,
            one.viewers,
            one.followers,
            None,
            int(source),
            one.show,
            one.flags,
            one.rank,
            one.gender_rank,
        )
        for ms, one in fresh
    ]
    first, last = fresh[0][0], fresh[-1][0]
    batch = Batch(conn)
    batch.add(_POLLS, [(ms, int(source), 1, 1, str(Scope.SEGMENTS), False) for ms, _one in fresh])
    batch.add(ADD_RANKED, rows)
    batch.add(LATEST, [(who, first, last, None)])
    batch.add(SEEN, [(who, first - first % SEEN_EVERY_MS, last - last % SEEN_EVERY_MS)])
    batch.send()
